"""Single requests by the standard library, to servers that answer well, badly or not at all."""

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from venture_core.kubernetes.access import Access
from venture_core.kubernetes.connection import Connection
from venture_core.kubernetes.exchange import Answer, NoAnswerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """A port that answers each request with the next of these bytes, then waits or breaks off."""

    def __init__(self, answers: list[bytes], *, breaks_off: bool) -> None:
        self.breaks_off = breaks_off
        self.answers = answers
        self.requests: list[bytes] = []
        self.serving: list[asyncio.Task[object] | None] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.append(asyncio.current_task())
        try:
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(head)
                writer.write(self.answers.pop(0))
                await writer.drain()
            if not self.breaks_off:
                await reader.read()
        except asyncio.IncompleteReadError, ConnectionError:
            pass
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def connected(
    *answers: bytes, path: str = "", breaks_off: bool = False, **access: object
) -> AsyncIterator[tuple[Connection, Server]]:
    server = Server(list(answers), breaks_off=breaks_off)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    where = Access(server=f"http://127.0.0.1:{port}{path}", **access)  # type: ignore[arg-type]
    async with Connection(where, brief=True) as connection:
        yield connection, server
    listening.close()
    await asyncio.gather(*filter(None, server.serving))


async def ask(connection: Connection, *, seconds: float = 20, **asked: str) -> Answer:
    return await connection.exchange("GET", "/api", seconds=seconds, headers=asked)


async def test_connections_serve_again_and_chunks_are_put_together() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"
    async with connected(OK, chunked) as (connection, server):
        assert await ask(connection) == Answer(200, "OK", b"ok")
        assert await ask(connection) == Answer(200, "OK", b"ok")
        assert len(server.serving) == 1


async def test_a_path_of_the_server_a_query_and_repeated_headers_go_along() -> None:
    groups = (("Impersonate-Group", "a"), ("Impersonate-Group", "b"))
    async with connected(OK, path="/k8s/c-1", impersonation=groups) as (connection, server):
        query = {"labelSelector": "a=b,c in (d)"}
        await connection.exchange("GET", "/api/v1", seconds=20, query=query)
    (request,) = server.requests
    assert request.startswith(
        b"GET /k8s/c-1/api/v1?labelSelector=a%3Db%2Cc+in+%28d%29 HTTP/1.1\r\n"
    )
    assert request.count(b"Impersonate-Group: ") == 2


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", OK[:-1]])
async def test_what_is_no_answer_is_said_to_be_none(answer: bytes) -> None:
    async with connected(answer, breaks_off=True) as (connection, _):
        with pytest.raises(NoAnswerError):
            await ask(connection)


async def test_time_is_bounded_though_nothing_comes() -> None:
    async with connected() as (connection, _):
        with pytest.raises(TimeoutError):
            await ask(connection, seconds=0.2)


async def test_nobody_listens() -> None:
    async with Connection(Access(server="http://127.0.0.1:1"), brief=True) as connection:
        with pytest.raises(NoAnswerError, match="refused"):
            await ask(connection)


async def test_a_token_that_cannot_be_sent_is_not_shown() -> None:
    async with connected(OK) as (connection, _):
        with pytest.raises(NoAnswerError) as caught:
            await ask(connection, Authorization="Bearer hunter2\r\nX: y")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
