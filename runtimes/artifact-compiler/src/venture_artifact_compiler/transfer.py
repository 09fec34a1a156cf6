"""Bounded transfers from and to presigned URLs.

A presigned URL is a secret for as long as it lives: it is shown in no error and no log line.
"""

import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx2
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)
from venture_core.canonical import sha256_hex

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from venture_core.artifacts.jobcontract import JobUpload

ATTEMPTS = 4
"""Tries per transfer before it counts as failed."""
_FIRST_WAIT_SECONDS = 0.3
_LONGEST_WAIT_SECONDS = 4.0
_CONNECT_SECONDS = 5.0

_REDIRECTS = range(300, 400)
_NOT_FOUND = 404
_TOO_MANY_REQUESTS = 429
_SERVER_ERRORS = range(500, 600)


class TransferError(Exception):
    """A transfer that failed in a way that trying again cannot mend."""


class MissingObjectError(TransferError):
    """The object is not there."""


class InterruptedTransferError(Exception):
    """The network or the store failed for now; a later Job, with fresh URLs, may succeed."""


class UnavailableStoreError(InterruptedTransferError):
    """The store did not answer, or asked for patience: trying again soon may help."""


class TooLargeError(TransferError):
    """The object is larger than it may be."""


class DigestMismatchError(TransferError):
    """The object is not the one that was asked for."""


class Transfers:
    """Transfers over one pool of connections. Redirects, proxies and encodings are refused."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, silence_seconds: float, authorities: str | None = None
    ) -> AsyncIterator[Transfers]:
        """Open the pool; a connection silent for `silence_seconds` counts as lost.

        `authorities` is PEM of those to trust besides the system's. Raises ssl.SSLError for others.
        """
        trust = ssl.create_default_context()
        if authorities is not None:
            trust.load_verify_locations(cadata=authorities)
        async with httpx2.AsyncClient(
            timeout=httpx2.Timeout(silence_seconds, connect=_CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
            verify=trust,
            headers={"Accept-Encoding": "identity"},
        ) as client:
            yield cls(client)

    async def download(self, url: str, *, limit: int, sha256: str | None) -> bytes:
        """Fetch at most `limit` bytes; with `sha256` given, they must have this digest.

        Raises a `TransferError`, or `InterruptedTransferError` after the last attempt.
        """
        data = b""
        async for attempt in _attempts():
            with attempt:
                data = await self._get(url, limit)
        if sha256 is not None and sha256_hex(data) != sha256:
            raise DigestMismatchError(f"the bytes are not those of sha256 {sha256}")
        return data

    async def glance(self, url: str, *, limit: int) -> bytes | None:
        """Fetch an object that may not be there yet, at most `limit` bytes; None: not now.

        A store that is away, or that says "forbidden" of what is not there, says the same as one
        that has nothing. Raises other `TransferError`s.
        """
        try:
            return await self._get(url, limit)
        except MissingObjectError, InterruptedTransferError:
            return None

    async def upload(self, form: JobUpload, data: bytes, media_type: str) -> None:
        """Send `data` by the form. Raises as `download` does."""
        async for attempt in _attempts():
            with attempt, _translated():
                _check(await self._send(form, data, media_type))

    async def _send(self, form: JobUpload, data: bytes, media_type: str) -> httpx2.Response:
        if not form.fields:
            return await self._client.put(
                form.url, content=data, headers={"Content-Type": media_type}
            )
        files = {"file": ("artifact", data, media_type)}
        return await self._client.post(form.url, data=form.fields, files=files)

    async def _get(self, url: str, limit: int) -> bytes:
        with _translated():
            async with self._client.stream("GET", url) as response:
                _check(response)
                if response.headers.get("Content-Encoding", "identity") != "identity":
                    raise TransferError("the store sent an encoded body, which was not asked for")
                data = bytearray()
                async for chunk in response.aiter_raw():
                    data += chunk
                    if len(data) > limit:
                        raise TooLargeError(f"more than {limit} bytes")
                return bytes(data)


def _attempts() -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_exception_type(UnavailableStoreError),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=_FIRST_WAIT_SECONDS, max=_LONGEST_WAIT_SECONDS),
        reraise=True,
    )


class _translated:  # noqa: N801 - reads as a word in a with statement
    """Turns the client's errors, whose texts hold URLs, into ours, whose texts do not."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is None:
            return
        if issubclass(kind, httpx2.TransportError):
            raise UnavailableStoreError(f"the connection failed ({kind.__name__})") from None
        if issubclass(kind, (httpx2.HTTPError, httpx2.InvalidURL)):
            raise TransferError(f"the request could not be made ({kind.__name__})") from None


def _check(response: httpx2.Response) -> None:
    """Accept success only."""
    status = response.status_code
    if response.is_success:
        return
    if status in _REDIRECTS:
        raise TransferError(f"the store answered {status}; redirects are not followed")
    if status == _NOT_FOUND:
        raise MissingObjectError("the object does not exist")
    if status == _TOO_MANY_REQUESTS or status in _SERVER_ERRORS:
        raise UnavailableStoreError(f"the store answered {status}")
    # A presigned URL that has run out answers 403: the next Job has a new one.
    raise InterruptedTransferError(f"the store answered {status}")
