"""What the operator and the compile Job say to each other.

The operator writes a `CompileJobInput` to an immutable Secret; the Job answers with a
`CompileJobResult` in its termination message. The Job holds no credentials: its URLs are presigned,
which makes them secrets for as long as they live, so they never appear in a representation.
"""

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from venture_core.artifacts.gates import GateResult, GateSettings
from venture_core.artifacts.limits import THUMBNAIL_MAX_BYTES
from venture_core.canonical import canonical_json

INPUT_FOLDER: Final = "/etc/venture/input"
"""Where the Job finds its input."""
REQUEST_FILE: Final = "request.json"
"""The `CompileJobInput`, in the input folder."""
IR_FILE: Final = "ir.json"
"""The document, beside the request, when the request names no `irUrl`."""
WORKER_FILE: Final = "worker.json"
"""The `WorkerInput`, in place of a request: the Job was started ahead of its build."""
TERMINATION_LOG: Final = "/dev/termination-log"
MAX_RESULT_BYTES: Final = 4096
"""Kubernetes keeps no more of a termination message."""
MAX_ASSIGNMENT_BYTES: Final = 2 * 1024 * 1024
"""Twice a document that a Secret can hold, and the request beside it."""
MAX_WAIT_SECONDS: Final = 3600
MAX_ASSETS: Final = 50
MAX_FINDINGS: Final = 20
"""A gate reports no more findings than these; the rest are counted."""

EXIT_DONE: Final = 0
EXIT_USER_ERROR: Final = 10
"""The result's error says what the user must change; trying again cannot help."""
EXIT_TRANSIENT: Final = 20
"""Network or storage failed; the same request may succeed later."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=4096)]
FormName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
FormValue = Annotated[str, StringConstraints(max_length=4096)]
AssetName = Annotated[str, StringConstraints(min_length=1, max_length=63)]
Authorities = Annotated[str, StringConstraints(min_length=1, max_length=256 * 1024)]


class Stage(StrEnum):
    """The step of a build that failed."""

    VALIDATE = "Validate"
    PLAN = "Plan"
    COMPILE = "Compile"
    GATE = "Gate"
    EXPORT = "Export"


class ContractModel(BaseModel):
    """Base of every message: strict, immutable, no unknown fields, camelCase in JSON."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
    )

    def to_json(self) -> bytes:
        """Serialise for where the other side reads it, without what is not set."""
        return canonical_json(self.model_dump(mode="json", by_alias=True, exclude_none=True))


class JobGates(ContractModel):
    """Which gates the build must pass."""

    contrast: bool
    alt_text: bool
    overflow: bool
    empty_slides: bool
    headings: bool
    links: bool
    formulas: bool
    loudness: bool
    duration: bool
    captions: bool
    file_size: bool

    @classmethod
    def from_settings(cls, settings: GateSettings) -> Self:
        """Copy the settings into a message."""
        return cls(**asdict(settings))

    def settings(self) -> GateSettings:
        """Return the settings that the message carries."""
        return GateSettings(**self.model_dump())


class JobAsset(ContractModel):
    """One asset to download."""

    name: AssetName
    url: Annotated[Url, Field(repr=False)]
    sha256: Sha256
    """The downloaded bytes must have this digest."""


class JobUpload(ContractModel):
    """A form that takes the artifact: an S3 POST policy, which bounds key, size and time.

    Without fields it is a presigned PUT, where no policy can be signed.
    """

    url: Annotated[Url, Field(repr=False)]
    fields: Annotated[dict[FormName, FormValue], Field(repr=False, max_length=16)]
    """To be sent before the file, whose field is `file`."""


class CompileJobInput(ContractModel):
    """All that one compile Job needs to know."""

    target: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    gates: JobGates
    ir_url: Annotated[Url | None, Field(repr=False)] = None
    """Presigned GET of the document; without it the document is the file `ir.json`."""
    ir_sha256: Sha256 | None = None
    """The document's bytes must have this digest, when it is given."""
    assets: Annotated[tuple[JobAsset, ...], Field(max_length=MAX_ASSETS)] = ()
    upload: JobUpload
    thumbnail: JobUpload | None = None
    """Where a small picture of the first page goes, where one is wanted."""
    toolchain: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    """The toolchain in the cache key; a Job with another one refuses to build."""
    max_artifact_bytes: Annotated[int, Field(ge=1, le=2**31)]
    authorities: Authorities | None = None
    """PEM of authorities to trust for the store, besides those of the system."""


class WorkerInput(ContractModel):
    """All that a Job needs to know that was started ahead: where its one build will be told."""

    assignment_url: Annotated[Url, Field(repr=False)]
    """Presigned GET of the `Assignment`. There is no such object until the Job is given a build."""
    wait_seconds: Annotated[int, Field(ge=1, le=MAX_WAIT_SECONDS)]
    """How long the Job waits for it, once it is ready, before it ends."""
    authorities: Authorities | None = None
    """As in `CompileJobInput`."""


class Assignment(ContractModel):
    """One build, for a Job that waits: what a Job of its own would have found in its input."""

    request: CompileJobInput
    document: Annotated[str | None, Field(repr=False, max_length=MAX_ASSIGNMENT_BYTES)] = None
    """The document, unless the request names an `irUrl`."""
    end: JobUpload
    """Where the `JobEnd` goes, too: a kubelet tells of a termination up to a second late."""


