"""The one way to wait: look again until it is so, or a deadline. Never sleep for something."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def patiently[T](
    look: Callable[[], Awaitable[T]], good: Callable[[T], bool], *, within_seconds: float = 60
) -> T:
    """Look again until it is good and return it; fail with what was seen last."""
    deadline = asyncio.get_running_loop().time() + within_seconds
    while not good(seen := await look()):
        assert asyncio.get_running_loop().time() < deadline, (
            f"after {within_seconds} s it still is {seen}"
        )
        await asyncio.sleep(0.2)
    return seen


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 60) -> None:
    """Wait until a condition of another process holds; TimeoutError where it does not."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - nobody would set an event
            await asyncio.sleep(0.02)
