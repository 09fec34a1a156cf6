"""Pulling messages of a durable consumer, each handed on the moment it comes."""

import asyncio
import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

REQUEST_SECONDS: Final = 5.0
"""How long a request stays open where nothing hurries."""
GRACE_SECONDS: Final = 2.0
"""How much later than asked the broker may end a request."""
_NANOSECONDS: Final = 1_000_000_000
_ENDED: Final = {"404", "408"}
"""No message in time: ask again."""


class PullError(Exception):
    """The consumer is gone, or the broker does not answer: make the consumer again."""


class Puller:
    """One durable consumer of one stream."""

    def __init__(self, client: Client, stream: str, durable: str) -> None:
        self._client = client
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._inbox = client.new_inbox()
        self._arrived: asyncio.Queue[Msg] = asyncio.Queue()
        self._subscription: Subscription | None = None

    async def open(self) -> None:
        """Listen for messages."""
        self._subscription = await self._client.subscribe(self._inbox, cb=self._arrived.put)

    async def close(self) -> list[Msg]:
        """Listen no more; return the messages that had come and nobody has taken yet."""
        if self._subscription is not None and self._client.is_connected:
            await self._subscription.drain()  # type: ignore[no-untyped-call]
        unread = []
        while not self._arrived.empty():
            message = self._arrived.get_nowait()
            if _status(message) is None:
                unread.append(message)
        return unread

    async def request(self, count: int, seconds: float) -> AsyncIterator[Msg]:
        """Ask for up to `count` messages; yield them until the broker ends the request.

        It does so after `seconds`. Raises PullError.
        """
        wanted = {"batch": count, "expires": int(seconds * _NANOSECONDS)}
        await self._client.publish(self._subject, json.dumps(wanted).encode(), reply=self._inbox)
        for _ in range(count):
            try:
                async with asyncio.timeout(seconds + GRACE_SECONDS):
                    message = await self._arrived.get()
            except TimeoutError as error:
                raise PullError("the broker does not answer") from error
            status = _status(message)
            if status is None:
                yield message
            elif status in _ENDED:
                return
            else:
                raise PullError(f"the broker ended the request: {message.headers}")


def _status(message: Msg) -> str | None:
    """Return the code of a message from the broker itself, None for a message of the stream."""
    if message.data or not message.headers:
        return None
    return message.headers.get("Status")
