"""The kit for services, by a tiny service with real TLS."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import time
from typing import TYPE_CHECKING

import aiohttp
import pytest
from certificates import Authority
from prometheus_client import generate_latest
from surroundings import free_port
from teapot import Running, problem, running, teapot
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed
from venture_core.http import protocol
from venture_core.http.app import whole
from venture_core.http.gathering import GATHERED_BYTES, Gathering
from venture_core.http.limits import Limits
from venture_core.http.metrics import ROUTE
from venture_core.http.problems import status_body
from venture_core.http.server import serve, service_tls
from venture_core.http.settings import ServiceSettings
from venture_core.identity.callers import Caller, ClusterUser
from venture_core.process.running import Process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from venture_core.http.tls import ServerTls
    from venture_core.http.types import Receive, Scope, Send


async def anybody(_scope: Scope) -> Caller:
    return ClusterUser("somebody", (), {})


def limits_of(scope: Scope) -> Limits:
    return Limits(body_bytes=1000, seconds=0.5 if scope["path"] == "/stuck" else 20)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def service() -> AsyncIterator[Running]:
    async with running(whole(teapot(), authenticate=anybody, limits_of=limits_of)) as started:
        yield started


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", "/nowhere", None, 404, "Nothing"),
        ("DELETE", "/pots", None, 405, ""),
        ("POST", "/pots", b'{"cups": 9}', 422, "body/cups"),
        ("POST", "/pots", b'{"cups": "3"}', 422, "body/cups"),
        ("POST", "/pots", b"{", 422, "body"),
        ("POST", "/raw", b"x" * 1001, 413, "1000 bytes"),
        ("GET", "/broken", None, 500, "trace id"),
        ("GET", "/stuck", None, 504, "0.5 s"),
    ],
)
async def test_every_error_is_a_problem(
    service: Running,
    session: aiohttp.ClientSession,
    method: str,
    path: str,
    body: bytes | None,
    status: int,
    said: str,
) -> None:
    headers = {"Content-Type": "application/json"}
    async with session.request(method, service.url + path, data=body, headers=headers) as answer:
        assert answer.status == status
        found = await problem(answer)
        assert said in found["detail"]
        assert "hunter2" not in json.dumps(found)


async def test_a_body_of_no_announced_length_is_bounded_too(
    service: Running, session: aiohttp.ClientSession
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 200

    async with session.post(f"{service.url}/raw", data=endless()) as answer:
        assert answer.status == 413
        await problem(answer)


@pytest.mark.parametrize(
    ("path", "head", "status"),
    [
        (b"/raw", b"Content-Length: 8000000", b"413"),
        (b"/raw", b"Transfer-Encoding: chunked", b"413"),
        (b"/nowhere", b"Transfer-Encoding: chunked", b"404"),
    ],
)
async def test_who_is_refused_while_it_sends_hears_so_and_no_reset(
    service: Running, path: bytes, head: bytes, status: bytes
) -> None:
    """As the API server does, which reads no answer before it has sent all."""
    chunked = head.startswith(b"Transfer")
    piece = b"F4240\r\n" + b"x" * 1_000_000 + b"\r\n" if chunked else b"x" * 1_000_000
    last = b"0\r\n\r\n" if chunked else b""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(service.url.split(":")[-1]))
    try:
        writer.write(b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n\r\n")
        for _ in range(8):
            writer.write(piece)
            await writer.drain()
        writer.write(last)
        await writer.drain()
        async with asyncio.timeout(60):
            assert (await reader.readline()).startswith(b"HTTP/1.1 " + status)
    finally:
        writer.close()


async def _raw(service: Running, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(service.url.split(":")[-1]))
    try:
        writer.write(sent)
        async with asyncio.timeout(60):
            return await reader.read()
    finally:
        writer.close()


async def test_headers_are_bounded(service: Running) -> None:
    answer = await _raw(service, b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 70_000)
    assert b"400" in answer.split(b"\r\n")[0]
    assert b"application/problem+json" in answer


async def test_a_client_that_never_finishes_its_headers_is_dropped(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEADER_SECONDS", 0.3)
    assert await _raw(service, b"GET / HTTP/1.1\r\nHost: x\r\n") == b""


async def test_a_connection_may_be_idle_for_longer_than_headers_may_take(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEADER_SECONDS", 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(service.url.split(":")[-1]))
    try:
        async with asyncio.timeout(60):
            for _ in range(2):
                writer.write(b"GET /pots/a HTTP/1.1\r\nHost: x\r\n\r\n")
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.lower().splitlines()
                    if line.startswith(b"content-length")
                )
                await reader.readexactly(length)
                await asyncio.sleep(1)
            # Whoever has begun has to go on, here as on a new connection.
            writer.write(b"GET /pots/a HTTP/1.1\r\n")
            assert await reader.read() == b""
    finally:
        writer.close()


async def test_what_is_written_in_one_turn_is_sent_at_once() -> None:
    loop, sent = asyncio.get_running_loop(), []

    class Sink(asyncio.Transport):
        def write(self, data: bytes | bytearray | memoryview) -> None:
            sent.append(bytes(data))

        def is_closing(self) -> bool:
            return False

        def close(self) -> None:
            sent.append(b"closed")

    transport = Gathering(Sink(), loop)
    for piece in (b"head", b"body", b""):
        transport.write(piece)
    assert sent == []
    await asyncio.sleep(0)
    assert sent == [b"headbody"]
    # A stream that never pauses does not fill the memory.
    for _ in range(3):
        transport.write(b"x" * GATHERED_BYTES)
    assert [len(each) for each in sent[1:]] == [GATHERED_BYTES] * 3
    transport.write(b"end")
    transport.close()
    await asyncio.sleep(0)
    assert sent[4:] == [b"end", b"closed"]


async def test_too_many_requests_at_once_are_refused(session: aiohttp.ClientSession) -> None:
    app = whole(teapot(), authenticate=anybody, at_once=1)
    async with running(app) as service:
        first = asyncio.create_task(session.get(f"{service.url}/slow"))
        async for attempt in AsyncRetrying(wait=wait_fixed(0.02), stop=stop_after_delay(60)):
            with attempt:
                async with session.get(f"{service.url}/pots/a") as answer:
                    assert answer.status == 503
                    assert answer.headers["Retry-After"] == "1"
                    await problem(answer)
        async with await first as answer:
            assert answer.status == 200


async def test_a_plain_application_is_made_whole_too(session: aiohttp.ClientSession) -> None:
    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        scope[ROUTE] = "/things/{name}"
        if scope["path"] == "/things/broken":
            raise ValueError("broken")
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    made = whole(app, authenticate=None, render=status_body)
    async with running(made) as service:
        async with session.get(f"{service.url}/things/a") as answer:
            assert answer.status == 204
        async with session.get(f"{service.url}/things/broken") as answer:
            assert answer.status == 500
            body = await answer.json()
            assert (body["kind"], body["code"]) == ("Status", 500)
    assert 'route="/things/{name}",status="204"' in generate_latest().decode()


async def test_a_trace_is_taken_over_and_told(
    service: Running, session: aiohttp.ClientSession
) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    async with session.get(f"{service.url}/pots/a", headers=headers) as answer:
        body = await answer.json()
        assert body["trace"].replace("-", "") == trace
        assert answer.headers["X-Trace-Id"] == body["trace"]
    for wrong in ("00-xyz-b7ad6b7169203331-01", f"00-{'0' * 32}-b7ad6b7169203331-01"):
        async with session.get(f"{service.url}/pots/a", headers={"traceparent": wrong}) as answer:
            assert (await answer.json())["trace"].replace("-", "") not in wrong


async def test_metrics_go_by_the_route_and_never_by_the_path(
    service: Running, session: aiohttp.ClientSession
) -> None:
    for path in ("/pots/one", "/pots/two", "/nowhere/at/all"):
        async with session.get(service.url + path):
            pass
    async with session.request("BREW", f"{service.url}/pots/one"):
        pass
    text = generate_latest().decode()
    assert 'method="GET",route="/pots/{name}",status="200"' in text
    assert 'route="unmatched",status="404"' in text
    assert 'method="other"' in text
    assert "/pots/one" not in text
    assert "/nowhere" not in text


async def _serial(url: str, authority: Path) -> int:
    context = ssl.create_default_context(cafile=str(authority))
    port = int(url.rsplit(":", maxsplit=1)[-1])
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        tls = writer.get_extra_info("ssl_object")
        return int(tls.getpeercert()["serialNumber"], 16)
    finally:
        writer.close()


async def test_a_renewed_certificate_is_served_without_a_restart(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("teapot")
    contexts: list[ServerTls] = []

    def tls(settings: ServiceSettings) -> ServerTls:
        context = service_tls(settings)
        assert context is not None
        contexts.append(context)
        return context

    app = whole(teapot(), authenticate=anybody)
    files = {"tls_certificate_file": pair.cert, "tls_key_file": pair.key}
    async with running(app, tls=tls, **files) as service:
        before = await _serial(service.url, authority.cert)
        authority.issue("teapot")
        await contexts[0].look()
        after = await _serial(service.url, authority.cert)
        assert after != before
        # A half-written renewal changes nothing.
        pair.key.write_text("half")
        await contexts[0].look()
        assert await _serial(service.url, authority.cert) == after


async def test_stopping_turns_readiness_off_and_finishes_what_is_at_work(
    session: aiohttp.ClientSession,
) -> None:
    async with running(whole(teapot(), authenticate=anybody), drain_seconds=0.5) as service:
        slow = asyncio.create_task(session.get(f"{service.url}/slow"))
        async with session.get(f"{service.url}/pots/a") as answer:
            assert answer.status == 200
        service.process.stop.set()
        assert service.process.readiness() == ["the process is stopping"]
        # Whoever has not heard yet is served.
        async with session.get(f"{service.url}/pots/late") as answer:
            assert answer.status == 200
        async with await slow as answer:
            assert await answer.json() == "done"
        await asyncio.wait_for(service.serving, timeout=60)
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(f"{service.url}/pots/a")


async def test_stopping_is_bounded(session: aiohttp.ClientSession) -> None:
    app = whole(teapot(), authenticate=anybody, limits_of=lambda _: Limits(seconds=600))
    async with running(app, stop_seconds=1.5) as service:
        stuck = asyncio.create_task(session.get(f"{service.url}/stuck"))
        async with session.get(f"{service.url}/pots/a"):
            pass
        began = time.monotonic()
        service.process.stop.set()
        await asyncio.wait_for(service.serving, timeout=60)
        assert time.monotonic() - began < 5
        async with await stuck as answer:
            assert answer.status == 503
            assert "stops" in (await problem(answer))["detail"]


async def test_a_port_that_is_taken_is_an_error_and_no_end_of_the_loop() -> None:
    # A kubelet, for one, has its port at an address of the machine and not at all of them.
    with socket.create_server(("127.0.0.1", free_port())) as other:
        process = Process("late", starting=True)
        settings = ServiceSettings(pod_name="late-0", api_port=other.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            await serve(teapot(), settings, process)
        assert process.readiness() == ["the process is starting"]
