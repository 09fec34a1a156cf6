"""A pod that is an agent's in all that services see of it, and runs a program of the test's own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from venture_core.kubernetes.resources import JOBS, PODS
from waiting import patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]

JOB_CONTROLLER = "system:serviceaccount:kube-system:job-controller"
PROGRAM = """
import json, socket, ssl, sys, urllib.request
from concurrent.futures import ThreadPoolExecutor

TRUST = ssl.create_default_context(cafile="/etc/venture/serving-ca/ca.crt")
targets, requests, through = json.loads(sys.argv[1])


def token(audience):
    return open(f"/var/run/venture/tokens/{audience}").read().strip()


def connects(place):
    try:
        socket.create_connection(tuple(place), timeout=3).close()
        return True
    except OSError:
        return False


def ask(asked):
    headers = {"Content-Type": "application/json", "Idempotency-Key": "an-outsider-tries-it"}
    if asked["audience"]:
        headers["Authorization"] = "Bearer " + token(asked["audience"])
    body = json.dumps(asked["body"]).encode() if "body" in asked else None
    request = urllib.request.Request(asked["url"], data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, context=TRUST, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def proxied(line):
    host = "venture-egress-proxy.venture-system.svc"
    with socket.create_connection((host, 443), timeout=10) as plain:
        with TRUST.wrap_socket(plain, server_hostname=host) as proxy:
            proof = "Proxy-Authorization: Bearer " + token("venture-egress")
            proxy.sendall(f"{line} HTTP/1.1\\r\\n{proof}\\r\\n\\r\\n".encode())
            return int(proxy.recv(4096).split()[1])


with ThreadPoolExecutor(32) as pool:
    found = [
        dict(zip(names, pool.map(look, names.values())))
        for look, names in ((connects, targets), (ask, requests), (proxied, through))
    ]
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Found:
    """What a program in such a pod found: who took its connections, and who answered what."""

    connected: Mapping[str, bool]
    answered: Mapping[str, int]
    proxied: Mapping[str, int]


async def look_around(
    client: KubernetesClient,
    kubectl: Callable[..., str],
    job: str,
    work: str,
    *,
    targets: Mapping[str, tuple[str, int]],
    requests: Mapping[str, Body],
    through: Mapping[str, str],
) -> Found:
    """Try everything from a pod with the labels, account and tokens of a Job's pod.

    `targets` are addresses to connect to, `requests` calls of services with a token of the pod,
    `through` the first lines of requests to the proxy.
    """
    found = await client.get(JOBS, job, work)
    assert found is not None
    template = found["spec"]["template"]
    spec = json.loads(json.dumps(template["spec"]))
    asked = json.dumps([targets, requests, through])
    spec["containers"][0]["command"] = ["python", "-c", PROGRAM, asked]
    name = f"{job[:50]}-outsider"
    metadata = {"name": name, "labels": template["metadata"]["labels"]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    # Nobody but who makes the pods of Jobs may give a pod these labels here.
    kubectl("create", "-n", work, "-f", "-", f"--as={JOB_CONTROLLER}", stdin=json.dumps(body))
    try:
        ended: Sequence[str] = ("Succeeded", "Failed")
        await patiently(
            lambda: client.get(PODS, name, work),
            lambda pod: pod is not None and pod["status"].get("phase") in ended,
        )
        return Found(*json.loads(kubectl("-n", work, "logs", name)))
    finally:
        await client.delete(PODS, name, work)
