"""The provider `Scripted`: answers from the assignment's script, by the same path as any other."""

from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from venture_core.llm.errors import LlmError
from venture_core.llm.orders import OrderRefusedError
from venture_core.llm.replies import Reply

from venture_llm_gateway.answers import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable

    from venture_core.llm.orders import Order
    from venture_core.llm.scripts import Script


@asynccontextmanager
async def scripted_answer(script: Script, order: Order) -> AsyncIterator[Answer]:
    """Answer an order by a script. Raises LlmError where the script has no answer."""
    try:
        reply = Reply(script, order)
    except OrderRefusedError as error:
        raise LlmError(HTTPStatus.BAD_REQUEST, "script", f"{error}.") from error
    parts = reply.stream() if order.stream else [reply.whole()]
    kind = "text/event-stream" if order.stream else "application/json"
    yield Answer(HTTPStatus.OK, {"content-type": kind}, _chunks(parts))


async def _chunks(parts: Iterable[bytes]) -> AsyncGenerator[bytes]:
    for part in parts:
        yield part
