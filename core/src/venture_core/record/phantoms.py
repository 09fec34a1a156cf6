"""Phantoms: events that the stream holds and the record does not.

A database that was restored, or failed over with loss, has forgotten events that were published:
consumers have seen them. Each is kept by name until an event of the log says so
(`record.recovery`). A stranger who may publish can forge phantoms, so they are only ever named, and
never believed.
"""

import re
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Final

import structlog
from pydantic import ValidationError

from venture_core.events.envelope import EventEnvelopeV1
from venture_core.record import metrics

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import asyncpg

    from venture_core.messaging.streamread import Stored

MAX_PHANTOMS: Final = 10_000
"""How many are kept at once; what comes on top is only counted."""
NAMED_AT_ONCE: Final = 100
"""How many a line of the log names."""

_KEEP = """
INSERT INTO record.phantoms (log_index, stream_sequence, event_id, workflow_id, event_hash)
SELECT p.* FROM unnest($1::bigint[], $2::bigint[], $3::uuid[], $4::uuid[], $5::bytea[])
  AS p(log_index, stream_sequence, event_id, workflow_id, event_hash)
WHERE NOT EXISTS (SELECT FROM record.event_ids known WHERE known.event_id = p.event_id)
LIMIT $6 - (SELECT count(*) FROM record.phantoms WHERE named_by IS NULL)
ON CONFLICT (event_id) DO NOTHING
RETURNING log_index, event_id
"""
_UNNAMED = "SELECT count(*) FROM record.phantoms WHERE named_by IS NULL"
_MESSAGE_ID: Final = re.compile(r"([0-9a-f-]{36})(\.[0-9]+)?")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Phantom:
    """An event that nobody finds in the record."""

    log_index: int
    stream_sequence: int
    event_id: UUID
    workflow_id: UUID
    event_hash: bytes


def phantom_of(message: Stored) -> Phantom | None:
    """Return the event that a message tells of, if it is one as the relay publishes them."""
    named = _MESSAGE_ID.fullmatch(message.message_id)
    if message.log_index is None or named is None:
        return None
    try:
        event = EventEnvelopeV1.model_validate_json(message.body)
    except ValidationError:
        return None
    if event.this_event_hash is None or named[1] != str(event.event_id):
        return None
    return Phantom(
        message.log_index,
        message.sequence,
        event.event_id,
        event.workflow_id,
        bytes.fromhex(event.this_event_hash),
    )


async def record_phantoms(connection: asyncpg.Connection, phantoms: Sequence[Phantom]) -> None:
    """Keep these names, unless the record knows the event after all, and tell each once.

    The process's log has them too: a database that is lost again forgets what it had found, and the
    stream may have discarded the events by then.
    """
    if phantoms:
        columns = zip(
            *(
                (p.log_index, p.stream_sequence, p.event_id, p.workflow_id, p.event_hash)
                for p in phantoms
            ),
            strict=True,
        )
        async with connection.transaction():
            kept = await connection.fetch(_KEEP, *map(list, columns), MAX_PHANTOMS)
            for rows in batched(kept, NAMED_AT_ONCE, strict=False):
                log.error(
                    "the record lacks events that were published",
                    log_indexes=[row["log_index"] for row in rows],
                    event_ids=[str(row["event_id"]) for row in rows],
                )
    unnamed = await connection.fetchval(_UNNAMED)
    metrics.PHANTOMS.set(unnamed)
    if unnamed:
        log.error(
            "the stream holds events that the record does not: name them by `venture record "
            "recover`",
            phantoms=unnamed,
        )
