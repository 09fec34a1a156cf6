"""One call from its request to its outcome: asks, meters, and hands on what comes."""

import hashlib
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from venture_core.llm.dialects import meter_of
from venture_core.llm.errors import LlmError, body_of, frame_of
from venture_core.llm.sse import EventTooLongError, Frames
from venture_core.llm.usage import UsageUnreadableError

from venture_llm_gateway import outcomes
from venture_llm_gateway.answers import LostError
from venture_llm_gateway.channel import Channel, Head
from venture_llm_gateway.complaints import broken_answer

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from venture_core.llm.metering import Meter
    from venture_core.llm.orders import Order
    from venture_core.llm.prices import Price
    from venture_core.llm.sse import Frame

    from venture_llm_gateway.answers import Answer
    from venture_llm_gateway.outcomes import Outcome

MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024


class Run:
    """Answers one order through a channel.

    The end of an answer is kept back until `finish`: by the time a caller knows that its call is
    over, what it cost is posted.
    """

    def __init__(self, order: Order, channel: Channel, request_id: str) -> None:
        self._order = order
        self._channel = channel
        self._request_id = request_id
        self._answered = False
        self._begun = False
        self._lost = False
        self._meter: Meter | None = None
        self._whole = bytearray()
        self._whole_ended = False
        self._kept: list[bytes] = []
        self._error: LlmError | None = None
        self._digest = hashlib.sha256()

    @property
    def answer_digest(self) -> str | None:
        """Return the digest of all bytes that came of the answer; None where none did."""
        return f"sha256:{self._digest.hexdigest()}" if self._answered else None

    async def go(self, asking: AbstractAsyncContextManager[Answer]) -> None:
        """Ask and hand on. Errors of the provider become the answer's end."""
        try:
            async with asking as answer:
                self._answered = True
                if answer.is_stream:
                    await self._stream(answer)
                else:
                    await self._collect(answer)
        except LlmError as error:
            self._error = error
        except LostError, EventTooLongError:
            self.break_off("The provider's answer broke off.")

    def break_off(self, message: str) -> None:
        """Note that the answer has no proper end; what is known of it counts."""
        if self._meter is not None and self._meter.ended:
            return
        self._lost = not self._answered
        self._error = LlmError(
            HTTPStatus.BAD_GATEWAY, "answer_broken", message, retry=True, retry_after=1
        )

    def outcome(self, price: Price, held_micros: int) -> Outcome:
        """Return what the call came to."""
        if self._lost:
            return outcomes.lost(held_micros)
        if not self._answered:
            return outcomes.failed()
        if self._meter is not None:
            return outcomes.of_stream(self._meter, self._order, price, held_micros)
        if not self._whole_ended:
            return outcomes.of_part(len(self._whole), self._order, price, held_micros)
        complete = self._error is None
        return outcomes.of_answer(
            bytes(self._whole), self._order, price, held_micros, complete=complete
        )

    async def finish(self) -> None:
        """Hand on the end."""
        if self._error is not None and not self._begun:
            body = body_of(self._error, self._order.dialect, self._request_id)
            headers = {"content-type": "application/json", **self._error.headers()}
            await self._channel.put(Head(self._error.status, headers))
            await self._channel.put(body)
        elif self._error is not None:
            await self._channel.put(frame_of(self._error, self._order.dialect, self._request_id))
        else:
            for data in self._kept:
                await self._channel.put(data)
        await self._channel.put(None)

    async def _stream(self, answer: Answer) -> None:
        frames, meter = Frames(), meter_of(self._order)
        self._meter = meter
        self._begun = True
        await self._channel.put(Head(answer.status, answer.headers))
        async with aclosing(answer.chunks) as chunks:
            async for data in chunks:
                self._digest.update(data)
                for frame in frames.feed(data):
                    await self._hand_on(frame, meter)
                if meter.ended:
                    # Whatever else comes says nothing, and may be long in coming.
                    break
        if (last := frames.end()) is not None:
            await self._hand_on(last, meter)
        if not meter.ended:
            # Clients take silence for success.
            self.break_off("The provider ended its answer before it was complete.")

    async def _hand_on(self, frame: Frame, meter: Meter) -> None:
        meter.see(frame)
        if meter.failed:
            # The provider's words stay here: clients see what kind of error it is.
            self._error = broken_answer(frame.data)
            return
        if not meter.forwards(frame):
            return
        if meter.ended:
            self._kept.append(frame.raw)
        else:
            await self._channel.put(frame.raw)

    async def _collect(self, answer: Answer) -> None:
        async with aclosing(answer.chunks) as chunks:
            async for data in chunks:
                self._digest.update(data)
                self._whole += data
                if len(self._whole) > MAX_ANSWER_BYTES:
                    raise LostError(f"the answer has more than {MAX_ANSWER_BYTES} bytes")
        self._whole_ended = True
        try:
            said = outcomes.answer_object(bytes(self._whole))
        except UsageUnreadableError:
            self.break_off("The provider's answer is malformed.")
            return
        if said.get("error"):
            # Told by status 200, it is an error all the same.
            self._error = broken_answer(bytes(self._whole))
            return
        self._begun = True
        await self._channel.put(Head(answer.status, answer.headers))
        self._kept.append(bytes(self._whole))
