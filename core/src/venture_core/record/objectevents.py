"""The events of one object, read by a login that may read nothing else of the record."""

import asyncio
from typing import TYPE_CHECKING, Final

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

from venture_core.record.database import Role, connect
from venture_core.record.failures import may_pass
from venture_core.record.reading import recorded

if TYPE_CHECKING:
    from uuid import UUID

    import asyncpg
    from pydantic import SecretStr

    from venture_core.record.reading import RecordedEvent

MAX_EVENTS: Final = 500
"""How many events one question brings at most."""
_EVENTS = "SELECT * FROM record.venture_object_events($1, $2, $3, $4)"


class ObjectEvents:
    """Reads over one connection, which is made when it is needed and again when it is lost."""

    def __init__(self, url: SecretStr, *, name: str) -> None:
        self._url = url
        self._name = name
        self._connection: asyncpg.Connection | None = None
        self._asking = asyncio.Lock()

    async def of(
        self, workflow_id: UUID, object_uid: UUID, *, after: int, limit: int
    ) -> list[RecordedEvent]:
        """Return the object's events with a `seq` over `after`, in order, at most `limit`.

        Raises OSError and the driver's errors where the database does not answer.
        """
        again = AsyncRetrying(
            retry=retry_if_exception(may_pass), stop=stop_after_attempt(2), reraise=True
        )
        async for attempt in again:
            with attempt:
                async with self._asking:
                    rows = await self._ask(workflow_id, object_uid, after, limit)
                return [recorded(row) for row in rows]
        raise AssertionError("tenacity either returns or raises")

    async def close(self) -> None:
        """Drop the connection."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _ask(self, *arguments: object) -> list[asyncpg.Record]:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._url, Role.CONTENT, name=self._name)
        try:
            rows: list[asyncpg.Record] = await self._connection.fetch(_EVENTS, *arguments)
        except BaseException:
            # Whatever is left of an answer that was not awaited belongs to nobody.
            await self.close()
            raise
        return rows
