"""People who say yes or no to what waits for them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from venture_core.kubernetes.resources import APPROVALS

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient


async def say(
    client: KubernetesClient,
    target: dict[str, Any],
    digest: str,
    who: str,
    decision: str = "Approve",
    *,
    task: str = "",
) -> None:
    """Create somebody's Approval of an object, or of a task of it."""
    metadata = target["metadata"]
    reference = {"kind": target["kind"], "name": metadata["name"], "uid": metadata["uid"]}
    if task:
        reference["taskName"] = task
    body = {
        "apiVersion": APPROVALS.api_version,
        "kind": APPROVALS.kind,
        "metadata": {"name": f"by-{who}-{secrets.token_hex(3)}"},
        "spec": {
            "targetRef": reference,
            "targetDigest": digest,
            "decision": decision,
            "approver": {"user": who},
        },
    }
    await client.create(APPROVALS, body, metadata["namespace"], strict=True)
