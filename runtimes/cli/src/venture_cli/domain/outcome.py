"""Where a build stands, read from its conditions as kstatus would, never from its phase."""

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild, Phase
from venture_crds.v1alpha1.conditions import ConditionStatus, ConditionType, find_condition

from venture_cli.errors import CliError, ExitCode
from venture_cli.program import hint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_crds.v1alpha1.artifactbuild import GateOutcome


class State(enum.Enum):
    """The four answers that matter to whoever waits."""

    RUNNING = "running"
    SUSPENDED = "suspended"
    READY = "ready"
    STALLED = "stalled"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a build stands and why."""

    state: State
    phase: str
    """The phase for people; `Pending` until the operator has looked at this generation."""
    reason: str
    message: str

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens unless a person acts."""
        return self.state in (State.READY, State.STALLED)

    def sentence(self) -> str:
        """Return it in one line: `Compiling: attempt 1 compiles the document`."""
        reason = "" if self.reason == self.phase else f" ({self.reason})"
        return f"{self.phase}{reason}" + (f": {self.message}" if self.message else "")


def parse_build(body: Mapping[str, object]) -> ArtifactBuild:
    """Return an object of the cluster as our types understand it. CliError where they do not."""
    try:
        return ArtifactBuild.model_validate(body)
    except ValidationError as error:
        places = sorted({".".join(map(str, each["loc"])) for each in error.errors()})
        raise CliError(
            f"the cluster holds a build that this program does not understand: {places[0]}",
            next_step="Install the venture-cli of the cluster's version; "
            "until then -o yaml shows the object as it is.",
        ) from None


def standing(build: ArtifactBuild) -> Standing:
    """Return where the build stands; a status about an older generation counts as running."""
    status = build.status
    ready = find_condition(status.conditions, ConditionType.READY)
    if ready is None or status.observed_generation != build.metadata.generation:
        message = "the operator has not looked at it yet"
        return Standing(State.RUNNING, Phase.PENDING, Phase.PENDING, message)
    stalled = find_condition(status.conditions, ConditionType.STALLED)
    if ready.status is ConditionStatus.TRUE:
        state = State.READY
    elif stalled is not None and stalled.status is ConditionStatus.TRUE:
        state = State.STALLED
    else:
        state = State.SUSPENDED if build.spec.suspend else State.RUNNING
    return Standing(state, status.phase or Phase.PENDING, ready.reason, ready.message)


def gate_lines(gates: tuple[GateOutcome, ...]) -> tuple[str, ...]:
    """Return one line for each objection of a gate that did not pass."""
    lines = []
    for gate in gates:
        lines += [
            f"{gate.name}: slide {each.slide}, {each.element}: {each.message}"
            for each in gate.findings
            if not gate.passed
        ]
        if gate.findings_omitted and not gate.passed:
            lines.append(f"{gate.name}: and {gate.findings_omitted} more")
    return tuple(lines)


def stalled_error(build: ArtifactBuild) -> CliError:
    """Return the error that says why a build stalled, finding by finding."""
    name, namespace = build.metadata.name, build.metadata.namespace
    now = standing(build)
    return CliError(
        f"{name} stalled ({now.reason}): {now.message}",
        ExitCode.BUILD_FAILED,
        details=gate_lines(build.status.gates),
        next_step=(
            "Mend the document and build it again with --replace, or try once more with: "
            + hint("artifact", "retry", name, namespace=namespace)
        ),
    )


def not_ready_error(build: ArtifactBuild) -> CliError:
    """Return the error for a command that needs the artifact of an unfinished build."""
    name, namespace = build.metadata.name, build.metadata.namespace
    now = standing(build)
    if now.state is State.STALLED:
        return stalled_error(build)
    verb = "resume" if now.state is State.SUSPENDED else "wait"
    return CliError(
        f"{name} is not ready: {now.sentence()}",
        next_step=hint("artifact", verb, name, namespace=namespace),
    )
