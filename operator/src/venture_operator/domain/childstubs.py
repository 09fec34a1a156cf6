"""What is kept in memory of a Job and of its pods: what `domain.podoutcome` reads, no more.

A pod's status is written a dozen times in its life. Most of it is addresses and conditions that
decide nothing: without them such a change is none, and wakes nobody.
"""

from typing import Any, Final

from venture_operator.domain.stubs import METADATA, mapping, picked

type Body = dict[str, Any]

_METADATA: Final = (*METADATA, "labels")
_ENDS: Final = frozenset({"Failed", "FailureTarget"})
_STANDS: Final = frozenset({"PodScheduled", "DisruptionTarget"})


def job_stub(body: Body) -> Body:
    """Keep who a Job is, whose, and why it failed."""
    status = mapping(body.get("status"))
    return _child(body, {"conditions": _conditions(status, _ENDS)})


def pod_stub(body: Body) -> Body:
    """Keep who a pod is, whose, what it waits for, and how its containers fare."""
    status = mapping(body.get("status"))
    kept = picked(status, ("phase", "reason", "message"))
    kept["conditions"] = _conditions(status, _STANDS)
    kept["containerStatuses"] = [
        picked(each, ("name", "state")) for each in status.get("containerStatuses") or ()
    ]
    return _child(body, kept)


def _child(body: Body, status: Body) -> Body:
    return {
        "apiVersion": body.get("apiVersion"),
        "kind": body.get("kind"),
        "metadata": picked(mapping(body.get("metadata")), _METADATA),
        "status": status,
    }


def _conditions(status: Body, types: frozenset[str]) -> list[Body]:
    found = status.get("conditions") or ()
    return [dict(each) for each in found if each.get("type") in types]
