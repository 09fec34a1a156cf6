"""How a compile can fail, and what each failure tells the operator."""

from typing import TYPE_CHECKING

from venture_core.artifacts.jobcontract import (
    EXIT_TRANSIENT,
    EXIT_USER_ERROR,
    JobError,
    JobGateResult,
    Stage,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_MESSAGE = 1000
MAX_POINTER = 256


class CompileError(Exception):
    """The compile failed; holds what the result says: stage, reason, message, place."""

    exit_code = EXIT_USER_ERROR

    def __init__(
        self,
        stage: Stage,
        reason: str,
        message: str,
        *,
        pointer: str | None = None,
        gates: Iterable[JobGateResult] = (),
    ) -> None:
        super().__init__(message)
        self.gates = tuple(gates)
        self.error = JobError(
            stage=stage,
            reason=reason,
            message=message[:MAX_MESSAGE],
            pointer=pointer[:MAX_POINTER] if pointer is not None else None,
        )


class TransientCompileError(CompileError):
    """Network or storage failed: the same request may succeed later."""

    exit_code = EXIT_TRANSIENT
