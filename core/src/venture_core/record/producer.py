"""`EventProducer`: appends events that stand alone, many at once.

Concurrent appends of one process share calls: no timer delays a lone one, and under load hundreds
share one flush to disk. An event that belongs to a state change in Postgres is appended with
`venture_core.record.append.append_in_transaction` instead.
"""

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, Self

from venture_core.events.types import REGISTRY
from venture_core.record.append import Appended, Canonical, Fence, begin_epoch, canonicalize
from venture_core.record.database import Role, connect_patiently
from venture_core.record.lane import Lane, Waiting

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from pydantic import SecretStr

    from venture_core.events.envelope import EventEnvelopeV1
    from venture_core.events.registry import Registry

LANES: Final = 2
"""One call waits for the disk while another is made. More gain nothing."""

MAX_WAITING: Final = 10_000
"""How many appends may wait in a process before further ones wait to begin."""


class EventProducer:
    """Appends events for one process; an async context manager.

    >>> async with EventProducer(settings.postgres_url, name="venture-operator") as producer:
    ...     appended = await producer.append(event)
    """

    def __init__(
        self,
        url: SecretStr,
        *,
        name: str,
        fence: Fence | None = None,
        registry: Registry = REGISTRY,
        lanes: int = LANES,
        give_up_after_seconds: float = 30.0,
    ) -> None:
        """Prepare a producer.

        `fence` makes appends of an earlier leader of the same writer fail from the moment the
        producer starts. An append that finds no database for `give_up_after_seconds` fails.
        """
        if lanes < 1:
            raise ValueError("a producer has at least one lane")
        self._url = url
        self._name = name
        self._fence = fence
        self._registry = registry
        self._give_up_after_seconds = give_up_after_seconds
        self._lanes = [
            Lane(url, name=name, fence=fence, give_up_after_seconds=give_up_after_seconds)
            for _ in range(lanes)
        ]
        self._room = asyncio.Semaphore(MAX_WAITING)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Begin the epoch, where there is a fence, and start the lanes.

        Raises StaleEpochError where a later leader has begun, and the driver's errors where the
        database cannot be reached to begin. Without a fence it is reached by the first append:
        a service may start before its database, and its logins, are there.
        """
        if self._fence is not None:
            connection = await connect_patiently(
                self._url,
                Role.PRODUCER,
                name=self._name,
                give_up_after_seconds=self._give_up_after_seconds,
            )
            try:
                await begin_epoch(connection, self._fence)
            finally:
                await connection.close()
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        for lane in self._lanes:
            group.create_task(lane.run())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Append what still waits, and end."""
        for lane in self._lanes:
            lane.close()
        # The lanes end by themselves: an error of the caller must not cut their last calls off.
        await self._stack.__aexit__(None, None, None)

    async def append(self, event: EventEnvelopeV1) -> Appended:
        """Append an event; return when it is durable.

        Events of one workflow are appended in the order of these calls. Raises AppendError (not
        known whether it is recorded; the same event again is safe), AppendRefusedError,
        StaleEpochError, and at once what `canonicalize` raises.
        """
        return await self.append_canonical(canonicalize(event, self._registry))

    async def append_all(self, events: Iterable[EventEnvelopeV1]) -> list[Appended]:
        """Append events, each as `append` does; raises the first error once all are settled."""
        canonical = [canonicalize(event, self._registry) for event in events]
        answers = await asyncio.gather(
            *(self.append_canonical(event) for event in canonical), return_exceptions=True
        )
        appended: list[Appended] = []
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            appended.append(answer)
        return appended

    async def append_canonical(self, event: Canonical) -> Appended:
        """Append an event that `canonicalize` returned."""
        async with self._room:
            lane = self._lanes[event.workflow_id.int % len(self._lanes)]
            done: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
            lane.put(Waiting(event, done))
            return await done
