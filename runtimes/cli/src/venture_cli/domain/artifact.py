"""ArtifactBuilds as the command line speaks of them."""

from typing import TYPE_CHECKING, Any, Final

from venture_core.kubernetes.resources import ARTIFACT_BUILDS

from venture_cli.domain.durations import between, elapsed
from venture_cli.domain.noun import Control, Noun
from venture_cli.domain.standing import at, items_at, text_at
from venture_cli.program import hint

if TYPE_CHECKING:
    from collections.abc import Mapping

type Body = dict[str, Any]

_AGAIN: Final = "and build it again with --replace"
_SMALLER: Final = "Make the document or its pictures smaller"
MENDABLE: Final[Mapping[str, str]] = {
    "ArtifactTooLarge": f"{_SMALLER}, {_AGAIN}.",
    "AssetUnavailable": f"Give the picture with --asset NAME=PATH, {_AGAIN}.",
    "GateFailed": f"Mend the document, or leave a gate out with --skip-gate, {_AGAIN}.",
    "InvalidAsset": f"Give another picture, {_AGAIN}.",
    "InvalidDocument": f"Mend the document, {_AGAIN}.",
    "InvalidSource": f"Mend spec.source, {_AGAIN}.",
    "InvalidTheme": f"Mend the theme in its ConfigMap, {_AGAIN}.",
    "NameTaken": f"Tell whoever runs Venture: {hint('report')} gathers what helps.",
    "NotReproducible": f"Tell whoever runs Venture: {hint('report')} gathers what helps.",
    "PolicyDenies": f"Ask for what the PolicyBundle allows, {_AGAIN}.",
    "SourceDigestMismatch": f"Name the object's own digest in spec.source, {_AGAIN}.",
    "SourceTooLarge": f"{_SMALLER}, {_AGAIN}.",
    "Unreadable": f"Write the object as its kind is defined, {_AGAIN}.",
    "UnsupportedTarget": f"Name another --target, {_AGAIN}.",
}
"""The reasons that lie in what was asked for: the same again ends the same."""


def findings(body: Body) -> tuple[str, ...]:
    """Return one line for each objection of a gate that did not pass."""
    lines = []
    for gate in items_at(body, "status", "gates"):
        if at(gate, "passed") is True:
            continue
        name = text_at(gate, "name")
        for each in items_at(gate, "findings"):
            slide = f"slide {text_at(each, 'slide')}, " if at(each, "slide") else ""
            lines.append(f"{name}: {slide}{text_at(each, 'element')}: {text_at(each, 'message')}")
        if omitted := at(gate, "findingsOmitted"):
            lines.append(f"{name}: and {omitted} more")
    return tuple(lines)


def facts(body: Body) -> dict[str, str]:
    """Return what there is to know of a build besides where it stands."""
    found = {"target": text_at(body, "spec", "target")}
    status = at(body, "status")
    if at(status, "artifact"):
        media_type = text_at(status, "artifact", "mediaType")
        found["artifact"] = text_at(status, "artifact", "uri")
        found["digest"] = f"sha256:{text_at(status, 'artifact', 'sha256')}"
        found["size"] = f"{text_at(status, 'size')} ({media_type})"
    if key := text_at(status, "provenance", "keyId"):
        found["signed by"] = f"key {key}"
    if key := text_at(status, "cacheKey"):
        found["cache"] = f"{text_at(status, 'cache') or 'undecided'}, {key}"
    if name := text_at(status, "job", "name"):
        found["job"] = f"{name}, attempt {text_at(status, 'job', 'attempt')}"
    if gates := items_at(status, "gates"):
        found["gates"] = ", ".join(
            f"{text_at(each, 'name')} {'passed' if at(each, 'passed') is True else 'failed'}"
            for each in gates
        )
    seconds = between(text_at(status, "startedAt"), text_at(status, "finishedAt"))
    if seconds is not None:
        found["took"] = elapsed(seconds)
    return found


ARTIFACT: Final = Noun(
    name="artifact",
    resource=ARTIFACT_BUILDS,
    one="build",
    doing="building",
    aliases=("ab",),
    phases=("Pending", "Compiling", "Ready", "Failed", "Suspended"),
    controls=frozenset({Control.SUSPEND, Control.RETRY}),
    facts=facts,
    findings=findings,
    mendable=MENDABLE,
    when_ready="download",
)
