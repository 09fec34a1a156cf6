"""The inbox of a consumer: whoever writes to Postgres handles every event once, whatever happens.

The event's id is written in the transaction of the handling. An event that comes again, after a
crash or from the dead letters, is found there. What lies before the consumer's position
(`venture_core.record.consumption`) never reaches a handler again, but from the dead letters; so the
inbox forgets only that, and only when no dead letter can bring it back.
"""

from typing import TYPE_CHECKING, Final

from venture_core.messaging.handling import CannotHandleError, RecordReplacedError
from venture_core.record.states import STATE, read_state

if TYPE_CHECKING:
    import asyncpg

    from venture_core.messaging.delivery import Delivery

_ENTER = f"""
INSERT INTO record.consumer_inbox (consumer, event_id, log_index)
SELECT $1, $2, $3 FROM record.log_index WHERE log_index = $3 AND event_hash = $4
  AND coalesce($5 = {STATE}, true)
ON CONFLICT DO NOTHING RETURNING true
"""  # noqa: S608
_RECORDED = "SELECT EXISTS (SELECT FROM record.log_index WHERE log_index = $1 AND event_hash = $2)"
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

        A second transaction with the same event waits for the first to end. Raises
        RecordReplacedError where this is another state of the database than the one that knew the
        event: it may have forgotten what was handled before, which has to come first. Raises
        CannotHandleError where the record has no such event: nobody may be told of it.
        """
        if not connection.is_in_transaction():
            raise ValueError("an inbox is entered in the transaction that handles the event")
        place = (delivery.log_index, bytes.fromhex(delivery.event.this_event_hash or ""))
        entry = (self._consumer, delivery.event.event_id, *place, delivery.state)
        if await connection.fetchval(_ENTER, *entry):
            return True
        if delivery.state not in {None, await read_state(connection)}:
            raise RecordReplacedError("another state of the database is there than had this event")
        if not await connection.fetchval(_RECORDED, *place):
            raise CannotHandleError(f"the record has no such event at log index {place[0]}")
        return False

    async def prune(self, connection: asyncpg.Connection, *, keep_days: int = KEEP_DAYS) -> None:
        """Forget what was handled more than `keep_days` ago and lies before the position."""
        await connection.execute(_PRUNE, self._consumer, keep_days)
