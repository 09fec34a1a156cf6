"""Connections to NATS.

The client never comes back from a TLS handshake that nobody answers in time: it waits for the end
of a stream that it has given up (nats-io/nats.py#718). So each attempt of a first connection has an
end, and another client makes the next. Once connected, it comes back by itself, without that wait.
"""

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import nats.errors
import nats.js.errors
import structlog
from nats.aio.client import Client
from tenacity import AsyncRetrying, retry_if_exception_type, wait_fixed

from venture_core.messaging import metrics

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    from pydantic import SecretStr

CONNECT_SECONDS = 3
"""How long each step may take: the connection, the server's first words, TLS, the login."""
ATTEMPT_SECONDS = 4 * CONNECT_SECONDS
"""How long an attempt may take in all."""
CLOSING_SECONDS = 0.5
PAUSE_SECONDS = 0.5
PING_SECONDS = 5
_ATTEMPTS = 1
"""How often each server is tried again by who does not want to wait for ever."""
_REFUSALS = ("authorization violation", "user authentication", "authorization failed")
"""What the server, or the client for it, says of a login that is not taken, or no longer."""

log = structlog.get_logger(__name__)


def is_interruption(error: BaseException) -> bool:
    """Tell whether an error means that the broker, or a stream of it, is away for a while."""
    if isinstance(error, nats.js.errors.BadRequestError):
        return False
    return isinstance(error, (nats.errors.Error, OSError, TimeoutError))


class NatsLogin:
    """Whether NATS takes the login of a program, for its readiness and a metric."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._refusal: str | None = None
        metrics.LOGIN_REFUSED.labels(name).set(0)

    def complaints(self) -> list[str]:
        """Return that the login is refused, where it is."""
        return [] if self._refusal is None else [f"NATS refuses the login: {self._refusal}"]

    def taken(self) -> None:
        """Note that a server takes it."""
        if self._refusal is not None:
            log.info("NATS takes the login again", client=self._name)
        self._refusal = None
        metrics.LOGIN_REFUSED.labels(self._name).set(0)

    def look(self, error: Exception | None) -> None:
        """Note an error of the connection, and say so once where it means that it is refused."""
        words = str(error).lower()
        if not any(each in words for each in _REFUSALS):
            return
        if self._refusal is None:
            log.error(
                "NATS refuses the login: look at the user and the password in its URL, and at the "
                "server's users",
                client=self._name,
                problem=str(error),
            )
        self._refusal = str(error)
        metrics.LOGIN_REFUSED.labels(self._name).set(1)


def inbox_prefix(url: SecretStr) -> str:
    """Return below which subject a login gets answers: `_INBOX.<user>`, which it alone may read.

    The chart's logins are allowed no other; a URL without a user has everybody's.
    """
    user = urlsplit(url.get_secret_value().split(",")[0].strip()).username
    return f"_INBOX.{unquote(user)}" if user else "_INBOX"


async def connect_nats(
    url: SecretStr,
    *,
    name: str,
    tls: ssl.SSLContext | None = None,
    reconnect: bool = True,
    on_disconnect: Callable[[], Awaitable[None]] | None = None,
    login: NatsLogin | None = None,
) -> Client:
    """Connect; `url` may name several servers, separated by commas.

    With `tls` the connection is encrypted, without it as the URL says. With `reconnect`, the client
    comes back for ever by itself, but for a login that is revoked: that closes it. Without, this
    soon gives up. `login` learns what the servers say of it. `is_interruption` tells what the
    errors mean.
    """
    login = login or NatsLogin(name)

    attempt = partial(
        _connect,
        url,
        name=name,
        tls=tls,
        reconnect=reconnect,
        on_disconnect=on_disconnect,
        login=login,
    )
    if not reconnect:
        return await attempt()
    patiently = AsyncRetrying(
        retry=retry_if_exception_type(TimeoutError), wait=wait_fixed(PAUSE_SECONDS)
    )
    return await patiently(attempt)


async def _connect(
    url: SecretStr,
    *,
    name: str,
    tls: ssl.SSLContext | None,
    reconnect: bool,
    on_disconnect: Callable[[], Awaitable[None]] | None,
    login: NatsLogin,
) -> Client:
    """Connect within ATTEMPT_SECONDS, or raise TimeoutError and leave nothing open."""
    client = Client()

    async def report(error: Exception) -> None:
        log.warning("the connection to NATS reports an error", client=name, error=repr(error))
        login.look(error)

    async def reconnected() -> None:
        login.taken()

    async def closed() -> None:
        # Of a login that is revoked the client tells nobody: it closes.
        login.look(client.last_error)
        if on_disconnect is not None and not reconnect:
            await on_disconnect()

    connecting = client.connect(
        [each.strip() for each in url.get_secret_value().split(",")],
        name=name,
        tls=tls,
        inbox_prefix=inbox_prefix(url),
        connect_timeout=CONNECT_SECONDS,
        allow_reconnect=reconnect,
        max_reconnect_attempts=-1 if reconnect else _ATTEMPTS,
        # Parts of a second are fine, whatever its types say.
        reconnect_time_wait=PAUSE_SECONDS,  # type: ignore[arg-type]
        ping_interval=PING_SECONDS,
        max_outstanding_pings=2,
        error_cb=report,
        disconnected_cb=on_disconnect,
        reconnected_cb=reconnected,
        closed_cb=closed,
    )
    try:
        async with asyncio.timeout(ATTEMPT_SECONDS):
            await connecting
    except TimeoutError:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                await client.close()
        raise
    login.taken()
    return client
