"""The inbox of a consumer: whoever writes to Postgres handles every event once, whatever happens.

The event's id is written in the transaction of the handling. An event that comes again, after a
crash or from the dead letters, is found there.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from uuid import UUID

    import asyncpg

_ENTER = """
INSERT INTO record.consumer_inbox (consumer, event_id) VALUES ($1, $2)
ON CONFLICT DO NOTHING RETURNING true
"""
_PRUNE = """
DELETE FROM record.consumer_inbox
WHERE consumer = $1 AND handled_at < clock_timestamp() - make_interval(days => $2)
"""
KEEP_DAYS: Final = 90
"""How late an event may come again: longer than streams and dead letters keep it."""


class Inbox:
    """What one consumer has handled."""

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer

    async def enter(self, connection: asyncpg.Connection, event_id: UUID) -> bool:
        """Note an event as handled by the transaction in progress; False where it was before.

        A second transaction with the same event waits for the first to end.
        """
        if not connection.is_in_transaction():
            raise ValueError("an inbox is entered in the transaction that handles the event")
        return bool(await connection.fetchval(_ENTER, self._consumer, event_id))

    async def prune(self, connection: asyncpg.Connection, *, keep_days: int = KEEP_DAYS) -> None:
        """Forget what was handled more than `keep_days` ago."""
        await connection.execute(_PRUNE, self._consumer, keep_days)
