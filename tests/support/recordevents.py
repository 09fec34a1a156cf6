"""Events for the tests of the record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid7

from venture_core.events.types import REGISTRY
from venture_core.events.types.artifact import BuildStartedV1

if TYPE_CHECKING:
    import asyncpg
    from venture_core.events.envelope import EventEnvelopeV1

CACHE_KEY = "sha256:" + "ab" * 32


def started(
    workflow_id: UUID, number: int, *, event_id: UUID | None = None, job: str | None = None
) -> EventEnvelopeV1:
    """Return the event that attempt `number` of the build `workflow_id` was started."""
    return REGISTRY.new_event(
        BuildStartedV1(
            namespace="default",
            name="board-deck",
            uid=workflow_id,
            generation=1,
            attempt=number,
            job=job or f"board-deck-compile-{number}",
            cache_key=CACHE_KEY,
        ),
        event_id=event_id or uuid7(),
        trace_id=UUID(int=workflow_id.int ^ 1),
        workflow_id=workflow_id,
        created_at=datetime.now(UTC),
    )


async def believe_everything(superuser: asyncpg.Connection) -> None:
    """Take the checks out of the append function, as whoever owns the database could."""
    await superuser.execute(
        "CREATE OR REPLACE FUNCTION record.check_events(p_event_ids uuid[], p_workflow_ids uuid[], "
        "p_canonicals bytea[]) RETURNS void LANGUAGE sql AS 'SELECT'"
    )
