"""What a compile Job's end means for a build. Nothing that a pod says is believed unchecked."""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.gates import GATE_NAMES
from venture_core.artifacts.jobcontract import (
    EXIT_DONE,
    EXIT_TRANSIENT,
    EXIT_USER_ERROR,
    CompileJobResult,
    InvalidResultError,
    JobArtifact,
    JobError,
    parse_result,
)
from venture_core.artifacts.targets import target_named
from venture_crds.v1alpha1.artifactbuild import BuildReason

from venture_operator.domain.podoutcome import Ended, Lost, LostReason, PodOutcome, Running, Waiting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_REASONS: Final[Mapping[str, BuildReason]] = {
    "InvalidIR": BuildReason.INVALID_DOCUMENT,
    "InvalidAsset": BuildReason.INVALID_ASSET,
    "InputNotFound": BuildReason.ASSET_UNAVAILABLE,
    "InputTooLarge": BuildReason.ASSET_UNAVAILABLE,
    "DigestMismatch": BuildReason.ASSET_UNAVAILABLE,
    "UnsupportedTarget": BuildReason.UNSUPPORTED_TARGET,
    "GateFailed": BuildReason.GATE_FAILED,
    "ArtifactTooLarge": BuildReason.ARTIFACT_TOO_LARGE,
    "ToolchainMismatch": BuildReason.TOOLCHAIN_MISMATCH,
    "DownloadFailed": BuildReason.TRANSFER_FAILED,
    "UploadFailed": BuildReason.TRANSFER_FAILED,
    "Terminated": BuildReason.POD_DISRUPTED,
}
"""The compiler's words in ours. Any other word means that it crashed."""


_LOST: Final[Mapping[LostReason, BuildReason]] = {
    LostReason.OUT_OF_MEMORY: BuildReason.OUT_OF_MEMORY,
    LostReason.TIMEOUT: BuildReason.TIMEOUT,
    LostReason.WAITING_FOR_POD: BuildReason.WAITING_FOR_POD,
    LostReason.JOB_DELETED: BuildReason.JOB_DELETED,
    LostReason.POD_LOST: BuildReason.POD_LOST,
    LostReason.POD_DISRUPTED: BuildReason.POD_DISRUPTED,
    LostReason.POD_FAILED: BuildReason.POD_FAILED,
}


class Remedy(Enum):
    """What helps after a failure."""

    USER = "user"
    """Only the user: the input has to change."""
    AGAIN = "again"
    """Perhaps another attempt: a few are made."""
    PLATFORM = "platform"
    """Whoever runs the cluster: attempts go on until it is mended, and none counts."""


_USERS: Final = frozenset(
    {
        BuildReason.INVALID_DOCUMENT,
        BuildReason.INVALID_ASSET,
        BuildReason.ASSET_UNAVAILABLE,
        BuildReason.UNSUPPORTED_TARGET,
        BuildReason.GATE_FAILED,
        BuildReason.ARTIFACT_TOO_LARGE,
    }
)
_PLATFORMS: Final = frozenset({BuildReason.TOOLCHAIN_MISMATCH, BuildReason.WAITING_FOR_POD})


@dataclass(frozen=True, slots=True)
class JobWaiting:
    """No container runs yet; `message` says what it waits for, empty while it is early."""

    name: str
    uid: str
    since: datetime
    message: str = ""
    has_pod: bool = True
    """Without one nothing wakes us when the cluster says why there is none."""


@dataclass(frozen=True, slots=True)
class JobRunning:
    """The compiler runs."""

    name: str
    uid: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class JobSucceeded:
    """The compiler reports an artifact. What it uploaded is yet to be read."""

    name: str
    uid: str
    finished_at: datetime
    artifact: JobArtifact
    result: CompileJobResult


@dataclass(frozen=True, slots=True)
class JobFailed:
    """It will not finish. `at` is when it failed, where that is known."""

    name: str
    reason: BuildReason
    message: str
    at: datetime | None = None
    result: CompileJobResult | None = None

    @property
    def remedy(self) -> Remedy:
        """What helps."""
        if self.reason in _USERS:
            return Remedy.USER
        return Remedy.PLATFORM if self.reason in _PLATFORMS else Remedy.AGAIN


type JobOutcome = JobWaiting | JobRunning | JobSucceeded | JobFailed


def job_outcome(name: str, uid: str, target: str, image: str, pod: PodOutcome) -> JobOutcome:
    """Return what the outcome of a Job's compile container means for a build of `target`.

    `image` is that of the compiler: what another one made is not taken.
    """
    match pod:
        case Waiting():
            return JobWaiting(name, uid, pod.since, pod.message, pod.has_pod)
        case Running():
            return JobRunning(name, uid, pod.started_at)
        case Lost():
            return JobFailed(name, _LOST[pod.reason], pod.message, pod.at)
        case Ended():
            return _ended(name, uid, target, image, pod)


def _ended(name: str, uid: str, target: str, image: str, pod: Ended) -> JobOutcome:
    try:
        result = parse_result(pod.message)
    except InvalidResultError as error:
        message = f"the Job ended with exit code {pod.exit_code} and no readable result: {error}"
        return JobFailed(name, BuildReason.COMPILER_CRASHED, message, pod.finished_at)
    if problem := _problem(result, target, image):
        message = f"the Job's result is refused: {problem}"
        return JobFailed(name, BuildReason.RESULT_REFUSED, message, pod.finished_at)
    if pod.exit_code == EXIT_DONE and result.artifact is not None:
        return JobSucceeded(name, uid, pod.finished_at, result.artifact, result)
    if pod.exit_code in {EXIT_USER_ERROR, EXIT_TRANSIENT} and result.error is not None:
        reason, message = _said(result.error, pod.exit_code)
        return JobFailed(name, reason, message, pod.finished_at, result)
    message = f"the Job ended with exit code {pod.exit_code}"
    return JobFailed(name, BuildReason.COMPILER_CRASHED, message, pod.finished_at)


def _said(error: JobError, exit_code: int) -> tuple[BuildReason, str]:
    where = f" at {error.pointer}" if error.pointer else ""
    reason = _REASONS.get(error.reason, BuildReason.COMPILER_CRASHED)
    if exit_code == EXIT_TRANSIENT and reason in _USERS:
        reason = BuildReason.TRANSFER_FAILED
    return reason, f"{error.stage}: {error.message}{where}"


def _problem(result: CompileJobResult, target: str, image: str) -> str:
    """Return what no compiler of ours would write, empty where there is nothing."""
    names = [gate.name for gate in result.gates]
    if len(set(names)) != len(names) or not set(GATE_NAMES).issuperset(names):
        return "it names gates that there are not, or one of them twice"
    if result.artifact is None:
        return ""
    wanted = target_named(target)
    if result.toolchain not in {each.id_on(image) for each in wanted.toolchains}:
        return "another toolchain made the artifact"
    if not wanted.has_format(result.artifact.media_type):
        return f"the artifact's media type is not that of {target}"
    if not all(gate.passed for gate in result.gates):
        return "it has an artifact though a gate failed"
    return ""
