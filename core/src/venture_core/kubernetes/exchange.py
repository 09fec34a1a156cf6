"""Single requests and their whole answers, by the standard library: for programs that soon end.

Importing aiohttp takes longer than all else that a command does which asks once or twice. What
lives for long, streams, or is reached through a proxy, has aiohttp's session.
"""

import asyncio
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Final, override
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping, Sequence

CONNECT_SECONDS: Final = 10.0


class NoAnswerError(Exception):
    """No answer came, or none that HTTP can be made of; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the HTTP status, the words beside it, and the whole body."""

    status: int
    reason: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: method, path with its query, headers of its own, and a body."""

    method: str
    path: str
    headers: Mapping[str, str]
    data: bytes | None = None


class _Tls(HTTPSConnection):
    """TLS to a server whose certificate may have another name than its address."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, name: str) -> None:
        super().__init__(host, port, timeout=CONNECT_SECONDS, context=context)
        self._name = name
        self._tls = context

    @override
    def connect(self) -> None:
        HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)


class Exchanges:
    """Connections to one server with one way of speaking TLS; those that are idle serve again."""

    def __init__(self, server: str, context: ssl.SSLContext, server_name: str | None) -> None:
        url = urlsplit(server)
        self._root = url.path.rstrip("/")
        self._host = url.hostname or ""
        self._port = url.port or (443 if url.scheme == "https" else 80)
        self._context = context if url.scheme == "https" else None
        self._name = server_name or self._host
        self._idle: list[HTTPConnection] = []

    async def ask(self, question: Question, headers: Sequence[tuple[str, str]]) -> Answer:
        """Ask with all those headers, and read the whole answer. NoAnswerError where none comes.

        The caller bounds the time.
        """
        connection = self._idle.pop() if self._idle else self._connection()
        try:
            answer = await _in_a_thread(lambda: self._exchange(connection, question, headers))
        except asyncio.CancelledError:
            _break_off(connection)
            raise
        except (OSError, HTTPException) as error:
            raise NoAnswerError(str(error) or repr(error)) from error
        except ValueError:
            # Its message would show the header, which may be a token.
            raise NoAnswerError("a header of the request has what HTTP forbids there") from None
        if connection.sock is not None:
            self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().close()

    def _connection(self) -> HTTPConnection:
        if self._context is None:
            return HTTPConnection(self._host, self._port, timeout=CONNECT_SECONDS)
        return _Tls(self._host, self._port, self._context, self._name)

    def _exchange(
        self,
        connection: HTTPConnection,
        question: Question,
        headers: Sequence[tuple[str, str]],
    ) -> Answer:
        try:
            connection.putrequest(question.method, f"{self._root}{question.path}")
            for name, value in headers:
                connection.putheader(name, value)
            if question.data is not None:
                connection.putheader("Content-Length", str(len(question.data)))
            if connection.sock is None:
                _open(connection)
            connection.endheaders(question.data)
            with connection.getresponse() as response:
                return Answer(response.status, response.reason, response.read())
        except BaseException:
            connection.close()
            raise


def _open(connection: HTTPConnection) -> None:
    """Connect within the bound; how long an answer may take is the caller's to say."""
    try:
        connection.connect()
    except OSError as error:
        where = f"{connection.host}:{connection.port}"
        raise ConnectionError(f"Cannot connect to host {where}: {error}") from error
    connection.sock.settimeout(None)


def _break_off(connection: HTTPConnection) -> None:
    """Have the thread that reads from a connection see its end."""
    if connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


async def _in_a_thread[T](work: Callable[[], T]) -> T:
    """Do it in a thread that holds nobody up: not the loop, and not the end of the program."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # None only where T takes it

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except Exception as error:
            failure = error
        # The loop may have ended meanwhile.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="exchange", daemon=True).start()
    return await done
