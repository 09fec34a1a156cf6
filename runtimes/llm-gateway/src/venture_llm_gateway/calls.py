"""Calls: decided, held for, made, settled and recorded, whether anybody listens or not."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import structlog
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_exponential_jitter,
)
from venture_core.events.types.model import ModelCallOutcome
from venture_core.llm.errors import LlmError, budget_exhausted
from venture_core.llm.orders import Dialect
from venture_core.llm.prices import UnpricedError
from venture_core.policy.decision import ReasonCode

from venture_llm_gateway import metrics
from venture_llm_gateway.channel import Channel
from venture_llm_gateway.decisions import Denial
from venture_llm_gateway.ledger import HoldRefusedError, LedgerUnavailableError
from venture_llm_gateway.run import Run

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from contextlib import AbstractAsyncContextManager

    from venture_core.llm.orders import Order
    from venture_core.llm.prices import Price, PriceTable

    from venture_llm_gateway.answers import Answer
    from venture_llm_gateway.assigned import Assigned
    from venture_llm_gateway.decisions import Judge
    from venture_llm_gateway.ledger import UsageLedger
    from venture_llm_gateway.outcomes import Outcome
    from venture_llm_gateway.recording import Recorder

CALL_SECONDS: Final = 900.0
DRAIN_SECONDS: Final = 60.0
"""How long an answer is read on that nobody listens to, for what it says of its usage."""
SETTLE_SECONDS: Final = 60.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that may be made."""

    id: UUID
    assigned: Assigned
    provider: str
    order: Order = field(repr=False)
    request_digest: str
    price: Price
    hold_id: UUID
    held_micros: int


