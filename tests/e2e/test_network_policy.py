"""What a compile pod reaches: the object store, and nothing else while its fence stands."""

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from builds import Builds, patiently
from probing import PROBE, connections, pod
from venture_core.kubernetes.resources import JOBS, NETWORK_POLICIES, PODS

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient
    from worknamespace import WorkNamespace

type Body = dict[str, Any]
type Kubectl = Callable[..., str]

POLICIES = ("venture-closed", "venture-compile")
SYSTEM = "venture-system"
JOBS_OF = "system:serviceaccount:kube-system:job-controller"
LISTEN = """
import socket
server = socket.create_server(("0.0.0.0", 8080))
while True:
    server.accept()[0].close()
"""


@pytest.mark.timeout(300)
async def test_s3_answers_and_nothing_else_does_in_the_work_namespace(
    builds: Builds, client: KubernetesClient, kubectl: Kubectl, work: WorkNamespace
) -> None:
    """The same pods outside of it, where no policy holds them, show that the targets are there."""
    await builds.create("deck")
    await builds.until("deck", "Ready")
    (job,) = await work.children(JOBS)
    template = job["spec"]["template"]["spec"]
    # Without the Job controller's own labels: it would adopt the probes and clear them away.
    compile_labels = {
        key: value
        for key, value in job["spec"]["template"]["metadata"]["labels"].items()
        if "batch.kubernetes.io" not in key and key not in {"controller-uid", "job-name"}
    }
    for name in POLICIES:
        assert await client.get(NETWORK_POLICIES, name, work.name) is not None

    listener = pod("listener", template, LISTEN, labels={"app": "listener"})
    await client.create(PODS, listener, builds.namespace)
    running = await patiently(
        lambda: client.get(PODS, "listener", builds.namespace),
        lambda body: body is not None and body["status"].get("phase") == "Running",
    )
    assert running is not None
    targets = {
        "s3": (f"venture-s3.{SYSTEM}.svc", 7070),
        "api server": ("kubernetes.default.svc", 443),
        "api server by address": api_server_address(kubectl),
        "postgres": (f"venture-postgres.{SYSTEM}.svc", 5432),
        "nats": (f"venture-nats.{SYSTEM}.svc", 4222),
        "valkey": (f"venture-valkey.{SYSTEM}.svc", 6379),
        "another pod": (running["status"]["podIP"], 8080),
    }

    async def probe(namespace: str, labels: Body, asked: Body = targets) -> dict[str, bool]:
        name = f"probe-{builds.namespace}-{len(labels)}"
        body = pod(name, template, PROBE, json.dumps(asked), labels=labels)
        # Nobody but who makes the pods of Jobs may give a pod our labels where Jobs run.
        return await connections(client, kubectl, namespace, body, f"--as={JOBS_OF}")

    # Without DNS a name takes minutes to fail: only addresses are asked for.
    addresses = {name: targets[name] for name in ("api server by address", "another pod")}
    compiling, other, elsewhere = await asyncio.gather(
        probe(work.name, compile_labels),
        probe(work.name, {}, addresses),
        probe(builds.namespace, compile_labels),
    )
    assert compiling == {name: name == "s3" for name in targets}
    assert other == dict.fromkeys(addresses, False)
    # The data plane has fences of its own, which let in only who uses it: whoever takes our labels
    # in a namespace of users is not of them.
    inside = {"postgres", "nats", "valkey", "s3"}
    assert elsewhere == {name: name not in inside for name in targets}


def api_server_address(kubectl: Kubectl) -> tuple[str, int]:
    """Return where the API server itself listens, past its Service."""
    slices = json.loads(
        kubectl("get", "endpointslices", "-n", "default", "-o", "json", "kubernetes")
    )
    return slices["endpoints"][0]["addresses"][0], slices["ports"][0]["port"]
