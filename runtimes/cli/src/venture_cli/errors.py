"""How commands end: exit codes, and failures said in one sentence with a next step."""

import enum
from typing import Self, override


class ExitCode(enum.IntEnum):
    """What the shell sees. Stable: a number never changes its meaning."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        """Make a member that is the number and knows its meaning."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    OK = 0, "Done."
    FAILURE = 1, "Something failed that no other code names; the message says what."
    USAGE = 2, "The command line is wrong: an unknown option, a missing file, a contradiction."
    NOT_FOUND = 3, "The object does not exist, or is gone."
    BUILD_FAILED = 4, "It cannot be built: invalid document, failed gate, or stalled build."
    VERIFICATION_FAILED = 5, "The bytes are not what a trusted key signed."
    TIMEOUT = 6, "The time of --timeout passed; a build in the cluster goes on."
    UNREACHABLE = 7, "The cluster, the store or the record does not answer, or none is configured."
    DENIED = 8, "The credentials are refused, or lack a permission."
    INTERRUPTED = 130, "Ctrl-C; a build in the cluster goes on."


class CliError(Exception):
    """An expected failure: what happened, its details, and what to do next."""

    def __init__(
        self,
        message: str,
        code: ExitCode = ExitCode.FAILURE,
        *,
        details: tuple[str, ...] = (),
        next_step: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.details = details
        """One line each, such as the findings of a gate."""
        self.next_step = next_step

    @override
    def __str__(self) -> str:
        return self.message
