"""Events on their way from the log to the stream: what is published of each, if anything can be."""

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from venture_core.events.chain import FIRST_SEQ
from venture_core.events.envelope import EVENT_TYPE_PATTERN, MAX_EVENT_BYTES, recorded_json
from venture_core.events.registry import EVENT_ROOTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import asyncpg

_ENTRIES = """
SELECT l.log_index, l.seq, l.event_hash, e.event_id, e.prev_event_hash, e.this_event_hash,
  e.canonical, extract(epoch FROM clock_timestamp() - l.appended_at)::float8 AS age,
  e.canonical IS NULL
    AND EXISTS (SELECT FROM record.archives WHERE end_log_index > l.log_index) AS is_archived
FROM ({}) l
LEFT JOIN record.events e ON e.workflow_id = l.workflow_id AND e.seq = l.seq
  AND e.appended_at = l.appended_at
ORDER BY l.log_index
"""
_READ = _ENTRIES.format(
    "SELECT * FROM record.log_index WHERE log_index >= $1 ORDER BY log_index LIMIT $2"
)
_AT = _ENTRIES.format("SELECT * FROM record.log_index WHERE log_index = ANY ($1::bigint[])")
_TYPE: Final = re.compile(EVENT_TYPE_PATTERN)


class UnreadableEventError(ValueError):
    """The record holds bytes that no consumer could take for an event."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An entry of the log as the relay finds it."""

    log_index: int
    seq: int
    logged: bytes
    """The hash that the log holds at this place."""
    event_id: UUID | None
    prev: bytes | None
    hash: bytes | None
    canonical: bytes | None
    """The event's bytes; None where the record holds them no longer."""
    age_seconds: float
    is_archived: bool
    """Whether the bytes lie in an archive instead."""

    def message(self) -> tuple[str, bytes]:
        """Return subject and body of the message that tells of the event.

        Raises UnreadableEventError where there is nothing that could be published.
        """
        if self.canonical is None or self.hash is None:
            raise UnreadableEventError("its bytes are not in the record")
        if len(self.canonical) > MAX_EVENT_BYTES:
            raise UnreadableEventError(f"it has {len(self.canonical)} bytes")
        body = recorded_json(
            self.canonical,
            seq=self.seq,
            prev=self.prev if self.seq > FIRST_SEQ else None,
            this=self.hash,
        )
        return self._subject(self.canonical), body

    def _subject(self, canonical: bytes) -> str:
        try:
            fields = json.loads(canonical)
        except (ValueError, RecursionError) as error:
            raise UnreadableEventError("its bytes are no JSON") from error
        event_type = fields.get("event_type") if isinstance(fields, dict) else None
        if not isinstance(event_type, str) or not canonical.endswith(b"}"):
            raise UnreadableEventError("its bytes are no JSON object with an event_type")
        if not _TYPE.fullmatch(event_type) or event_type.partition(".")[0] not in EVENT_ROOTS:
            raise UnreadableEventError(f"there is no subject for the type {event_type[:128]!r}")
        if fields.get("event_id") != str(self.event_id):
            raise UnreadableEventError("its bytes name another event_id")
        return event_type


async def read_log(connection: asyncpg.Connection, first: int, count: int) -> Sequence[Outgoing]:
    """Return up to `count` entries of the log from log index `first` on, in order."""
    return [_entry(row) for row in await connection.fetch(_READ, first, count)]


async def read_places(
    connection: asyncpg.Connection, log_indexes: Sequence[int]
) -> dict[int, Outgoing]:
    """Return the entries at these places, as far as the log has them."""
    rows = await connection.fetch(_AT, log_indexes)
    return {row["log_index"]: _entry(row) for row in rows}


def _entry(row: asyncpg.Record) -> Outgoing:
    return Outgoing(
        log_index=row["log_index"],
        seq=row["seq"],
        logged=row["event_hash"],
        event_id=row["event_id"],
        prev=row["prev_event_hash"],
        hash=row["this_event_hash"],
        canonical=row["canonical"],
        age_seconds=row["age"],
        is_archived=row["is_archived"],
    )
