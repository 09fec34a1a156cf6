"""Notes in Valkey: many share an exchange, and a server that does not answer is left alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed
from venture_treasury_api import notes
from venture_treasury_api.notes import AT_ONCE, Note, Notes, connected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dataplaneservers import Server
    from redis.asyncio import Redis

LONG = 60


@pytest.fixture
async def cache(valkey: Server) -> AsyncIterator[Redis]:
    client = connected(valkey.url(), wait_seconds=LONG)
    await client.flushall()
    yield client
    await client.aclose()


async def test_what_is_asked_comes_after_what_was_noted(cache: Redis) -> None:
    many = Notes(cache)
    assert await many.read("a", "b") == [None, None]
    many.write(Note("a", "1", LONG))
    assert await many.read("a", "b") == ["1", None]
    many.write(Note("a", "2", LONG), Note("b", "\x00", LONG))
    assert await many.read("b", "a") == ["\x00", "2"]
    assert 0 < await cache.ttl("a") <= LONG


async def test_what_nobody_asks_after_is_noted_too(cache: Redis) -> None:
    Notes(cache).write(Note("a", "1", LONG))
    async for attempt in AsyncRetrying(
        wait=wait_fixed(0.01), stop=stop_after_delay(60), reraise=True
    ):
        with attempt:
            assert await cache.get("a") == b"1"


async def test_many_share_an_exchange_and_each_gets_its_own(cache: Redis) -> None:
    many, count = Notes(cache), AT_ONCE + 50
    many.write(*(Note(f"n{each}", str(each), LONG) for each in range(count)))
    before = (await cache.info("commandstats"))["cmdstat_mget"]["calls"]
    found = await asyncio.gather(*(many.read(f"n{each}", "none") for each in range(count)))
    assert found == [[str(each), None] for each in range(count)]
    after = (await cache.info("commandstats"))["cmdstat_mget"]["calls"]
    assert after - before <= 3


async def test_who_hangs_up_takes_nobody_along(cache: Redis) -> None:
    many = Notes(cache)
    many.write(Note("a", "1", LONG))
    reading = [asyncio.create_task(many.read("a")) for _ in range(3)]
    await asyncio.sleep(0)
    reading[0].cancel()
    assert await asyncio.gather(*reading[1:]) == [["1"], ["1"]]


async def test_what_cannot_be_noted_hinders_no_reading(cache: Redis) -> None:
    many = Notes(cache)
    many.write(Note("a", "1", LONG))
    assert await many.read("a") == ["1"]
    await cache.config_set("maxmemory", "1")
    many.write(Note("a", "2", LONG))
    assert await many.read("a") == ["1"]
    await cache.config_set("maxmemory", "0")


async def test_a_server_that_does_not_answer_is_asked_once_and_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notes, "LEFT_ALONE_SECONDS", LONG)
    connections = 0

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.read()
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = connected(SecretStr(f"redis://127.0.0.1:{port}"), wait_seconds=0.1)
    async with server:
        many = Notes(client)
        assert await asyncio.gather(*(many.read("a") for _ in range(100))) == [None] * 100
        many.write(Note("a", "1", LONG))
        assert await many.read("a") is None
        assert connections == 1
        await client.aclose()


async def test_a_server_that_answers_again_is_asked_again(
    cache: Redis, valkey: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "LEFT_ALONE_SECONDS", 0.1)
    client = connected(valkey.url(), wait_seconds=0.1)
    many = Notes(client)
    await cache.set("a", "1")
    await cache.client_pause(1500)
    assert await many.read("a") is None
    async for attempt in AsyncRetrying(
        wait=wait_fixed(0.05), stop=stop_after_delay(60), reraise=True
    ):
        with attempt:
            assert await many.read("a") == ["1"]
    await client.aclose()
