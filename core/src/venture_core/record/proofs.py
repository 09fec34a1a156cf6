"""Proofs about the log, made from what the database keeps; verified by `venture_core.events`."""

from typing import TYPE_CHECKING

from venture_core.events.chain import GENESIS_HASH
from venture_core.events.checkpoint import Checkpoint
from venture_core.events.merkle import assemble, consistency_plan, inclusion_plan
from venture_core.events.prove import EventProof
from venture_core.record.lognodes import load_nodes
from venture_core.record.reading import covering_checkpoint, find_event

if TYPE_CHECKING:
    from uuid import UUID

    import asyncpg


class CannotProveError(Exception):
    """There is no such event, it has no signed place in the log yet, or its bytes are gone."""


async def prove_event(connection: asyncpg.Connection, event_id: UUID) -> EventProof:
    """Return the proof that an event is in the log, under the first checkpoint that covers it.

    Raises CannotProveError, and MissingNodeError where the log is damaged.
    """
    event = await find_event(connection, event_id)
    if event is None:
        raise CannotProveError(f"there is no event {event_id} in the record")
    if event.log_index is None:
        raise CannotProveError(f"event {event_id} has no place in the log yet: try again")
    if event.canonical is None:
        raise CannotProveError(
            f"the record no longer holds event {event_id} of {event.appended_at:%Y-%m}; where that "
            "month is archived, its bundle holds it"
        )
    note = await covering_checkpoint(connection, event.log_index)
    if note is None:
        raise CannotProveError(f"no checkpoint covers event {event_id} yet: try again")
    size = Checkpoint.parse(note.split("\n\n")[0] + "\n").size
    plan = inclusion_plan(event.log_index, size)
    return EventProof(
        canonical=event.canonical,
        seq=event.seq,
        prev=event.prev or GENESIS_HASH,
        log_index=event.log_index,
        hashes=tuple(assemble(plan, await load_nodes(connection, plan.nodes))),
        note=note.encode(),
    )


async def prove_consistency(
    connection: asyncpg.Connection, old_size: int, new_size: int
) -> list[bytes]:
    """Return the proof that the log of `old_size` events is a prefix of the later one.

    Raises ProofError where there can be none, MissingNodeError where the log is not that long.
    """
    plan = consistency_plan(old_size, new_size)
    return assemble(plan, await load_nodes(connection, plan.nodes))
