"""What is kept in memory of an ArtifactBuild.

A document may have a megabyte, and ten thousand builds may have ended: neither is needed to decide
what is next. The document is read again when its build starts.
"""

from typing import Any, Final

type Body = dict[str, Any]

_METADATA: Final = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
)
_CONTROL: Final = ("target", "suspend", "retry", "ttlSecondsAfterFinished")
_OUTCOME: Final = (
    "phase",
    "observedGeneration",
    "conditions",
    "job",
    "finishedAt",
    "handledRetry",
    "suspended",
)


def stub(body: Body) -> Body:
    """Reduce a build to what decisions need: never its document, of a settled one little else."""
    spec, status = _mapping(body.get("spec")), _mapping(body.get("status"))
    metadata = _mapping(body.get("metadata"))
    if is_settled(body):
        spec = _picked(spec, _CONTROL) | {"source": {}}
        status = _picked(status, _OUTCOME)
        status["conditions"] = [_short(each) for each in status["conditions"]]
    else:
        spec = {**spec, "source": _without_document(spec.get("source"))}
    return {
        "apiVersion": body.get("apiVersion"),
        "kind": body.get("kind"),
        "metadata": _picked(metadata, _METADATA),
        "spec": spec,
        "status": status,
    }


def is_settled(body: Body) -> bool:
    """Return whether the work on a build ended and nothing new is asked of it."""
    metadata, spec = _mapping(body.get("metadata")), _mapping(body.get("spec"))
    status = _mapping(body.get("status"))
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


def _without_document(source: object) -> object:
    if isinstance(source, dict) and isinstance(source.get("inline"), dict):
        return {**source, "inline": {}}
    return source


def _short(condition: Body) -> Body:
    return {**condition, "message": ""}


def _picked(mapping: Body, keys: tuple[str, ...]) -> Body:
    return {key: mapping[key] for key in keys if key in mapping}


def _mapping(value: object) -> Body:
    return value if isinstance(value, dict) else {}
