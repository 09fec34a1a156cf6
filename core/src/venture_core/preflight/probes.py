"""One probe per endpoint: connect, read and write as Venture will, and say what was found.

A probe returns a short description of what answered, or raises ProbeError. Whatever it creates, it
removes.
"""

import asyncio
import html
import re
import socket
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import nats.errors
import nats.js.errors
import obstore
import redis.asyncio
import redis.exceptions
from nats.aio.client import Client as NatsClient
from obstore import exceptions as obstore_errors

from venture_core.messaging.connection import inbox_prefix
from venture_core.settings.dataplane import split_servers

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from pydantic import SecretStr

    from venture_core.objectstore import S3Settings

CONNECT_SECONDS = 5
CLOSE_SECONDS = 1

_S3_ERROR = re.compile(r"<Code>([^<]{1,100})</Code>\s*<Message>([^<]{0,500})</Message>")
# obstore's errors have no type for what happened below HTTP.
_TRANSPORT_FAILURES = (
    ("dns error", socket.gaierror()),
    ("connection refused", ConnectionRefusedError()),
    ("timed out", TimeoutError()),
    ("timeout", TimeoutError()),
)
# The last one is versitygw's word for an access key that it does not know.
_S3_LOGIN_CODES = frozenset(
    {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "XAdminUserNotFound"}
)


class ProbeError(Exception):
    """An endpoint that cannot be used as it is.

    `advice` is what to check, as a sentence. `permanent` says that waiting cannot cure it.
    """

    def __init__(self, problem: str, *, advice: str, permanent: bool = False) -> None:
        super().__init__(problem)
        self.advice = advice
        self.permanent = permanent


def _unreachable(error: Exception) -> ProbeError:
    match error:
        case socket.gaierror():
            problem = "the host name is not known"
        case ConnectionRefusedError():
            problem = "the connection is refused"
        case TimeoutError():
            problem = "there is no answer in time"
        case _:
            problem = f"the connection fails ({type(error).__name__}: {error})"
    return ProbeError(
        problem,
        advice="Check that it runs, that host and port are right, and that network policies and "
        "firewalls let this namespace through.",
    )


async def probe_postgres_login(url: SecretStr) -> str:
    """Log in."""
    connection = await _connect_postgres(url)
    await connection.close(timeout=CONNECT_SECONDS)
    return "the login is good"


async def _connect_postgres(url: SecretStr) -> asyncpg.Connection:
    try:
        return await asyncpg.connect(url.get_secret_value(), timeout=CONNECT_SECONDS)
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        raise ProbeError(
            f"the login is refused ({error})",
            advice="Check user and password in the Secret.",
            permanent=True,
        ) from error
    except asyncpg.InvalidCatalogNameError as error:
        raise ProbeError(
            f"{error}", advice="Create the database, or correct its name in the URL."
        ) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ProbeError(
            f"the server turns the connection away ({error})",
            advice="Check its log and the parameters of the URL.",
        ) from error
    except (OSError, TimeoutError, ValueError) as error:
        raise _unreachable(error) from error


async def probe_image(started: Path, name: str) -> str:
    """Look whether the container of an image has started, which then made a file."""
    if not await asyncio.to_thread(started.is_file):
        raise ProbeError(
            "no container of it has started",
            advice=f"Check {name}.image, global.imageRegistry and global.imagePullSecrets.",
        )
    return "it is there and starts"


async def probe_postgres(url: SecretStr) -> str:
    """Log in, and create and fill a temporary table."""
    connection = await _connect_postgres(url)
    try:
        async with connection.transaction():
            await connection.execute(
                "CREATE TEMPORARY TABLE venture_preflight (value int) ON COMMIT DROP"
            )
            await connection.execute("INSERT INTO venture_preflight VALUES (1)")
        version = connection.get_server_version()
    except asyncpg.ReadOnlySQLTransactionError as error:
        raise ProbeError(
            "the server is read-only, perhaps a replica",
            advice="Point the URL at the primary.",
        ) from error
    except asyncpg.PostgresError as error:
        raise ProbeError(
            f"writing a temporary table fails ({error})",
            advice="Grant the user TEMPORARY and CREATE on the database.",
        ) from error
    finally:
        await connection.close(timeout=CONNECT_SECONDS)
    return f"PostgreSQL {version.major}.{version.minor}, reads and writes"


async def probe_nats(url: SecretStr, tls: ssl.SSLContext | None = None) -> str:
    """Log in and ask JetStream for the account's limits."""
    return await _with_nats(url, tls, _jetstream)


async def probe_nats_login(url: SecretStr, tls: ssl.SSLContext | None = None) -> str:
    """Log in. What the login may do, its program finds out."""

    async def nothing(_client: NatsClient) -> str:
        return "the login is good"

    return await _with_nats(url, tls, nothing)


async def _with_nats(
    url: SecretStr,
    tls: ssl.SSLContext | None,
    look: Callable[[NatsClient], Awaitable[str]],
) -> str:
    seen: list[Exception] = []

    async def remember(error: Exception) -> None:
        seen.append(error)

    client = NatsClient()
    try:
        await client.connect(
            list(split_servers(url)),
            allow_reconnect=False,
            # The smallest number that bounds the first connection: two tries of each server.
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=CONNECT_SECONDS,
            error_cb=remember,
            tls=tls,
            inbox_prefix=inbox_prefix(url),
        )
        return await look(client)
    except (nats.errors.Error, OSError, TimeoutError) as error:
        raise _nats_refusal([*seen, error]) from error
    finally:
        # Also after a refused login, which leaves the connection open. Closing one whose handshake
        # failed never ends by itself.
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await client.close()


