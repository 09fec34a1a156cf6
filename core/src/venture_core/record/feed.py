"""What happens in a namespace, read from the log as it grows."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from venture_core.record.calls import Calls, NoAnswerError
from venture_core.record.database import Role

if TYPE_CHECKING:
    from pydantic import SecretStr

_NEXT: Final = "SELECT record.namespace_events($1, $2)"
_END: Final = "SELECT record.log_end()"


class FeedUnavailableError(Exception):
    """The record does not answer."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of the namespace, and its place in the log."""

    index: int
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a part of the log has of a namespace."""

    last: int
    """The last place that was looked at: where the next part begins after."""
    events: tuple[Happening, ...]


class Feed:
    """Reads with the control-plane API's login. All raise FeedUnavailableError."""

    def __init__(self, url: SecretStr, *, name: str) -> None:
        self._calls = Calls(url, role=Role.CONTENT, name=name)

    async def after(self, namespace: str, index: int) -> Stretch:
        """Return a namespace's events among the next places of the log, at most 200 of them."""
        found = json.loads(await self._ask(_NEXT, namespace, index))
        events = tuple(Happening(each["index"], each["event"]) for each in found["events"])
        return Stretch(found["last"], events)

    async def end(self) -> int:
        """Return the last place of the log, -1 while it is empty."""
        return int(await self._ask(_END))

    async def close(self) -> None:
        """Drop the connection."""
        await self._calls.close()

    async def _ask(self, statement: str, *arguments: object) -> bytes:
        try:
            found = await self._calls.ask(statement, *arguments)
        except NoAnswerError as error:
            raise FeedUnavailableError(f"the record does not answer: {error}") from error
        return found or b"null"
