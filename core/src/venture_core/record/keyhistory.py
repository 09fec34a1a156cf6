"""Which key signed which sizes of the log, as the database has it: where a policy starts from.

It proves nothing: whoever takes a policy from the database compares its keys by another way once.
"""

from typing import TYPE_CHECKING, Final

from venture_core.events.notes import NoteFormatError, NoteSignatureError, open_note
from venture_core.events.policy import LogKey
from venture_core.record.reading import log_keys

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import asyncpg

    from venture_core.events.notes import NoteVerifier

_NEWEST: Final = "SELECT size, note FROM record.checkpoints ORDER BY size DESC LIMIT 1"
_FROM: Final = "SELECT size, note FROM record.checkpoints WHERE size >= $1 ORDER BY size LIMIT 1"
_UP_TO: Final = "SELECT max(size) FROM record.checkpoints WHERE size < $1"


async def key_history(connection: asyncpg.Connection) -> list[LogKey]:
    """Return the log's keys, oldest first, each with the sizes of the checkpoints it signed.

    Keys follow one another: one that was replaced signs nothing any more. Each border is found by
    looking at a few checkpoints, however many there are.
    """
    keys = await log_keys(connection)
    newest = await connection.fetchrow(_NEWEST)
    if newest is None:
        return [LogKey(each) for each in keys]
    end = newest["size"]

    async def signers(size: int) -> list[int]:
        """Say which keys, by their place, signed the first checkpoint of at least that size."""
        row = await connection.fetchrow(_FROM, size)
        return [] if row is None else _signers(row["note"], keys)

    in_use = _signers(newest["note"], keys)
    history = []
    for place, key in enumerate(keys):
        first = 0 if place == 0 else await _first(end, _reached(signers, place))
        last = None
        if place not in in_use:
            # The first size that only later keys signed is beyond this one's last.
            beyond = await _first(end, _left(signers, place))
            last = await connection.fetchval(_UP_TO, beyond)
        history.append(LogKey(key, first, last))
    return [each for each in history if each.last is None or each.first <= each.last]


def _signers(note: str, keys: Sequence[NoteVerifier]) -> list[int]:
    try:
        opened = open_note(note.encode(), keys)
    except NoteFormatError, NoteSignatureError:
        return []
    return [place for place, key in enumerate(keys) if key in opened.signers]


def _reached(
    signers: Callable[[int], Awaitable[list[int]]], place: int
) -> Callable[[int], Awaitable[bool]]:
    async def holds(size: int) -> bool:
        return max(await signers(size), default=-1) >= place

    return holds


def _left(
    signers: Callable[[int], Awaitable[list[int]]], place: int
) -> Callable[[int], Awaitable[bool]]:
    async def holds(size: int) -> bool:
        return min(await signers(size), default=-1) > place

    return holds


async def _first(end: int, holds: Callable[[int], Awaitable[bool]]) -> int:
    """Return the smallest size from which on something holds; it holds at `end`, or nowhere."""
    low, high = 0, end
    while low < high:
        middle = (low + high) // 2
        if await holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
