"""One provider over HTTP: few calls at once, tries again with patience, left alone when broken."""

import asyncio
import json
import socket
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

import aiohttp
import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt
from venture_core.llm.errors import LlmError
from venture_core.sockets import watch

from venture_llm_gateway import metrics
from venture_llm_gateway.answers import Answer, LostError
from venture_llm_gateway.breaker import Breaker
from venture_llm_gateway.complaints import complaint
from venture_llm_gateway.keys import KeyMissingError, Keys
from venture_llm_gateway.retrying import (
    MAX_TOLD_SECONDS,
    MAX_WAIT_SECONDS,
    RETRIED,
    TRIES,
    asked_to_wait,
    wait_before,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping

    from aiohttp import AddrInfoType
    from tenacity import RetryCallState

CALLS_AT_ONCE: Final = 10
QUEUE_SECONDS: Final = 60.0
CONNECT_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 600.0
"""From the request to its answer's first byte: what is not streamed takes as long as it thinks."""
PROVIDER_VANISHED_SECONDS: Final = 30
"""After how long a call ends whose provider, or a proxy on the way, is gone without a word."""
KEEP_ALIVE_SECONDS: Final = 10.0
"""Short: a provider that closes first would leave it open what became of a request."""
MAX_ERROR_BYTES: Final = 64 * 1024
CHUNK_BYTES: Final = 64 * 1024
_FORWARDED: Final = ("content-type", "request-id", "x-request-id")
_OUR_FAULT: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})

log = structlog.get_logger(__name__)


