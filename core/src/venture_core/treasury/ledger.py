"""`Ledger`: has operations decided by the database, many at once, each once by its id.

Whatever comes while a transaction is in flight goes into the next: under load hundreds share one
flush to disk. The decision, its events and the answers to be given again are one transaction.
"""

import asyncio
import json
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self, override
from uuid import UUID, uuid7

import asyncpg
import structlog

from venture_core.record.append import Canonical
from venture_core.record.coalescing import Coalescing
from venture_core.record.database import Role, connect, patiently
from venture_core.record.failures import ends_connection, may_pass
from venture_core.treasury import metrics
from venture_core.treasury.answers import Answer, Outcome, answer_to
from venture_core.treasury.facts import events_of, expired_event
from venture_core.treasury.ids import workflow_budget_id
from venture_core.treasury.operations import ONLY_DONE, Kind, Operation
from venture_core.treasury.reasons import ReasonCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType

    from pydantic import SecretStr

    from venture_core.events.envelope import EventEnvelopeV1

MAX_PER_TRANSACTION: Final = 200
"""More gains nothing and makes everybody in it wait longer."""
MAX_WAITING: Final = 5_000
"""How many operations may wait in a process before further ones wait to begin."""

_DECIDE: Final = "SELECT * FROM treasury.decide($1::jsonb)"
_CONCLUDE: Final = "SELECT treasury.conclude($1, $2, $3, $4, $5, $6, $7)"
_INTENTS: Final = """
  SELECT (
    SELECT b.budget_id FROM treasury.budgets b
    WHERE b.parent_id = asked.budget AND b.name = asked.name AND b.kind = 'Intent'
    ORDER BY b.opened_at DESC LIMIT 1
  ) FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS asked (budget, name, place)
  ORDER BY place
"""
_NO_INTENT: Final = str(UUID(int=0))
"""One that is not there is refused where the refusal is recorded."""

log = structlog.get_logger(__name__)


class LedgerUnavailableError(Exception):
    """The database did not answer in time: whether it was done is unknown. The same again tells."""


class OtherInputError(Exception):
    """The operation's id was used for something else."""


@dataclass(slots=True)
class _Waiting:
    """An operation on its way, and who waits for it."""

    operation: Operation
    done: asyncio.Future[Answer]
    since: float = field(default_factory=time.perf_counter)


@dataclass(slots=True)
class _Transaction:
    """What a transaction keeps besides what the decision itself wrote."""

    operations: list[tuple[UUID, bytes, int, bytes]] = field(default_factory=list)
    events: list[Canonical] = field(default_factory=list)

    def columns(self) -> list[list[object]]:
        """Return the arguments of treasury.conclude."""
        kept: list[list[object]] = [list(each) for each in zip(*self.operations, strict=True)]
        said: list[list[object]] = [list(each) for each in zip(*self.events, strict=True)]
        return [*(kept or [[] for _ in range(4)]), *(said or [[] for _ in range(3)])]


class _Lane(Coalescing[_Waiting]):
    """One connection: one transaction at a time."""

    def __init__(self, url: SecretStr, *, name: str, give_up_after_seconds: float) -> None:
        super().__init__()
        self._url = url
        self._name = name
        self._give_up_after_seconds = give_up_after_seconds

    @override
    def _next_batch(self) -> list[_Waiting]:
        """Take as many as go together; the same operation twice goes into two transactions."""
        batch: dict[UUID, _Waiting] = {}
        later: list[_Waiting] = []
        while self._queue and len(batch) < MAX_PER_TRANSACTION:
            waiting = self._queue.popleft()
            if waiting.operation.id in batch:
                later.append(waiting)
            else:
                batch[waiting.operation.id] = waiting
        self._queue.extendleft(reversed(later))
        return list(batch.values())

    @override
    async def _settle(self, batch: list[_Waiting]) -> None:
        try:
            answers = await self._decide([each.operation for each in batch])
        except LedgerUnavailableError as error:
            _fail(batch, error)
        except Exception as error:
            # It will not pass, and a transaction fails as a whole: find whose fault it is.
            if len(batch) == 1:
                log.exception("the ledger refused an operation", kind=batch[0].operation.kind)
                _fail(batch, error)
                return
            for each in batch:
                await self._settle([each])
        else:
            metrics.DECISION_BATCH.observe(len(batch))
            for each in batch:
                metrics.DECISION_SECONDS.observe(time.perf_counter() - each.since)
                _succeed(each, answers[each.operation.id])

    async def _decide(self, operations: Sequence[Operation]) -> Mapping[UUID, Answer | Exception]:
        try:
            async for attempt in patiently(self._give_up_after_seconds):
                with attempt:
                    return await self._try(operations)
        except Exception as error:
            if not may_pass(error):
                raise
            raise LedgerUnavailableError(f"the database did not take it: {error!r}") from error
        raise AssertionError

    async def _try(self, operations: Sequence[Operation]) -> Mapping[UUID, Answer | Exception]:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._url, Role.TREASURY, name=self._name)
        try:
            return await _transact(self._connection, operations)
        except asyncpg.UniqueViolationError as error:
            # Another process decided the same operation meanwhile; the next look finds it.
            raise asyncpg.SerializationError(str(error)) from error
        except BaseException as error:
            if ends_connection(error) or not isinstance(error, asyncpg.PostgresError):
                self._drop_connection()
            raise


