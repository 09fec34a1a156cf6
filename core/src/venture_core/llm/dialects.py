"""The dialects side by side: how each is read, metered and priced."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from venture_core.llm import messages, openai
from venture_core.llm.orders import Dialect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from venture_core.llm.metering import Meter
    from venture_core.llm.orders import Order
    from venture_core.llm.usage import Usage


@dataclass(frozen=True, slots=True)
class Reader:
    """How a dialect is read."""

    order: Callable[[bytes], Order]
    usage: Callable[[Mapping[str, Any]], Usage | None]
    """Of a whole answer. Raises UsageUnreadableError."""


READERS: Final[Mapping[Dialect, Reader]] = {
    Dialect.MESSAGES: Reader(messages.read_order, messages.answer_usage),
    Dialect.CHAT: Reader(openai.read_chat_order, openai.chat_answer_usage),
    Dialect.RESPONSES: Reader(openai.read_response_order, openai.response_answer_usage),
}


def meter_of(order: Order) -> Meter:
    """Return a meter for the stream that answers an order."""
    match order.dialect:
        case Dialect.MESSAGES:
            return messages.MessagesMeter()
        case Dialect.CHAT:
            return openai.ChatMeter(usage_asked=order.usage_asked)
        case Dialect.RESPONSES:
            return openai.ResponseMeter()
