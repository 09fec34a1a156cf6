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

    async def request(self, count: int, seconds: float) -> AsyncIterator[list[Msg]]:
        """Ask for up to `count` messages; yield those that are there until the request ends.

        The broker ends it after `seconds`. What comes together is yielded together, the first
        message the moment it comes. Raises PullError.
        """
        wanted = {"batch": count, "expires": int(seconds * _NANOSECONDS)}
        await self._client.publish(self._subject, json.dumps(wanted).encode(), reply=self._inbox)
        while count > 0:
            try:
                async with asyncio.timeout(seconds + GRACE_SECONDS):
                    arrived = [await self._arrived.get()]
            except TimeoutError as error:
                raise PullError("the broker does not answer") from error
            while len(arrived) < count and not self._arrived.empty():
                arrived.append(self._arrived.get_nowait())
            messages = [each for each in arrived if _status(each) is None]
            if messages:
                yield messages
            count -= len(messages)
            for message in arrived:
                status = _status(message)
                if status in _ENDED:
                    return
                if status is not None:
                    raise PullError(f"the broker ended the request: {message.headers}")


def _status(message: Msg) -> str | None:
    """Return the code of a message from the broker itself, None for a message of the stream."""
    if message.data or not message.headers:
        return None
    return message.headers.get("Status")
