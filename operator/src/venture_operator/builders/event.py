"""Kubernetes Events: what `kubectl describe` shows of an object's past."""

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

NOTE_MAX_LENGTH = 1024


def transition_event(
    regarding: Mapping[str, Any],
    *,
    reason: str,
    message: str,
    warning: bool,
    reporter: str,
    now: datetime,
) -> dict[str, Any]:
    """Return the Event of one transition of `regarding`.

    Its name is a digest of what it says about which resourceVersion, so that a reconcile that
    runs twice posts it once.
    """
    metadata = regarding["metadata"]
    identity = f"{metadata['uid']}/{metadata['resourceVersion']}/{reason}/{message}"
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    stamp = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{metadata['name'][:230]}.{digest}",
            # Of what is in no namespace the API server takes Events in this one only.
            "namespace": metadata.get("namespace", "default"),
        },
        "involvedObject": {
            "apiVersion": regarding["apiVersion"],
            "kind": regarding["kind"],
            "name": metadata["name"],
            "namespace": metadata.get("namespace", ""),
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
        },
        "reason": reason,
        "message": message[:NOTE_MAX_LENGTH],
        "type": "Warning" if warning else "Normal",
        "source": {"component": "venture-operator"},
        "reportingComponent": "venture-operator",
        "reportingInstance": reporter,
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "count": 1,
    }
