"""The journal of agents' calls of tools: begun before their effect, answered after it, for ever.

A call that is made again is answered as it was the first time. One that was begun and has no answer
is performed again: what it does is named by it, so that it is done once.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from venture_core.record.calls import Calls, NoAnswerError
from venture_core.record.database import service_role

if TYPE_CHECKING:
    from uuid import UUID

    from pydantic import SecretStr

    from venture_core.events.envelope import Service

MAX_ANSWER_BYTES: Final = 640 * 1024

_BEGIN: Final = "SELECT record.begin_tool_call($1, $2, $3, $4, $5)"
_FINISH: Final = "SELECT record.finish_tool_call($1, $2, $3)"


class JournalUnavailableError(Exception):
    """The database does not answer: nothing may be done."""


class Standing(StrEnum):
    """Where a call stands when it is asked for."""

    BEGUN = "Begun"
    """It is to be performed."""
    ANSWERED = "Answered"
    OTHER = "Other"
    """Its id names a call with other input."""
    TOO_OFTEN = "TooOften"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the journal has of a call."""

    standing: Standing
    answer: str | None
    """What it was answered; None until it was."""


class ToolCalls:
    """Writes the journal, with the login of a service."""

    def __init__(self, url: SecretStr, *, service: Service, name: str) -> None:
        """Connect as `service`, whose role the login has; `name` shows in the list of sessions."""
        self._calls = Calls(url, role=service_role(service), name=name)

    async def begin(
        self,
        task_id: UUID,
        call_id: UUID,
        tool: str,
        input_digest: bytes,
        calls_per_minute: int | None,
    ) -> Entry:
        """Note that a call is about to be performed, unless it was.

        Raises JournalUnavailableError.
        """
        found = await self._ask(_BEGIN, task_id, call_id, tool, input_digest, calls_per_minute)
        said = json.loads(found)
        return Entry(Standing(said["standing"]), said.get("answer"))

    async def finish(self, task_id: UUID, call_id: UUID, answer: str) -> str:
        """Note what a call came to; return the answer that stands, which is the first one.

        Raises JournalUnavailableError.
        """
        return (await self._ask(_FINISH, task_id, call_id, answer)).decode()

    async def close(self) -> None:
        """Drop the connection."""
        await self._calls.close()

    async def _ask(self, statement: str, *arguments: object) -> bytes:
        try:
            found = await self._calls.ask(statement, *arguments)
        except NoAnswerError as error:
            raise JournalUnavailableError(f"the journal does not answer: {error}") from error
        if found is None:
            raise JournalUnavailableError("the journal has no such call")
        return found