async def _transact(
    connection: asyncpg.Connection, operations: Sequence[Operation]
) -> Mapping[UUID, Answer | Exception]:
    """Decide and conclude in one transaction; return the answers once it is durable."""
    by_id = {each.id: each for each in operations}
    answers: dict[UUID, Answer | Exception] = {}
    kept = _Transaction()
    decided: list[tuple[str, str]] = []
    async with connection.transaction():
        given = await _given(connection, operations)
        rows = await connection.fetch(_DECIDE, json.dumps(given))
        now = datetime.now(UTC)
        for row in rows:
            operation = by_id.get(row["operation_id"])
            if row["code"] == "KNOWN":
                answers[row["operation_id"]] = _known(by_id[row["operation_id"]], row)
                continue
            facts = json.loads(row["facts"]) if row["facts"] else {}
            outcome = Outcome(row["operation_id"], ReasonCode(row["code"]), facts)
            if operation is None:
                kept.events.append(_canonical(expired_event(outcome, now)))
                continue
            answers[operation.id] = answer = answer_to(operation, outcome)
            decided.append((operation.kind, outcome.code))
            if answer.is_refusal and operation.kind in ONLY_DONE:
                continue
            kept.operations.append(
                (operation.id, bytes.fromhex(operation.input_hash), answer.status, answer.body)
            )
            kept.events += map(_canonical, events_of(operation, outcome, now))
        if kept.operations or kept.events:
            await connection.fetch(_CONCLUDE, *kept.columns())
    for kind, code in decided:
        metrics.DECISIONS.labels(kind, code).inc()
    metrics.EXPIRED.inc(sum(row["operation_id"] not in by_id for row in rows))
    return answers | {each.id: Answer(204, b"") for each in operations if each.kind is Kind.SWEEP}


async def _given(
    connection: asyncpg.Connection, operations: Sequence[Operation]
) -> list[dict[str, Any]]:
    """Return the operations as the database takes them, the intents that they name found.

    Here, all of a transaction are one look.
    """
    given = [each.to_json() for each in operations]
    named = [
        ((each.chain, each.intent), body)
        for each, body in zip(operations, given, strict=True)
        if each.chain is not None and each.intent is not None
    ]
    if not named:
        return given
    names = list(dict.fromkeys(name for name, _ in named))
    budgets = [workflow_budget_id(workflow, "Cash") for workflow, _ in names]
    rows = await connection.fetch(_INTENTS, budgets, [intent for _, intent in names])
    found = {name: str(row[0] or _NO_INTENT) for name, row in zip(names, rows, strict=True)}
    for name, body in named:
        body["budget"] = found[name]
    return given


def _canonical(event: EventEnvelopeV1) -> Canonical:
    return Canonical(event.event_id, event.workflow_id, event.canonical_bytes())


def _known(operation: Operation, row: asyncpg.Record) -> Answer | Exception:
    if row["input_hash"].hex() != operation.input_hash:
        return OtherInputError("the same key was used with another body")
    return Answer(row["status"], row["answer"], again=True)


def _succeed(waiting: _Waiting, answer: Answer | Exception) -> None:
    if waiting.done.done():
        return
    if isinstance(answer, Exception):
        waiting.done.set_exception(answer)
    else:
        waiting.done.set_result(answer)


def _fail(batch: Iterable[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.done.done():
            waiting.done.set_exception(error)


class Ledger:
    """Has operations decided; an async context manager."""

    def __init__(self, url: SecretStr, *, name: str, give_up_after_seconds: float = 20.0) -> None:
        self._lane = _Lane(url, name=name, give_up_after_seconds=give_up_after_seconds)
        self._room = asyncio.Semaphore(MAX_WAITING)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Begin. The database is reached when there is something to decide."""
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        group.create_task(self._lane.run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Decide what is left, and stop."""
        self._lane.close()
        await self._stack.__aexit__(None, None, None)

    async def decide(self, operation: Operation) -> Answer:
        """Return the answer to an operation, once it is durable; the first one, where it is known.

        Raises LedgerUnavailableError, OtherInputError where its id was used for another input.
        """
        async with self._room:
            waiting = _Waiting(operation, asyncio.get_running_loop().create_future())
            self._lane.put(waiting)
            # Whoever asked may go away; what they asked for is decided all the same.
            return await asyncio.shield(waiting.done)

    async def sweep(self) -> None:
        """Release what is over, and record it."""
        await self.decide(Operation(id=uuid7(), kind=Kind.SWEEP, input_hash=""))