class _NotYetError(Exception):
    """Nothing was done, and another try may succeed, after the seconds the provider asks for."""

    def __init__(self, answer: LlmError, wait: float | None) -> None:
        super().__init__(answer.message)
        self.answer = answer
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider is, and how it is to be reached."""

    name: Literal["Anthropic", "OpenAI"]
    url: str
    """Without /v1."""
    proxy: str | None = None
    tls: ssl.SSLContext | None = field(default=None, repr=False)


class Provider:
    """Asks one provider."""

    def __init__(self, endpoint: Endpoint, keys: Keys, session: aiohttp.ClientSession) -> None:
        self.name = endpoint.name
        self._endpoint = endpoint
        self._keys = keys
        self._session = session
        self._room = asyncio.Semaphore(CALLS_AT_ONCE)
        self._breaker = Breaker()

    @property
    def has_key(self) -> bool:
        """Whether it can be asked at all."""
        return self._keys.has(self.name)

    @asynccontextmanager
    async def ask(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> AsyncIterator[Answer]:
        """Ask; give the answer that has begun, whatever the provider's status.

        Raises LlmError where nothing was done that costs, LostError where that is not known.
        """
        key = self._key()
        async with self._turn():
            response = await self._patiently(path, json.dumps(body).encode(), headers, key)
            try:
                yield await self._answer(response, body.keys())
            finally:
                # What is left unread is not read: the connection goes.
                response.close()

    def _key(self) -> str:
        try:
            return self._keys.key(self.name)
        except KeyMissingError:
            raise LlmError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "no_key",
                f"This installation has no key for {self.name}. Ask the platform's operators for "
                "one, or use a model of the provider Scripted.",
            ) from None

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await self._room.acquire()
        except TimeoutError:
            raise LlmError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "busy",
                f"{CALLS_AT_ONCE} calls of {self.name} are at work. Try again in a moment.",
                retry=True,
                retry_after=2,
            ) from None
        try:
            yield
        finally:
            self._room.release()

    async def _patiently(
        self, path: str, data: bytes, headers: Mapping[str, str], key: str
    ) -> aiohttp.ClientResponse:
        trying = AsyncRetrying(
            retry=retry_if_exception_type(_NotYetError),
            stop=lambda state: stop_after_attempt(TRIES)(state) or _wait(state) > MAX_WAIT_SECONDS,
            wait=_wait,
            before_sleep=lambda _: metrics.RETRIES.labels(self.name).inc(),
            reraise=True,
        )
        try:
            found: aiohttp.ClientResponse = await trying(self._once, path, data, headers, key)
        except _NotYetError as error:
            raise error.answer from None
        return found

    async def _once(
        self, path: str, data: bytes, headers: Mapping[str, str], key: str
    ) -> aiohttp.ClientResponse:
        if wait := self._breaker.wait(time.monotonic()):
            raise LlmError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "provider_broken",
                f"{self.name} failed again and again, and is left alone for {wait:.0f} s.",
                retry=True,
                retry_after=wait,
            )
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                response = await self._post(path, data, headers, key)
        except aiohttp.ClientConnectorError as error:
            self._failed()
            raise _NotYetError(self._broken("cannot be reached"), None) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            self._failed()
            raise LostError(f"{self.name} did not answer: {type(error).__name__}") from error
        if response.status in RETRIED:
            await self._raise_not_yet(response)
        self._breaker.succeeded()
        metrics.BREAKER.labels(self.name).set(0)
        return response

    async def _post(
        self, path: str, data: bytes, headers: Mapping[str, str], key: str
    ) -> aiohttp.ClientResponse:
        own = {
            "content-type": "application/json",
            # Bytes as they are: compressed ones could not be metered while they pass.
            "accept-encoding": "identity",
            **({"x-api-key": key} if self.name == "Anthropic" else {}),
            **({"authorization": f"Bearer {key}"} if self.name == "OpenAI" else {}),
        }
        return await self._session.post(
            self._endpoint.url + path,
            data=data,
            headers={**headers, **own},
            allow_redirects=False,
            proxy=self._endpoint.proxy,
            ssl=self._endpoint.tls or True,
        )

    async def _raise_not_yet(self, response: aiohttp.ClientResponse) -> None:
        response.close()
        asked = asked_to_wait(_lower(response), datetime.now(UTC))
        status = response.status
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            # It works, and has enough to do.
            self._breaker.succeeded()
            said = "has more calls than it takes now"
        else:
            self._failed()
            said = f"answers with status {status}"
        answer = self._broken(said, status=status, retry_after=asked)
        raise _NotYetError(answer, asked)

    async def _answer(self, response: aiohttp.ClientResponse, fields: Collection[str]) -> Answer:
        headers = _lower(response)
        if response.status == HTTPStatus.OK:
            forwarded = {name: headers[name] for name in _FORWARDED if name in headers}
            return Answer(response.status, forwarded, self._chunks(response))
        if response.status in _OUR_FAULT:
            # Such an answer quotes a part of the key.
            log.error("a provider refuses its key", provider=self.name, status=response.status)
            raise LlmError(
                HTTPStatus.BAD_GATEWAY,
                "key_refused",
                f"{self.name} refuses the key of this installation. Its operators have to renew "
                "it in the Secret of the gateway.",
            )
        said = complaint(await self._error(response), fields) or f"status {response.status}"
        is_callers = response.status // 100 == HTTPStatus.BAD_REQUEST // 100
        status = response.status if is_callers else HTTPStatus.BAD_GATEWAY
        raise LlmError(status, "refused_by_provider", f"{self.name} says: {said}")

    async def _error(self, response: aiohttp.ClientResponse) -> bytes:
        """Return the body of an error, bounded; nothing where it breaks off."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await response.content.read(MAX_ERROR_BYTES)
        except aiohttp.ClientError, TimeoutError:
            return b""

    async def _chunks(self, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes]:
        try:
            while data := await response.content.read(CHUNK_BYTES):
                yield data
        except (aiohttp.ClientError, TimeoutError) as error:
            raise LostError(f"{self.name} broke off: {type(error).__name__}") from error

    def _failed(self) -> None:
        self._breaker.failed(time.monotonic())
        metrics.BREAKER.labels(self.name).set(self._breaker.is_open)

    def _broken(
        self, said: str, *, status: int = 503, retry_after: float | None = None
    ) -> LlmError:
        told = None if retry_after is None else min(retry_after, MAX_TOLD_SECONDS)
        return LlmError(
            status, "provider_unavailable", f"{self.name} {said}.", retry=True, retry_after=told
        )


def provider_session() -> aiohttp.ClientSession:
    """Return a session for providers. Nothing of its environment counts: proxies are settings."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS, socket_factory=_socket
        ),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )


def _socket(address: AddrInfoType) -> socket.socket:
    """Return a socket that ends where the provider, or what leads to it, has vanished."""
    family, kind, protocol, *_ = address
    made = socket.socket(family, kind, protocol)
    watch(made, PROVIDER_VANISHED_SECONDS)
    return made


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    asked = error.wait if isinstance(error, _NotYetError) else None
    return wait_before(state.attempt_number, asked)


def _lower(response: aiohttp.ClientResponse) -> Mapping[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}