class Calls:
    """Makes calls. `run` them within a task group: they outlive their requests."""

    def __init__(
        self,
        group: asyncio.TaskGroup,
        *,
        judge: Judge,
        ledger: UsageLedger,
        recorder: Recorder,
        table: PriceTable,
    ) -> None:
        self._group = group
        self._judge = judge
        self._ledger = ledger
        self._recorder = recorder
        self._table = table
        self._limits: set[asyncio.Timeout] = set()

    async def permit(
        self, assigned: Assigned, provider: str, model: str, *, call_id: UUID | None = None
    ) -> None:
        """Raise LlmError unless the task may call the model now. A refusal is recorded."""
        denial = await self._judge.denial(assigned, provider, model)
        if denial is not None:
            await self._refuse(call_id or uuid4(), assigned, provider, model, denial)
            frozen = denial.reason_code == ReasonCode.FREEZE_MODE_ACTIVE
            status = HTTPStatus.LOCKED if frozen else HTTPStatus.FORBIDDEN
            raise LlmError(status, denial.reason_code.lower(), denial.message)

    async def allowed_models(self, assigned: Assigned, dialect: Dialect) -> list[str]:
        """Return the names of the models that the task may call in this dialect."""
        if assigned.script is not None:
            candidates: tuple[str, ...] = (assigned.scripted_model or "",)
            provider = "Scripted"
        else:
            provider = "Anthropic" if dialect is Dialect.MESSAGES else "OpenAI"
            candidates = self._table.models(provider, datetime.now(UTC).date())
        return [
            name
            for name in candidates
            if await self._judge.denial(assigned, provider, name) is None
        ]

    async def prepare(
        self, assigned: Assigned, provider: str, order: Order, request_digest: str
    ) -> Call:
        """Decide on a call and hold its worst case. Raises LlmError, with nothing held."""
        call_id = uuid4()
        await self.permit(assigned, provider, order.model, call_id=call_id)
        price, held = self._price(assigned, provider, order)
        try:
            hold_id = await self._ledger.hold(call_id, assigned, held)
        except HoldRefusedError as error:
            denial = Denial(rule="budget", reason_code=error.code, message=str(error))
            await self._refuse(call_id, assigned, provider, order.model, denial)
            raise budget_exhausted(str(error)) from error
        except LedgerUnavailableError as error:
            raise LlmError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "treasury_unavailable",
                "The treasury does not answer, so nothing may be spent now.",
                retry=True,
                retry_after=2,
            ) from error
        return Call(
            id=call_id,
            assigned=assigned,
            provider=provider,
            order=order,
            request_digest=request_digest,
            price=price,
            hold_id=hold_id,
            held_micros=held,
        )

    def make(
        self, call: Call, asking: AbstractAsyncContextManager[Answer], request_id: str
    ) -> Channel:
        """Make a call; return where its answer comes."""
        channel = Channel()
        run = Run(call.order, channel, request_id)
        self._group.create_task(self._guarded(self._make(call, run, asking, channel), channel))
        return channel

    def hurry(self, seconds: float) -> None:
        """Have every call end within so many seconds: the process is to stop."""
        when = asyncio.get_running_loop().time() + seconds
        for limit in self._limits:
            limit.reschedule(min(limit.when() or when, when))

    # ----------------------------------------------------------------------------------------------

    def _price(self, assigned: Assigned, provider: str, order: Order) -> tuple[Price, int]:
        table = self._table
        if provider != "Scripted" and assigned.currency != table.currency:
            raise LlmError(
                HTTPStatus.BAD_REQUEST,
                "currency",
                f"Models are priced in {table.currency}, and the workflow's budget is in "
                f"{assigned.currency}. Give it a budget in {table.currency}.",
            )
        try:
            price = table.price(provider, order.model, datetime.now(UTC).date())
            return price, max(1, price.worst_case(order))
        except UnpricedError as error:
            raise LlmError(HTTPStatus.BAD_REQUEST, "unpriced", f"{error}.") from error

    async def _refuse(
        self, call_id: UUID, assigned: Assigned, provider: str, model: str, denial: Denial
    ) -> None:
        metrics.REFUSED.labels(denial.reason_code).inc()
        await self._recorder.refused(call_id, assigned, provider, model, denial)

    async def _guarded(self, work: Awaitable[None], channel: Channel) -> None:
        """Have a defect of one call end neither the others nor the wait of its caller."""
        try:
            await work
        except Exception:
            log.exception("a call failed")
        finally:
            channel.close()

    async def _make(
        self,
        call: Call,
        run: Run,
        asking: AbstractAsyncContextManager[Answer],
        channel: Channel,
    ) -> None:
        began = time.monotonic()
        await self._within_bounds(run, asking, channel)
        outcome = run.outcome(call.price, call.held_micros)
        await self._settle(call, outcome)
        await run.finish()
        _measure(call, outcome, time.monotonic() - began)
        await self._recorder.called(call, outcome, run.answer_digest)

    async def _within_bounds(
        self, run: Run, asking: AbstractAsyncContextManager[Answer], channel: Channel
    ) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CALL_SECONDS) as limit:
                self._limits.add(limit)

                def drain() -> None:
                    when = loop.time() + DRAIN_SECONDS
                    limit.reschedule(min(limit.when() or when, when))

                channel.when_abandoned(drain)
                try:
                    await run.go(asking)
                finally:
                    self._limits.discard(limit)
                    channel.when_abandoned(_nothing)
        except TimeoutError:
            run.break_off("The answer took longer than a call may take.")
        except Exception:
            # What the call used has to be posted all the same.
            log.exception("an answer cannot be handed on")
            run.break_off("The gateway failed. Its log has the reason.")

    async def _settle(self, call: Call, outcome: Outcome) -> None:
        settling = AsyncRetrying(
            retry=retry_if_exception_type(LedgerUnavailableError),
            wait=wait_exponential_jitter(multiplier=0.1, max=5),
            stop=stop_after_delay(SETTLE_SECONDS),
            reraise=True,
        )
        amount = min(outcome.cost_micros, call.held_micros)
        try:
            await settling(self._ledger.settle, call.hold_id, amount)
        except LedgerUnavailableError:
            metrics.UNSETTLED.inc()
            log.exception(
                "a hold cannot be settled: the treasury will post all of it",
                hold_id=str(call.hold_id),
                amount_micros=amount,
            )


def _nothing() -> None:
    """Do nothing: the call is over."""


def _measure(call: Call, outcome: Outcome, seconds: float) -> None:
    metrics.CALLS.labels(call.provider, outcome.kind.value).observe(seconds)
    if outcome.unpriced is not None:
        metrics.UNPRICED.labels(call.provider).inc()
        log.error(
            "a usage has no price: the call costs what was held",
            provider=call.provider,
            model=call.price.model,
            reason=outcome.unpriced,
        )
    if outcome.cost_micros > call.held_micros:
        metrics.OVER_HOLD.labels(call.provider).inc()
        log.error(
            "a call cost more than its worst case",
            provider=call.provider,
            model=call.price.model,
            cost_micros=outcome.cost_micros,
            held_micros=call.held_micros,
        )
    if outcome.kind is not ModelCallOutcome.FAILED:
        labels = (call.provider, call.price.model)
        metrics.COST.labels(*labels, call.assigned.currency).inc(outcome.cost_micros)
        if (usage := outcome.usage) is not None:
            metrics.TOKENS.labels(*labels, "input").inc(usage.input)
            metrics.TOKENS.labels(*labels, "cache_reads").inc(usage.cache_reads)
            metrics.TOKENS.labels(*labels, "cache_writes").inc(sum(usage.cache_writes.values()))
            metrics.TOKENS.labels(*labels, "output").inc(usage.output)