class JobEnd(ContractModel):
    """How the Job's process ends: what a kubelet tells of it."""

    exit_code: Annotated[int, Field(ge=0, le=255)]
    message: Annotated[str, StringConstraints(max_length=MAX_RESULT_BYTES)]
    """The termination message."""


class JobArtifact(ContractModel):
    """The artifact that was uploaded."""

    sha256: Sha256
    size_bytes: Annotated[int, Field(ge=1)]
    media_type: Annotated[str, StringConstraints(max_length=128)]


class JobThumbnail(ContractModel):
    """The small picture that was uploaded."""

    sha256: Sha256
    size_bytes: Annotated[int, Field(ge=1, le=THUMBNAIL_MAX_BYTES)]


class JobError(ContractModel):
    """Why there is no artifact."""

    stage: Stage
    reason: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]{0,63}$")]
    message: Annotated[str, StringConstraints(max_length=1000)]
    pointer: Annotated[str, StringConstraints(max_length=256)] | None = None
    """JSON pointer into the document, where the error has a place there."""


class JobFinding(ContractModel):
    """One finding of a gate."""

    slide: Annotated[int, Field(ge=1)] | None = None
    element: Annotated[str, StringConstraints(max_length=120)]
    message: Annotated[str, StringConstraints(max_length=200)]


class JobGateResult(ContractModel):
    """The outcome of one gate, with as many findings as fit the message."""

    name: Annotated[str, StringConstraints(max_length=32)]
    passed: bool
    findings: Annotated[tuple[JobFinding, ...], Field(max_length=MAX_FINDINGS)] = ()
    findings_omitted: Annotated[int, Field(ge=0)] = 0

    @classmethod
    def from_result(cls, result: GateResult) -> Self:
        """Copy a gate's outcome: the first 20 findings, long texts cut to the bounds."""
        findings = tuple(
            JobFinding(
                slide=finding.slide,
                element=finding.element[:120],
                message=finding.message[:200],
            )
            for finding in result.findings[:MAX_FINDINGS]
        )
        return cls(
            name=result.name,
            passed=result.passed,
            findings=findings,
            findings_omitted=len(result.findings) - len(findings),
        )

    def without_last(self) -> Self:
        """Leave out the last finding, and count it as left out."""
        return self.model_copy(
            update={
                "findings": self.findings[:-1],
                "findings_omitted": self.findings_omitted + 1,
            }
        )


class CompileJobResult(ContractModel):
    """What the Job reports: an artifact, or an error."""

    artifact: JobArtifact | None = None
    thumbnail: JobThumbnail | None = None
    error: JobError | None = None
    gates: tuple[JobGateResult, ...] = ()
    toolchain: Annotated[str, StringConstraints(min_length=1, max_length=512)] | None = None
    """What made the artifact."""

    @model_validator(mode="after")
    def _artifact_or_error(self) -> Self:
        if (self.artifact is None) == (self.error is None):
            raise ValueError("a result holds either an artifact or an error")
        if self.artifact is not None and self.toolchain is None:
            raise ValueError("a result with an artifact names its toolchain")
        return self

    def to_message(self) -> bytes:
        """Serialise in at most 4096 bytes, leaving out what does not fit.

        Findings go first, from the end of the longest list, then the end of the error's message.
        """
        result, message = self, self._encode()
        while len(message) > MAX_RESULT_BYTES:
            result = result._with_less()
            message = result._encode()
        return message

    def _encode(self) -> bytes:
        return canonical_json(self.model_dump(mode="json", by_alias=True, exclude_none=True))

    def _with_less(self) -> Self:
        longest = max(self.gates, key=lambda gate: len(gate.findings), default=None)
        if longest is not None and longest.findings:
            gates = tuple(gate.without_last() if gate is longest else gate for gate in self.gates)
            return self.model_copy(update={"gates": gates})
        if self.error is None or not self.error.message:
            raise ValueError("a result without findings and message does not fit a message")
        shorter = self.error.message[: len(self.error.message) * 9 // 10]
        return self.model_copy(update={"error": self.error.model_copy(update={"message": shorter})})


class InvalidResultError(ValueError):
    """The termination message is not a result: the Job died before it could write one."""


def parse_input(data: bytes) -> CompileJobInput:
    """Read the request file. Raises `pydantic.ValidationError`, whose text shows no values."""
    return CompileJobInput.model_validate_json(data)


def parse_worker(data: bytes) -> WorkerInput:
    """Read the worker file. Raises `pydantic.ValidationError`, whose text shows no values."""
    return WorkerInput.model_validate_json(data)


def parse_assignment(data: bytes) -> Assignment:
    """Read an assignment. Raises `pydantic.ValidationError`, whose text shows no values."""
    return Assignment.model_validate_json(data)


def parse_end(data: bytes) -> JobEnd:
    """Read how a Job said that it ends. Raises `InvalidResultError` if that is not readable."""
    try:
        return JobEnd.model_validate_json(data)
    except ValidationError as error:
        raise InvalidResultError(
            f"the Job's end is not readable ({error.error_count()} errors)"
        ) from None


def parse_result(text: str) -> CompileJobResult:
    """Read a termination message. Raises `InvalidResultError` if it is not a whole result."""
    try:
        return CompileJobResult.model_validate_json(text)
    except ValidationError as error:
        raise InvalidResultError(
            f"the termination message is not a compile result ({error.error_count()} errors)"
        ) from None