def _nats_refusal(errors: list[Exception]) -> ProbeError:
    text = " ".join(str(error) for error in errors).lower()
    if "authorization violation" in text or "authentication" in text:
        return ProbeError(
            "the login is refused",
            advice="Check user and password in the Secret.",
            permanent=True,
        )
    # The first is the cause; the last says only that no server is left.
    return _unreachable(errors[0])


async def _jetstream(client: NatsClient) -> str:
    try:
        account = await client.jetstream(timeout=CONNECT_SECONDS).account_info()
    except (
        nats.js.errors.ServiceUnavailableError,
        nats.js.errors.APIError,
        nats.errors.NoRespondersError,
    ) as error:
        raise ProbeError(
            "JetStream does not answer for this account",
            advice="Turn JetStream on in the server, and for the account if it has accounts.",
        ) from error
    except (nats.errors.Error, TimeoutError) as error:
        raise ProbeError(
            f"JetStream fails ({type(error).__name__})", advice="Check the log of the server."
        ) from error
    version = client.connected_server_version
    number = f"{version.major}.{version.minor}.{version.patch}"
    return f"NATS {number} with JetStream ({account.streams} streams)"


async def probe_redis(url: SecretStr) -> str:
    """Log in, ping, and write a key that expires, where the user may write one."""
    client = redis.asyncio.from_url(
        url.get_secret_value(),
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=CONNECT_SECONDS,
        retry=None,
    )
    try:
        await client.ping()
        info = await _redis_version(client)
        written = await _redis_write(client)
    except (redis.exceptions.AuthenticationError, redis.exceptions.AuthorizationError) as error:
        raise ProbeError(
            "the login is refused", advice="Check user and password in the Secret.", permanent=True
        ) from error
    except redis.exceptions.ReadOnlyError as error:
        raise ProbeError(
            "the server is a read-only replica", advice="Point the URL at the primary."
        ) from error
    except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OSError) as error:
        raise _unreachable(_cause(error)) from error
    except redis.exceptions.RedisError as error:
        raise ProbeError(f"a command fails ({error})", advice="Check the server's log.") from error
    finally:
        await client.aclose()
    return f"{info}, reads{' and writes' if written else '; this user may not write'}"


def _cause(error: Exception) -> Exception:
    cause = error.__cause__ or error.__context__
    return cause if isinstance(cause, OSError) else error


async def _redis_version(client: redis.asyncio.Redis) -> str:
    try:
        info = await client.info("server")
    except redis.exceptions.NoPermissionError:
        return "Redis"
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info['redis_version']}"


async def _redis_write(client: redis.asyncio.Redis) -> bool:
    key = f"venture:preflight:{uuid4()}"
    try:
        await client.set(key, "1", ex=timedelta(minutes=1))
        await client.delete(key)
    except redis.exceptions.NoPermissionError:
        return False
    return True


async def probe_s3(settings: S3Settings) -> str:
    """Write an object, read it back, delete it."""
    store = settings.store(
        connect_seconds=CONNECT_SECONDS,
        request_seconds=CONNECT_SECONDS,
        # Its caller retries.
        retry={"max_retries": 0, "retry_timeout": timedelta(seconds=CONNECT_SECONDS)},
    )
    key = f"preflight/{uuid4()}"
    data = key.encode()
    try:
        await obstore.put_async(store, key, data, use_multipart=False)
        result = await obstore.get_async(store, key)
        read = bytes(await result.bytes_async())
        await obstore.delete_async(store, key)
    except (obstore_errors.BaseError, OSError) as error:
        raise _s3_failure(error, settings.bucket) from error
    if read != data:
        raise ProbeError(
            "an object reads back other than it was written", advice="Check the S3 server."
        )
    return f"bucket {settings.bucket}, put, get and delete"


def _s3_failure(error: Exception, bucket: str) -> ProbeError:
    text = str(error)
    if answer := _S3_ERROR.search(text):
        code, message = (html.unescape(part) for part in answer.groups())
        return _s3_refusal(code, message, bucket)
    for words, cause in _TRANSPORT_FAILURES:
        if words in text.lower():
            return _unreachable(cause)
    # The whole text may carry the signed request: its first line says enough.
    return ProbeError(
        f"a request fails ({text.strip().splitlines()[0][:200]})",
        advice="Check s3.endpoint and the log of the S3 server.",
    )


def _s3_refusal(code: str, message: str, bucket: str) -> ProbeError:
    if code == "NoSuchBucket":
        return ProbeError(f"there is no bucket {bucket}", advice="Create it, or correct s3.bucket.")
    if code in _S3_LOGIN_CODES:
        return ProbeError(
            f"the access key is refused ({code}: {message})",
            advice="Check the access key in the Secret, and that it may put, get and delete every "
            "key of the bucket.",
            permanent=True,
        )
    return ProbeError(
        f"a request is refused ({code}: {message})",
        advice="Check s3.endpoint, s3.region and the log of the S3 server.",
    )
