"""What an agent's Job says at its end, in the termination message that the kubelet keeps."""

from typing import Annotated, Final, Self

from pydantic import Field, JsonValue, StringConstraints, ValidationError, model_validator

from venture_core.agents.assignment import AgentModel

MAX_RESULT_BYTES: Final = 4096
"""Kubernetes keeps no more of a termination message."""
MAX_OUTPUT_BYTES: Final = 2560
"""An output, as canonical JSON."""
MESSAGE_MAX: Final = 500

EXIT_DONE: Final = 0
EXIT_FAILED: Final = 10
"""The same agent would fail again."""
EXIT_TRANSIENT: Final = 20
"""A service did not answer: another attempt may succeed."""
EXIT_BUDGET: Final = 30
"""The budget was too small to go on."""


class AgentError(AgentModel):
    """Why there is no output."""

    reason: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]{0,63}$")]
    message: Annotated[str, StringConstraints(max_length=MESSAGE_MAX)]


class AgentResult(AgentModel):
    """What came out of an agent: an output or an error."""

    output: dict[str, JsonValue] | None = None
    error: AgentError | None = None
    turns: Annotated[int, Field(ge=0, le=1000)] = 0
    """How many times its model answered."""
    denials: Annotated[int, Field(ge=0, le=1000)] = 0
    """How many of its calls were denied."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.output is None) == (self.error is None):
            raise ValueError("a result holds either an output or an error")
        return self


class InvalidResultError(ValueError):
    """The message is not a result: the Job died before it could write one."""


def parse_result(text: str) -> AgentResult:
    """Read a termination message. Raises InvalidResultError."""
    try:
        return AgentResult.model_validate_json(text)
    except ValidationError as error:
        raise InvalidResultError(
            f"the termination message is no result ({error.error_count()} errors)"
        ) from None
