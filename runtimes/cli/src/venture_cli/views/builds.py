"""How builds look: as a table, and one by one."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich.text import Text
from venture_crds.v1alpha1.artifactbuild import Phase, human_size

from venture_cli.domain.durations import age, elapsed
from venture_cli.domain.outcome import gate_lines, standing
from venture_cli.domain.table import GAP, Row, align, row
from venture_cli.views.terminal import out

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from venture_crds.v1alpha1.artifactbuild import ArtifactBuild

NONE: Final = "<none>"
_STYLES: Final[Mapping[str, str]] = {
    Phase.READY: "green",
    Phase.FAILED: "red",
    Phase.COMPILING: "cyan",
    Phase.SUSPENDED: "yellow",
}


def print_table(builds: Sequence[ArtifactBuild], *, namespaces: bool, wide: bool) -> None:
    """Print a line for each build, with the columns of `kubectl get artifactbuilds`."""
    now = datetime.now(UTC)
    header = row("NAME", "TARGET", "PHASE", "SIZE", "CACHE", "REASON", "AGE")
    rows = [_row(build, now) for build in builds]
    if wide:
        header = row(*header, "MESSAGE", "SHA256")
        rows = [
            row(*cells, standing(build).message or NONE, _digest(build))
            for cells, build in zip(rows, builds, strict=True)
        ]
    if namespaces:
        header = row("NAMESPACE", *header)
        rows = [
            row(build.metadata.namespace, *cells) for cells, build in zip(rows, builds, strict=True)
        ]
    phase_column = header.index("PHASE")
    for cells in align([header, *rows]):
        style = _STYLES.get(cells[phase_column].strip(), "")
        styled = [(cell, style if at == phase_column else "") for at, cell in enumerate(cells)]
        out().print(Text(GAP).join(Text(cell, style=each) for cell, each in styled))


def _row(build: ArtifactBuild, now: datetime) -> Row:
    status, created = build.status, build.metadata.creation_timestamp
    return row(
        build.metadata.name,
        build.spec.target,
        status.phase or NONE,
        status.size or NONE,
        status.cache or NONE,
        standing(build).reason,
        age(created, now) if created else NONE,
    )


def _digest(build: ArtifactBuild) -> str:
    return build.status.artifact.sha256 if build.status.artifact else NONE


def print_details(build: ArtifactBuild) -> None:
    """Print all that a person wants to know of one build."""
    status, now = build.status, standing(build)
    console = out()
    name = f"{build.metadata.namespace}/{build.metadata.name}"
    sentence = (now.sentence(), _STYLES.get(now.phase, ""))
    console.print(Text.assemble((name, "bold"), "  ", sentence))
    print_facts(_facts(build))
    for line in gate_lines(status.gates):
        console.print(f"  {line}")


def print_facts(facts: Mapping[str, str]) -> None:
    """Print labels and values, aligned."""
    width = max(map(len, facts), default=0)
    for label, value in facts.items():
        out().print(Text.assemble((f"  {label:<{width}}  ", "dim"), value))


def _facts(build: ArtifactBuild) -> dict[str, str]:
    status = build.status
    facts = {"target": str(build.spec.target)}
    if status.artifact:
        facts["artifact"] = status.artifact.uri
        facts["digest"] = f"sha256:{status.artifact.sha256}"
        facts["size"] = f"{human_size(status.artifact.size_bytes)} ({status.artifact.media_type})"
    if status.provenance:
        facts["signed by"] = f"key {status.provenance.key_id}"
    if status.cache_key:
        facts["cache"] = f"{status.cache or 'undecided'}, {status.cache_key}"
    if status.job:
        facts["job"] = f"{status.job.name}, attempt {status.job.attempt}"
    if status.gates:
        facts["gates"] = ", ".join(
            f"{gate.name} {'passed' if gate.passed else 'failed'}" for gate in status.gates
        )
    if status.started_at and status.finished_at:
        facts["took"] = elapsed((status.finished_at - status.started_at).total_seconds())
    return facts
