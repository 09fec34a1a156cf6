"""Connections to NATS."""

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import nats
import nats.errors
import nats.js.errors
import structlog

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    from nats.aio.client import Client
    from pydantic import SecretStr

CONNECT_SECONDS = 3
PING_SECONDS = 5


log = structlog.get_logger(__name__)


def is_interruption(error: BaseException) -> bool:
    """Tell whether an error means that the broker, or a stream of it, is away for a while."""
    if isinstance(error, nats.js.errors.BadRequestError):
        return False
    return isinstance(error, (nats.errors.Error, OSError, TimeoutError))


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
) -> Client:
    """Connect; `url` may name several servers, separated by commas.

    With `tls` the connection is encrypted, without it as the URL says. With `reconnect`, the client
    comes back for ever by itself. `is_interruption` tells what the errors mean.
    """

    async def report(error: Exception) -> None:
        log.warning("the connection to NATS reports an error", client=name, error=repr(error))

    return await nats.connect(
        [each.strip() for each in url.get_secret_value().split(",")],
        name=name,
        tls=tls,
        inbox_prefix=inbox_prefix(url),
        connect_timeout=CONNECT_SECONDS,
        allow_reconnect=reconnect,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.5,
        ping_interval=PING_SECONDS,
        max_outstanding_pings=2,
        error_cb=report,
        disconnected_cb=on_disconnect,
        closed_cb=None if reconnect else on_disconnect,
    )
