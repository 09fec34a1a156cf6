"""Publishing to a stream without waiting for each acknowledgement, yet missing none."""

import asyncio
import json
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from nats.aio.client import Client
    from nats.aio.msg import Msg

IN_FLIGHT: Final = 1000
ACK_SECONDS: Final = 3.0

_EXPECTED_STREAM: Final = "Nats-Expected-Stream"
_EXPECTED_LAST: Final = "Nats-Expected-Last-Sequence"
_EXPECTED_LAST_ID: Final = "Nats-Expected-Last-Msg-Id"
MESSAGE_ID_HEADER: Final = "Nats-Msg-Id"


class PublishError(Exception):
    """A message was refused or not acknowledged in time: where the stream ends is not known."""


class DuplicateError(PublishError):
    """The stream holds a message of this id, or held it lately, and takes no other."""


class _Sent(NamedTuple):
    sequence: int
    acknowledged: Callable[[], None]


class PublishWindow:
    """Publishes messages that are to follow one another in a stream, whoever else may publish.

    Each message names the one it must come right after: by its sequence, and by its id. So a
    message that was lost or overtaken makes all after it fail, and never leaves a hole. (By the
    sequence alone, a stranger's message would take the place of a refused one.)
    """

    def __init__(self, client: Client, stream: str, *, last_sequence: int) -> None:
        self._client = client
        self._stream = stream
        self._last = last_sequence
        self._last_id: str | None = None
        self._inbox = client.new_inbox()
        self._sent: deque[_Sent] = deque()
        self._changed = asyncio.Event()
        self._error: PublishError | None = None

    @property
    def acknowledged_sequence(self) -> int:
        """The stream sequence of the last message that the stream is known to hold."""
        return self._sent[0].sequence - 1 if self._sent else self._last

    async def open(self) -> None:
        """Listen for acknowledgements."""
        await self._client.subscribe(f"{self._inbox}.*", cb=self._on_reply)

    def fail(self, reason: str, kind: type[PublishError] = PublishError) -> None:
        """Give everything in flight up."""
        if self._error is None:
            self._error = kind(reason)
        self._changed.set()

    async def publish(
        self,
        subject: str,
        payload: bytes,
        *,
        message_id: str,
        headers: dict[str, str],
        acknowledged: Callable[[], None],
    ) -> None:
        """Send the next message once there is room; `acknowledged` is called when it is stored.

        Raises PublishError for this message or for one before it.
        """
        while len(self._sent) >= IN_FLIGHT and self._error is None:
            await self._progress()
        if self._error is not None:
            raise self._error
        expected = {_EXPECTED_STREAM: self._stream, _EXPECTED_LAST: str(self._last)}
        if self._last_id is not None:
            expected[_EXPECTED_LAST_ID] = self._last_id
        self._last += 1
        self._last_id = message_id
        self._sent.append(_Sent(self._last, acknowledged))
        await self._client.publish(
            subject,
            payload,
            reply=f"{self._inbox}.{self._last}",
            headers={MESSAGE_ID_HEADER: message_id, **headers, **expected},
        )

    async def drain(self) -> None:
        """Wait until everything sent is stored; raises PublishError."""
        while self._sent and self._error is None:
            await self._progress()
        if self._error is not None:
            raise self._error

    async def _progress(self) -> None:
        """Wait for an acknowledgement or a failure."""
        self._changed.clear()
        try:
            async with asyncio.timeout(ACK_SECONDS):
                await self._changed.wait()
        except TimeoutError:
            self.fail(f"the stream {self._stream} acknowledged nothing for {ACK_SECONDS} s")

    async def _on_reply(self, message: Msg) -> None:
        """Take an acknowledgement: they come in the messages' order, or something is wrong."""
        if self._error is not None:
            return
        answer = json.loads(message.data) if message.data else {"error": "nobody listens"}
        if "error" in answer:
            self.fail(f"the stream {self._stream} refused a message: {answer['error']}")
            return
        if answer.get("duplicate"):
            self.fail(
                f"the stream {self._stream} holds {answer['seq']} under the same id", DuplicateError
            )
            return
        expected = self._sent[0].sequence if self._sent else None
        if answer["seq"] != expected or answer["stream"] != self._stream:
            self.fail(f"the stream {self._stream} stored {answer}, expected was {expected}")
            return
        self._sent.popleft().acknowledged()
        self._changed.set()
