"""A pod of a test's own that tries which addresses take its connections."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from venture_core.kubernetes.resources import PODS
from waiting import patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]

PROBE = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor


def connects(place):
    try:
        socket.create_connection(tuple(place), timeout=3).close()
        return True
    except OSError:
        return False


targets = json.loads(sys.argv[1])
with ThreadPoolExecutor(32) as pool:
    print(json.dumps(dict(zip(targets, pool.map(connects, targets.values())))))
"""


def pod(name: str, template: Body, code: str, *arguments: str, labels: Body) -> Body:
    """Return a pod with the security of a Job's pod that runs `code` instead."""
    spec = json.loads(json.dumps(template))
    container = spec["containers"][0]
    container |= {"command": ["python", "-c", code, *arguments], "volumeMounts": []}
    spec["volumes"] = []
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
    }


async def connections(
    client: KubernetesClient,
    kubectl: Callable[..., str],
    namespace: str,
    body: Body,
    *who: str,
) -> dict[str, bool]:
    """Have somebody (`--as=…`) create a pod that runs `PROBE`; return what took its connections."""
    name = body["metadata"]["name"]
    kubectl("create", "-n", namespace, "-f", "-", *who, stdin=json.dumps(body))
    try:
        await patiently(
            lambda: client.get(PODS, name, namespace),
            lambda found: found is not None and found["status"].get("phase") == "Succeeded",
        )
        answers: dict[str, bool] = json.loads(kubectl("-n", namespace, "logs", name))
        return answers
    finally:
        await client.delete(PODS, name, namespace)


def addresses(kubectl: Callable[..., str], namespace: str) -> Mapping[str, str]:
    """Return the addresses of the running pods of a namespace by their component."""
    pods = json.loads(kubectl("get", "pods", "-n", namespace, "-o", "json"))["items"]
    return {
        each["metadata"]["labels"].get("app.kubernetes.io/component", ""): each["status"]["podIP"]
        for each in pods
        if each["status"].get("phase") == "Running"
    }
