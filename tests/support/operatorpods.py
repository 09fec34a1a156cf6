"""The operator's replicas on the cluster, and how to crash one."""

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from venture_core.kubernetes.resources import LEASES, PODS

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]

NAMESPACE = "venture-system"
LEASE = "venture"
SELECTOR = "app.kubernetes.io/component=operator"


async def leader(client: KubernetesClient) -> str:
    """Return the pod that holds the Lease, empty where none does."""
    lease = await client.get(LEASES, LEASE, NAMESPACE)
    return "" if lease is None else str(lease["spec"].get("holderIdentity") or "")


async def renewed_at(client: KubernetesClient) -> str:
    """Return when the Lease was renewed last."""
    lease = await client.get(LEASES, LEASE, NAMESPACE)
    return "" if lease is None else str(lease["spec"].get("renewTime"))


async def crash(client: KubernetesClient, name: str) -> str:
    """SIGKILL the operator process of a pod and remove the pod; return how it was done.

    On the machine that runs the kubelet the process is killed itself. Elsewhere the pod is deleted
    without grace, the closest a cluster's API comes to it. Removing the pod spares the test the
    kubelet's restart backoff: its successor is another pod.
    """
    pod = await client.get(PODS, name, NAMESPACE)
    assert pod is not None
    killed = [number for number in _processes_of(pod["metadata"]["uid"]) if _is_operator(number)]
    for number in killed:
        os.kill(number, signal.SIGKILL)
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}
    await client.request("DELETE", PODS.plural, PODS.path(NAMESPACE, name), body=body)
    return "SIGKILL" if killed else "deleted without grace"


def _processes_of(pod_uid: str) -> list[int]:
    """Find the processes of a pod by its control group, as the kubelet names it."""
    marks = (f"pod{pod_uid}", f"pod{pod_uid.replace('-', '_')}")
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            groups = (entry / "cgroup").read_text()
        except FileNotFoundError, ProcessLookupError, PermissionError:
            # It ended while we looked, or is not ours to see.
            continue
        if any(mark in groups for mark in marks):
            found.append(int(entry.name))
    return found


def _is_operator(number: int) -> bool:
    try:
        return b"venture-operator" in Path(f"/proc/{number}/cmdline").read_bytes()
    except FileNotFoundError, ProcessLookupError:
        return False
