"""What stubs of bounded kinds have in common: an object that ended is kept without its contents."""

from typing import Any, Final

type Body = dict[str, Any]

METADATA: Final = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "ownerReferences",
)
"""The fields of an object's metadata that decisions need."""


def is_settled(body: Body) -> bool:
    """Return whether the work on an object ended and nothing new is asked of it."""
    metadata, spec = mapping(body.get("metadata")), mapping(body.get("spec"))
    status = mapping(body.get("status"))
    conditions = status.get("conditions")
    if not isinstance(conditions, list) or not status.get("finishedAt"):
        return False
    ended = any(
        each.get("type") in {"Ready", "Stalled"} and each.get("status") == "True"
        for each in conditions
        if isinstance(each, dict)
    )
    retry = spec.get("retry")
    handled = not retry or retry == status.get("handledRetry")
    return ended and handled and status.get("observedGeneration") == metadata.get("generation")


def short(condition: Body) -> Body:
    """Return a condition without its sentence."""
    return {**condition, "message": ""}


def picked(body: Body, keys: tuple[str, ...]) -> Body:
    """Return those of the fields that an object has."""
    return {key: body[key] for key in keys if key in body}


def mapping(value: object) -> Body:
    """Return an object's field that should be an object, empty where it is none."""
    return value if isinstance(value, dict) else {}
