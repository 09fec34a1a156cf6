"""One connection of an agent: read, judged, dialled, carried, and told of in the record."""

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import structlog
from venture_core.policy.decision import ReasonCode, refusal
from venture_core.policy.matching import normal_host
from venture_core.record.append import AppendError

from venture_egress_proxy import metrics
from venture_egress_proxy.addresses import may_dial
from venture_egress_proxy.answers import Answers
from venture_egress_proxy.dialling import (
    ForbiddenAddressError,
    UnreachableError,
    dial,
    resolve_by_system,
)
from venture_egress_proxy.head import HeadError, parse_head
from venture_egress_proxy.hello import HelloError, server_name
from venture_egress_proxy.judging import UnknownCallerError, UnverifiedCallerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from venture_core.policy.matching import DomainPattern
    from venture_core.record.behind import EventsBehind

    from venture_egress_proxy.dialling import Permits, Resolve, Streams
    from venture_egress_proxy.head import Destination
    from venture_egress_proxy.judging import Judged, Judging

HEAD_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 60.0
RECORD_SECONDS: Final = 5.0
"""How long a connection waits until the record has it."""
PIECE: Final = 64 * 1024

log = structlog.get_logger(__name__)


class Proxy:
    """Serves connections; each is one request."""

    def __init__(
        self,
        judging: Judging,
        events: EventsBehind,
        *,
        private: tuple[DomainPattern, ...],
        max_bytes: int,
        max_seconds: float,
        resolve: Resolve = resolve_by_system,
        permits: Permits = may_dial,
    ) -> None:
        self._judging = judging
        self._events = events
        self._private = private
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._resolve = resolve
        self._permits = permits

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection to its end. Never raises."""
        try:
            async with asyncio.timeout(self._max_seconds):
                await self._serve((reader, writer))
        except TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError:
            pass
        except Exception:
            log.exception("connection_failed")
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _serve(self, client: Streams) -> None:
        reader, writer = client
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = parse_head(await reader.readuntil(b"\r\n\r\n"))
        except HeadError as error:
            await Answers(writer).say(HTTPStatus.BAD_REQUEST, str(error))
            return
        answers = Answers(writer, head.nonce)
        try:
            judged = await self._judging.judge(head)
        except UnknownCallerError as error:
            await answers.say(HTTPStatus.PROXY_AUTHENTICATION_REQUIRED, str(error))
            return
        except UnverifiedCallerError as error:
            await answers.say(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
            return
        try:
            await self._carry(client, judged, answers)
        finally:
            self._events.note(judged.closed())
            code = str(judged.decision.reason_code)
            metrics.CONNECTIONS.labels(str(judged.decision.allowed).lower(), code).inc()
            metrics.CARRIED.labels("sent").inc(judged.sent)
            metrics.CARRIED.labels("received").inc(judged.received)

    async def _carry(self, client: Streams, judged: Judged, answers: Answers) -> None:
        to = judged.to
        if to is None or not judged.decision.allowed or not self._judging.take(judged):
            await answers.refuse(judged)
            return
        try:
            await self._events.ahead(judged.allowed(), within_seconds=RECORD_SECONDS)
            server = await dial(to.host, to.port, self._private, self._resolve, self._permits)
        except AppendError:
            log.exception("connection_not_recorded")
            message = "the record does not answer, and nothing is opened that it does not know of"
            judged.decision = refusal("record", ReasonCode.EVALUATION_ERROR, message)
            await answers.say(HTTPStatus.SERVICE_UNAVAILABLE, message)
            return
        except ForbiddenAddressError as error:
            judged.decision = refusal("addresses", ReasonCode.DOMAIN_NOT_ALLOWLISTED, str(error))
            await answers.refuse(judged)
            return
        except UnreachableError as error:
            await answers.say(HTTPStatus.BAD_GATEWAY, str(error))
            return
        else:
            try:
                await self._exchange(client, server, to, judged)
            finally:
                server[1].close()
        finally:
            self._judging.give(judged)

    async def _exchange(
        self, client: Streams, server: Streams, to: Destination, judged: Judged
    ) -> None:
        if to.is_tunnel:
            await self._tunnel(client, server, to, judged)
            return
        server[1].write(to.onward)
        await self._both(client, server, judged, upward=to.body_bytes)

    async def _tunnel(
        self, client: Streams, server: Streams, to: Destination, judged: Judged
    ) -> None:
        """Open a tunnel; nothing goes on before the client has named the same host in TLS."""
        reader, writer = client
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        try:
            name, hello = await _greeting(reader)
        except HelloError as error:
            judged.decision = refusal("tls", ReasonCode.DOMAIN_NOT_ALLOWLISTED, str(error))
            return
        if normal_host(name) != to.host:
            message = "the ClientHello names another host than CONNECT did"
            judged.decision = refusal("tls", ReasonCode.DOMAIN_NOT_ALLOWLISTED, message)
            return
        server[1].write(hello)
        judged.sent += len(hello)
        await self._both(client, server, judged, upward=self._max_bytes)

    async def _both(self, client: Streams, server: Streams, judged: Judged, *, upward: int) -> None:
        """Carry bytes both ways until the server ends, or too much was carried."""

        def sent(count: int) -> None:
            judged.sent += count

        def received(count: int) -> None:
            judged.received += count

        # A client that has sent what it announced may still wait for the answer.
        up = asyncio.create_task(_pipe(client[0], server[1], upward, sent))
        try:
            with suppress(OSError, TimeoutError):
                await _pipe(server[0], client[1], self._max_bytes, received)
        finally:
            up.cancel()
            with suppress(asyncio.CancelledError, OSError, TimeoutError):
                await up


async def _greeting(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Read a ClientHello; return the name in it, and all that was read. Raises HelloError."""
    hello = b""
    while (name := server_name(hello)) is None:
        async with asyncio.timeout(HEAD_SECONDS):
            piece = await reader.read(PIECE)
        if not piece:
            raise HelloError("the client left before it named a host")
        hello += piece
    return name, hello


async def _pipe(
    source: asyncio.StreamReader,
    sink: asyncio.StreamWriter,
    limit: int,
    count: Callable[[int], None],
) -> None:
    """Carry at most `limit` bytes until the source ends."""
    left = limit
    while left:
        async with asyncio.timeout(IDLE_SECONDS):
            piece = await source.read(min(PIECE, left))
        if not piece:
            return
        left -= len(piece)
        sink.write(piece)
        await sink.drain()
        count(len(piece))
