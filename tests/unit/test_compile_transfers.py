"""Transfers to and from presigned URLs: bounded, verified, retried with measure, and discreet."""

import hashlib
from typing import TYPE_CHECKING

import httpx2
import pytest
from venture_artifact_compiler import transfer
from venture_artifact_compiler.transfer import (
    ATTEMPTS,
    DigestMismatchError,
    InterruptedTransferError,
    MissingObjectError,
    TooLargeError,
    TransferError,
    Transfers,
)
from venture_core.artifacts.jobcontract import JobUpload

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "http://s3.example/bucket/key?X-Amz-Signature=topsecret"
PUT = JobUpload(url=URL, fields={})


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_FIRST_WAIT_SECONDS", 0)
    monkeypatch.setattr(transfer, "_LONGEST_WAIT_SECONDS", 0)


class Store:
    """Answers requests one after the other, and repeats the last answer."""

    def __init__(self, *answers: Callable[[httpx2.Request], httpx2.Response]) -> None:
        self.answers = list(answers)
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return self.answers[min(len(self.requests), len(self.answers)) - 1](request)

    def transfers(self) -> Transfers:
        return Transfers(httpx2.AsyncClient(transport=httpx2.MockTransport(self)))


def answer(
    status: int, content: bytes = b"", headers: dict[str, str] | None = None
) -> Callable[[httpx2.Request], httpx2.Response]:
    return lambda _: httpx2.Response(status, stream=httpx2.ByteStream(content), headers=headers)


def unreachable(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ConnectError(f"cannot reach {request.url}", request=request)


async def test_an_object_arrives() -> None:
    store = Store(answer(200, b"data"))
    digest = hashlib.sha256(b"data").hexdigest()
    assert await store.transfers().download(URL, limit=4, sha256=digest) == b"data"
    assert len(store.requests) == 1


@pytest.mark.parametrize(
    "passing",
    [unreachable, answer(500), answer(503), answer(429)],
    ids=["lost", "500", "503", "429"],
)
async def test_a_passing_failure_is_tried_again(
    passing: Callable[[httpx2.Request], httpx2.Response],
) -> None:
    store = Store(passing, passing, answer(200, b"data"))
    assert await store.transfers().download(URL, limit=10, sha256=None) == b"data"
    store = Store(passing)
    with pytest.raises(InterruptedTransferError) as caught:
        await store.transfers().download(URL, limit=10, sha256=None)
    assert len(store.requests) == ATTEMPTS
    assert "topsecret" not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("response", "error", "limit"),
    [
        (answer(404), MissingObjectError, 10),
        (answer(200, b"x" * 11), TooLargeError, 10),
        (answer(302, headers={"Location": "http://169.254.1.1/"}), TransferError, 10),
        (answer(307, headers={"Location": URL}), TransferError, 10),
        (answer(200, b"x", headers={"Content-Encoding": "gzip"}), TransferError, 10),
    ],
)
async def test_a_final_failure_is_not_tried_again(
    response: Callable[[httpx2.Request], httpx2.Response],
    error: type[TransferError],
    limit: int,
) -> None:
    store = Store(response)
    with pytest.raises(error) as caught:
        await store.transfers().download(URL, limit=limit, sha256=None)
    assert len(store.requests) == 1
    assert "topsecret" not in str(caught.value)


async def test_an_expired_url_is_left_to_the_next_job() -> None:
    store = Store(answer(403))
    with pytest.raises(InterruptedTransferError, match="403"):
        await store.transfers().download(URL, limit=10, sha256=None)
    assert len(store.requests) == 1


async def test_other_bytes_than_asked_for_are_refused() -> None:
    with pytest.raises(DigestMismatchError):
        await Store(answer(200, b"other")).transfers().download(URL, limit=10, sha256="0" * 64)


async def test_an_artifact_is_put_with_its_type() -> None:
    store = Store(answer(503), answer(200))
    await store.transfers().upload(PUT, b"data", "application/x")
    assert [request.method for request in store.requests] == ["PUT", "PUT"]
    assert store.requests[1].content == b"data"
    assert store.requests[1].headers["Content-Type"] == "application/x"


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (answer(307, headers={"Location": URL}), TransferError),
        (answer(403), InterruptedTransferError),
        (answer(500), InterruptedTransferError),
    ],
)
async def test_an_upload_that_fails_is_told(
    response: Callable[[httpx2.Request], httpx2.Response], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await Store(response).transfers().upload(PUT, b"data", "application/x")
