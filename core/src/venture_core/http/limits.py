"""Limits of a request: the size of its body, its time, and how many are at work at once."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from venture_core.http.problems import Problem
from venture_core.http.types import REQUESTS, header

if TYPE_CHECKING:
    from collections.abc import Callable

    from venture_core.http.types import Application, Message, Receive, Scope, Send

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may take."""

    body_bytes: int = MIB
    seconds: float = 30.0
    """From its headers to the last byte of its answer."""


type LimitsOf = Callable[[Scope], Limits]
"""The limits of a request: transfers may take longer than other requests."""


def default_limits(_scope: Scope) -> Limits:
    """Return the same for all."""
    return Limits()


class Limited:
    """Middleware: raises a Problem where a request exceeds its limits."""

    def __init__(self, app: Application, limits_of: LimitsOf, *, at_once: int) -> None:
        self._app = app
        self._limits_of = limits_of
        self._at_once = at_once
        self._active = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in REQUESTS:
            await self._app(scope, receive, send)
            return
        if self._active >= self._at_once:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"{self._at_once} requests are at work; try again in a moment.",
                code="too-busy",
                headers={"Retry-After": "1"},
            )
        limits = self._limits_of(scope)
        _refuse_announced(scope, limits)
        self._active += 1
        try:
            async with asyncio.timeout(limits.seconds) as limit:
                await self._app(scope, _bounded(receive, limits), send)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise Problem(
                HTTPStatus.GATEWAY_TIMEOUT,
                f"The request took longer than {limits.seconds:g} s.",
                code="too-slow",
            ) from error
        finally:
            self._active -= 1


def _too_large(limits: Limits) -> Problem:
    return Problem(
        HTTPStatus.CONTENT_TOO_LARGE,
        f"The body may have at most {limits.body_bytes} bytes.",
        code="body-too-large",
        headers={"Connection": "close"},
    )


def _refuse_announced(scope: Scope, limits: Limits) -> None:
    announced = header(scope, b"content-length")
    if announced is not None and announced.isdigit() and int(announced) > limits.body_bytes:
        raise _too_large(limits)


def _bounded(receive: Receive, limits: Limits) -> Receive:
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > limits.body_bytes:
                raise _too_large(limits)
        return message

    return bounded
