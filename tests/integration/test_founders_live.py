"""What happens in a namespace, as founders' API streams it from a real, sequenced record."""

from __future__ import annotations

import asyncio
import json
import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from contentapi import HOST
from founderapi import hang_up, make_account, visiting
from happenings import happening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from contentapi import ContentApi
    from founderapi import Visitor
    from happenings import Happenings

WITHIN_SECONDS = 60


@pytest.fixture
async def happenings(content_api: ContentApi) -> AsyncIterator[Happenings]:
    async with happening(content_api.database) as found:
        yield found


@pytest.fixture
async def alice(
    content_api: ContentApi, definitions: Path, namespace: str
) -> AsyncIterator[Visitor]:
    account = f"alice-{secrets.token_hex(3)}"
    password = await make_account(definitions, account, "Founder", namespace)
    async with visiting(content_api) as visitor:
        assert (await visitor.sign_in(account, password)).status == 201
        yield visitor


@asynccontextmanager
async def listening(
    visitor: Visitor, namespace: str, **headers: str
) -> AsyncIterator[AsyncIterator[tuple[int, str, Any]]]:
    """Yield id, type and content of what comes."""
    async with visitor.session.get(
        f"{visitor.url}/v1/namespaces/{namespace}/events",
        headers={"Authorization": f"Bearer {visitor.token}", **headers},
        ssl=visitor.tls,
        server_hostname=HOST,
        timeout=aiohttp.ClientTimeout(total=None, sock_read=WITHIN_SECONDS),
    ) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.headers["content-type"].startswith("text/event-stream")

        async def parsed() -> AsyncIterator[tuple[int, str, Any]]:
            fields: dict[str, str] = {}
            async for raw in answer.content:
                name, _, value = raw.decode().rstrip("\n").partition(": ")
                if not name and "data" in fields:
                    content = json.loads(fields["data"])
                    yield int(fields.get("id", -1)), fields.get("event", ""), content
                fields = {} if not name else fields | {name: value}

        try:
            yield parsed()
        finally:
            hang_up(answer)


async def take(stream: AsyncIterator[tuple[int, str, Any]], count: int) -> list[tuple[int, str]]:
    """Return id and name of the next workflows that are told of."""
    found = []
    async with asyncio.timeout(WITHIN_SECONDS):
        async for index, kind, event in stream:
            assert kind == "workflow.run.started.v1"
            found.append((index, event["payload"]["name"]))
            if len(found) == count:
                break
    return found


async def test_a_stream_goes_on_where_it_broke_off_and_tells_of_no_other_namespace(
    alice: Visitor, happenings: Happenings, namespace: str
) -> None:
    other = f"other-{secrets.token_hex(3)}"
    async with listening(alice, namespace) as stream:
        await happenings.started(other, "secret-plan")
        await happenings.started(namespace, "one", "two")
        await happenings.started(other, "another-plan")
        found = await take(stream, 2)
    assert [name for _, name in found] == ["one", "two"]

    await happenings.started(namespace, "three")
    async with listening(alice, namespace, **{"Last-Event-ID": str(found[0][0])}) as stream:
        assert [name for _, name in await take(stream, 2)] == ["two", "three"]


async def test_an_id_that_the_log_does_not_have_is_said_to_begin_again(
    alice: Visitor, happenings: Happenings, namespace: str
) -> None:
    async with listening(alice, namespace, **{"Last-Event-ID": str(2**50)}) as stream:
        async with asyncio.timeout(WITHIN_SECONDS):
            _, kind, _ = await anext(stream)
        assert kind == "reset"
        await happenings.started(namespace, "after")
        assert [name for _, name in await take(stream, 1)] == ["after"]


async def test_who_has_no_rights_there_hears_nothing(alice: Visitor) -> None:
    answer = await alice("GET", "/v1/namespaces/kube-system/events")
    assert (answer.status, answer.body["type"].rpartition("/")[2]) == (403, "forbidden")
    wrong = await alice("GET", "/v1/namespaces/x/events", headers={"Last-Event-ID": "1; drop"})
    assert wrong.status in (400, 403)
