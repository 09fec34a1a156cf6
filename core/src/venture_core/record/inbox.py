"""The inbox of a consumer: whoever writes to Postgres handles every event once, whatever happens.

The event's id is written in the transaction of the handling. An event that comes again, after a
crash or from the dead letters, is found there. What lies before the consumer's position
(`venture_core.record.consumption`) never reaches a handler again, but from the dead letters; so the
inbox forgets only that, and only when no dead letter can bring it back.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncpg

    from venture_core.messaging.delivery import Delivery

_ENTER = """
INSERT INTO record.consumer_inbox (consumer, event_id, log_index) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING true
"""
_PRUNE = """
DELETE FROM record.consumer_inbox i
WHERE i.consumer = $1 AND i.handled_at < clock_timestamp() - make_interval(days => $2)
  AND coalesce(i.log_index, 0) < (
    SELECT p.next_log_index FROM record.consumer_positions p WHERE p.consumer = $1)
"""
KEEP_DAYS: Final = 90
"""How late an event may come back from the dead letters: longer than they are kept."""


class Inbox:
    """What one consumer has handled."""

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer

    async def enter(self, connection: asyncpg.Connection, delivery: Delivery) -> bool:
        """Note an event as handled by the transaction in progress; False where it was before.

        A second transaction with the same event waits for the first to end.
        """
        if not connection.is_in_transaction():
            raise ValueError("an inbox is entered in the transaction that handles the event")
        event_id = delivery.event.event_id
        return bool(await connection.fetchval(_ENTER, self._consumer, event_id, delivery.log_index))

    async def prune(self, connection: asyncpg.Connection, *, keep_days: int = KEEP_DAYS) -> None:
        """Forget what was handled more than `keep_days` ago and lies before the position."""
        await connection.execute(_PRUNE, self._consumer, keep_days)
