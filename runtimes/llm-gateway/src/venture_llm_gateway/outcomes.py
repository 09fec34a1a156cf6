"""What a call came to: how it ended, what it used, and what that costs. Pure."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from venture_core.events.types.model import ModelCallOutcome
from venture_core.llm.dialects import READERS
from venture_core.llm.prices import UnpricedError
from venture_core.llm.usage import Usage, UsageUnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from venture_core.llm.metering import Meter
    from venture_core.llm.orders import Order
    from venture_core.llm.prices import Price


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended."""

    kind: ModelCallOutcome
    usage: Usage | None
    cost_micros: int
    unpriced: str | None = None
    """Why its usage has no price; then it cost what was held."""


def failed() -> Outcome:
    """Return what a call came to that was never answered, and cost nothing."""
    return Outcome(ModelCallOutcome.FAILED, None, 0)


def lost(held_micros: int) -> Outcome:
    """Return what a call came to that nobody knows the end of."""
    return Outcome(ModelCallOutcome.LOST, None, held_micros)


def of_stream(meter: Meter, order: Order, price: Price, held_micros: int) -> Outcome:
    """Return what a streamed call came to."""
    kind = ModelCallOutcome.COMPLETED if meter.complete else ModelCallOutcome.CUT
    return _priced(kind, lambda: meter.usage() or meter.usage_by_count(order), price, held_micros)


def of_answer(
    data: bytes, order: Order, price: Price, held_micros: int, *, complete: bool
) -> Outcome:
    """Return what a call came to that was answered at once, by an error where not `complete`."""
    kind = ModelCallOutcome.COMPLETED if complete else ModelCallOutcome.CUT

    def usage() -> Usage:
        said = READERS[order.dialect].usage(answer_object(data))
        # It never said: all that it can have been, and a token for each byte that came.
        return said or Usage(
            input=order.input_tokens_max, output=min(len(data), order.output_tokens_max)
        )

    return _priced(kind, usage, price, held_micros)


def of_part(received: int, order: Order, price: Price, held_micros: int) -> Outcome:
    """Return what a call came to whose answer broke off after so many bytes."""
    output = min(received, order.output_tokens_max)
    usage = Usage(input=order.input_tokens_max, output=output)
    return _priced(ModelCallOutcome.CUT, lambda: usage, price, held_micros)


def answer_object(data: bytes) -> dict[str, Any]:
    """Return an answer's JSON object. Raises UsageUnreadableError."""
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageUnreadableError("the answer is no JSON") from error
    if not isinstance(answer, dict):
        raise UsageUnreadableError("the answer is no JSON object")
    return answer


def _priced(
    kind: ModelCallOutcome, usage_of: Callable[[], Usage], price: Price, held_micros: int
) -> Outcome:
    try:
        usage = usage_of()
        return Outcome(kind, usage, price.cost(usage))
    except (UsageUnreadableError, UnpricedError) as error:
        return Outcome(kind, None, held_micros, unpriced=str(error))
