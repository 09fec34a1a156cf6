"""The record of events, as the reconciler writes to it."""

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import asyncpg
import structlog
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    wait_random_exponential,
)
from venture_core.events.envelope import EventEnvelopeV1, Service
from venture_core.record.append import AppendError, AppendRefusedError, Fence, StaleEpochError
from venture_core.record.database import Role, connect, service_role
from venture_core.record.living import LivingBuild, living_builds
from venture_core.record.producer import EventProducer
from venture_crds.v1alpha1.reasons import CommonReason

from venture_operator.domain.facts import event_id
from venture_operator.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from datetime import datetime

    from pydantic import SecretStr

    from venture_operator.domain.facts import Fact, Subject

ANSWER_SECONDS: Final = 2.0
"""How long an append may take. Only the first that meets a database that is away waits so long."""
ASK_AGAIN_SECONDS: Final = 1.0
"""How often a database that is away is asked again; whoever needs it meanwhile is told at once."""

log = structlog.get_logger(__name__)


class Record:
    """Turns facts into events and appends them, each exactly once."""

    def __init__(self, url: SecretStr, *, reporter: str, on_lost: Callable[[], None]) -> None:
        """Call `on_lost` when the database falls silent: whoever waits can say so."""
        self._url = url
        self._on_lost = on_lost
        self._reporter = reporter
        self._producer: EventProducer | None = None
        self._away = "the record of events is not open yet: its database was not reached so far"
        """Why nothing can be recorded; empty while it can."""
        self._lost = asyncio.Event()
        """Set when the database fell silent, until it answers."""

    @asynccontextmanager
    async def lead(self, *, writer: str, epoch: int) -> AsyncIterator[None]:
        """Hold the record open for this leader; an earlier one's appends fail from here on.

        Waits for the database and its schema, however long they take: a release installs the
        operator before it has migrated the database. Raises StaleEpochError where a later leader
        has begun.
        """
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(_may_pass),
            wait=wait_random_exponential(multiplier=0.5, max=5),
            before_sleep=_say_what_is_missing,
        ):
            with attempt:
                producer = EventProducer(
                    self._url,
                    name=self._reporter,
                    fence=Fence(writer, epoch),
                    give_up_after_seconds=ANSWER_SECONDS,
                )
                await producer.__aenter__()
        self._producer, self._away = producer, ""
        asking = asyncio.create_task(self._ask_while_lost())
        try:
            yield
        finally:
            asking.cancel()
            self._producer, self._away = None, "the record of events is closed"
            await producer.__aexit__(None, None, None)

    async def hold(self, *, writer: str, epoch: int) -> None:
        """Keep it open until cancelled, as `lead` does."""
        async with self.lead(writer=writer, epoch=epoch):
            await asyncio.Event().wait()

    async def append(self, subject: Subject, facts: Sequence[Fact], now: datetime) -> None:
        """Append facts in their order; return when they are durable.

        Raises TransientError when the database does not answer, AppendRefusedError when it will
        not have them: then the decision they report must not be carried out.
        """
        if not facts:
            return
        self.require()
        if self._producer is None:
            raise AssertionError("required above")
        events = [_event(subject, fact, now) for fact in facts]
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._producer.append_all(events)
        except AppendRefusedError:
            raise
        except (AppendError, TimeoutError) as error:
            was_there, self._away = not self._away, _sentence(error)
            self._lost.set()
            if was_there:
                self._on_lost()
            raise TransientError(CommonReason.RECORD_UNAVAILABLE, self._away) from error

    async def living_builds(self) -> AsyncIterator[LivingBuild]:
        """Yield the builds of which the record tells no end. Raises TransientError."""
        try:
            connection = await connect(
                self._url, service_role(Service.ORCHESTRATOR), name=self._reporter
            )
            try:
                async for build in living_builds(connection):
                    yield build
            finally:
                await connection.close()
        except (OSError, asyncpg.PostgresError) as error:
            raise TransientError(CommonReason.RECORD_UNAVAILABLE, str(error)) from error

    def require(self) -> None:
        """Raise TransientError while nothing can be recorded: then nothing is begun."""
        if self._away:
            raise TransientError(CommonReason.RECORD_UNAVAILABLE, self._away)

    async def _ask_while_lost(self) -> None:
        """Ask a database that fell silent until it answers; nobody else has to wait for it."""
        while True:
            await self._lost.wait()
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    connection = await connect(self._url, Role.PRODUCER, name=self._reporter)
                    await connection.close()
            except OSError, asyncpg.PostgresError:
                await asyncio.sleep(ASK_AGAIN_SECONDS)
                continue
            self._lost.clear()
            self._away = ""


def _event(subject: Subject, fact: Fact, now: datetime) -> EventEnvelopeV1:
    return EventEnvelopeV1(
        event_id=event_id(subject, fact),
        event_type=fact.event_type,
        trace_id=subject.trace_id,
        workflow_id=subject.workflow_id,
        task_id=fact.payload.envelope_ids().get("task_id", subject.task_id),
        policy_bundle_id=subject.policy_bundle_id,
        source_service=Service.ORCHESTRATOR,
        payload=fact.payload.model_dump(mode="json", by_alias=True),
        created_at=now,
    )


def _sentence(error: Exception) -> str:
    """Say for a person why nothing is recorded."""
    cause = error.__cause__
    why = getattr(cause, "strerror", None) or str(cause or "") or "no answer"
    return f"the database of the record does not answer ({why}), and nothing starts unrecorded"


def _may_pass(error: BaseException) -> bool:
    """Tell a database or schema that is not there yet from an epoch that is over."""
    missing = isinstance(error, (OSError, asyncpg.PostgresError, AppendError))
    return missing and not isinstance(error, StaleEpochError)


def _say_what_is_missing(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("record_unavailable", error=f"{type(error).__name__}: {error}")
