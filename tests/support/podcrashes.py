"""How to have a pod die at once, as a failure of power would end it."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from venture_core.kubernetes.errors import NotFoundError
from venture_core.kubernetes.resources import PODS

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient

_SANDBOX = "pause"
"""The program that holds a pod's network: the kubelet takes it down with the pod."""


async def crash(client: KubernetesClient, namespace: str, name: str) -> str:
    """SIGKILL all programs of a pod and remove it; return how it was done.

    On the machine that runs the kubelet the processes are killed themselves. Elsewhere the pod is
    deleted without grace, the closest a cluster's API comes to it. Removing the pod spares the test
    the kubelet's restart backoff: its successor is another pod. One that is gone is left alone.
    """
    pod = await client.get(PODS, name, namespace)
    if pod is None:
        return "was gone"
    killed = _processes_of(pod["metadata"]["uid"])
    for number in killed:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}
    with suppress(NotFoundError):
        await client.request("DELETE", PODS.plural, PODS.path(namespace, name), body=body)
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
            program = (entry / "comm").read_text().strip()
        except FileNotFoundError, ProcessLookupError, PermissionError:
            # It ended while we looked, or is not ours to see.
            continue
        if program != _SANDBOX and any(mark in groups for mark in marks):
            found.append(int(entry.name))
    return found
