"""Going on after a loss: a new epoch of the log, which says what is no more.

The sequencer finds that the log contradicts what it signed, notes that in the database, and stands
still with the relay. Bringing the lost state back is better: then both go on by themselves. Where
it is gone, somebody decides so here. The decision is a row that names the contradicted checkpoint,
and events of the log; the sequencer signs for the epoch and keeps that outside the database too. So
nobody can make a log go on without everybody seeing it.
"""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid7

from venture_core.events.types import REGISTRY
from venture_core.events.types.control import (
    MAX_NAMED,
    RECORD_ID,
    RecordPhantomsV1,
    RecordRecoveredV1,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import asyncpg

    from venture_core.events.envelope import EventEnvelopeV1
    from venture_core.events.models import EventPayload

MAX_REASON: Final = 500

_LOSS = """
SELECT c.* FROM record.contradictions c
WHERE c.log_size = (SELECT coalesce(max(log_index) + 1, 0) FROM record.log_index)
  AND NOT EXISTS (SELECT FROM record.recoveries r
    WHERE r.lost_size = c.anchor_size AND r.lost_root = c.anchor_root)
ORDER BY c.found_at DESC LIMIT 1
"""
_EPOCH = "SELECT coalesce(max(epoch), 0) FROM record.recoveries"
_PHANTOMS = """
SELECT event_id FROM record.phantoms WHERE named_by IS NULL ORDER BY log_index, event_id
"""
_RECOVER = "SELECT record.venture_recover($1, $2, $3, $4, $5, $6, $7, $8)"


class NothingToRecoverError(Exception):
    """The sequencer has found no contradiction of the log as it is now, and no phantom waits."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What is known to be lost."""

    kept_size: int
    lost_size: int
    lost_root: bytes
    lost_note: str
    """The checkpoint that the log contradicts, as it was signed."""
    found_at: datetime


@dataclass(frozen=True, slots=True)
class Damage:
    """What a recovery would say."""

    epoch: int
    """The log's epoch now."""
    loss: Loss | None
    """None where the log is whole, and only phantoms wait to be named."""
    phantoms: Sequence[UUID]


async def find_damage(connection: asyncpg.Connection) -> Damage:
    """Return what is to be recovered from; NothingToRecoverError where there is nothing."""
    row = await connection.fetchrow(_LOSS)
    phantoms = [each["event_id"] for each in await connection.fetch(_PHANTOMS)]
    if row is None and not phantoms:
        raise NothingToRecoverError(
            "the sequencer has found no contradiction of the log as it is now, and the relay no "
            "event that the record lacks"
        )
    loss = None if row is None else _loss(row)
    return Damage(await connection.fetchval(_EPOCH), loss, phantoms)


async def recover(
    connection: asyncpg.Connection, damage: Damage, *, who: str, reason: str, now: datetime
) -> int:
    """Begin the epoch that goes on from the damage, and name the phantoms; return the epoch.

    The connection acts as venture_recovery. All of it happens or nothing. Raises
    asyncpg.RaiseError where the log has changed since the damage was found.
    """
    events = [_new_event(payload, now) for payload in _payloads(damage)]
    loss = damage.loss
    epoch: int | None = await connection.fetchval(
        _RECOVER,
        None if loss is None else loss.lost_size,
        None if loss is None else loss.lost_root,
        who,
        reason[:MAX_REASON],
        list(damage.phantoms),
        [each.event_id for each in events],
        [each.workflow_id for each in events],
        [each.canonical_bytes() for each in events],
    )
    return damage.epoch if epoch is None else epoch


def _payloads(damage: Damage) -> list[EventPayload]:
    payloads: list[EventPayload] = []
    if damage.loss is not None:
        payloads.append(
            RecordRecoveredV1(
                epoch=damage.epoch + 1,
                kept_size=damage.loss.kept_size,
                lost_size=damage.loss.lost_size,
                lost_root=f"sha256:{damage.loss.lost_root.hex()}",
                lost_note_digest=f"sha256:{hashlib.sha256(damage.loss.lost_note.encode()).hexdigest()}",
                phantoms=len(damage.phantoms),
            )
        )
    for first in range(0, len(damage.phantoms), MAX_NAMED):
        named = tuple(damage.phantoms[first : first + MAX_NAMED])
        payloads.append(RecordPhantomsV1(event_ids=named))
    return payloads


def _new_event(payload: EventPayload, now: datetime) -> EventEnvelopeV1:
    return REGISTRY.new_event(
        payload, event_id=uuid7(), trace_id=RECORD_ID, workflow_id=RECORD_ID, created_at=now
    )


def _loss(row: asyncpg.Record) -> Loss:
    return Loss(
        kept_size=row["kept_size"],
        lost_size=row["anchor_size"],
        lost_root=row["anchor_root"],
        lost_note=row["anchor_note"],
        found_at=row["found_at"],
    )
