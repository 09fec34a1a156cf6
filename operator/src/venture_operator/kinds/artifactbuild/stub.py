"""What is kept in memory of an ArtifactBuild.

A document may have a megabyte, and ten thousand builds may have ended: neither is needed to decide
what is next. The document is read again when its build starts.
"""

from typing import Any, Final

from venture_operator.domain.stubs import METADATA, is_settled, mapping, picked, short

type Body = dict[str, Any]

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
    spec, status = mapping(body.get("spec")), mapping(body.get("status"))
    metadata = mapping(body.get("metadata"))
    if is_settled(body):
        spec = picked(spec, _CONTROL) | {"source": {}}
        status = picked(status, _OUTCOME)
        status["conditions"] = [short(each) for each in status["conditions"]]
    else:
        spec = {**spec, "source": _without_document(spec.get("source"))}
    return {
        "apiVersion": body.get("apiVersion"),
        "kind": body.get("kind"),
        "metadata": picked(metadata, METADATA),
        "spec": spec,
        "status": status,
    }


def _without_document(source: object) -> object:
    if isinstance(source, dict) and isinstance(source.get("inline"), dict):
        return {**source, "inline": {}}
    return source
