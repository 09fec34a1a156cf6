"""Redis before the treasury: it may refuse and slow down, and allows nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from moneyscenes import OK, Scene, code_of
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed
from treasuryservice import CREATED, Service, agent, purchase, treasury_service
from venture_core.treasury.models import Velocity
from venture_core.treasury.reasons import ReasonCode

if TYPE_CHECKING:
    from pathlib import Path

    import asyncpg
    from pydantic import SecretStr
    from redis.asyncio import Redis
    from venture_core.treasury.ledger import Ledger

SPEND = "/v1/money/authorizations"


@pytest.fixture
async def slow(ledger: Ledger) -> Scene:
    """Return a scene whose merchant may be paid once in an hour."""
    made = Scene(ledger)
    once = Velocity(cents=10_000, transactions=1, window_seconds=3600)
    for answer in (await made.fund(), await made.budgets(), await made.approve(velocity=once)):
        assert code_of(answer) == OK
    return made


async def _ask(service: Service, by: str, cents: int, key: str | None = None) -> tuple[int, str]:
    status, body = await service.ask("POST", SPEND, purchase(cents), by=by, key=key)
    return status, str(json.loads(body).get("reasonCode"))


async def _noted(cache: Redis, pattern: str, count: int) -> list[str]:
    """Return the names of notes, once there are so many: they are written behind the answer."""
    async for attempt in AsyncRetrying(
        wait=wait_fixed(0.01), stop=stop_after_delay(60), reraise=True
    ):
        with attempt:
            found: list[str] = await cache.keys(pattern)
            assert len(found) == count
    return found


async def _refusals(superuser: asyncpg.Connection) -> int:
    found: int = await superuser.fetchval(
        "SELECT count(*) FROM treasury.operations WHERE status = 429"
    )
    return found


async def test_what_was_refused_a_moment_ago_is_not_asked_of_the_ledger(
    service: Service, slow: Scene, cache: Redis, superuser: asyncpg.Connection
) -> None:
    by, first = agent(slow.workflow), uuid4().hex
    assert await _ask(service, by, 100, first) == (CREATED, OK)
    for _ in range(5):
        assert await _ask(service, by, 100) == (429, ReasonCode.VELOCITY_COUNT_EXCEEDED)
    assert await _refusals(superuser) == 1
    # What was answered before is answered so again.
    assert await _ask(service, by, 100, first) == (CREATED, OK)
    # Evicted: the ledger says the same.
    await cache.flushall()
    assert await _ask(service, by, 100, first) == (CREATED, OK)
    assert await _ask(service, by, 100) == (429, ReasonCode.VELOCITY_COUNT_EXCEEDED)
    assert await _refusals(superuser) == 2


async def test_a_key_is_known_for_a_day_with_what_it_was_used_for(
    service: Service, scene: Scene, cache: Redis, superuser: asyncpg.Connection
) -> None:
    by, key = agent(scene.workflow), uuid4().hex
    assert await _ask(service, by, 100, key) == (CREATED, OK)
    (known,) = await _noted(cache, "idempotency:*", 1)
    assert 86_000 < await cache.ttl(known) <= 86_400
    assert (await _ask(service, by, 200, key))[0] == 422
    # Without the cache the ledger says so.
    await cache.flushall()
    assert (await _ask(service, by, 200, key))[0] == 422
    assert await superuser.fetchval("SELECT count(*) FROM treasury.holds") == 1


@pytest.mark.parametrize("wrong", ["WITHIN_POLICY", "nonsense", "", "\x00\xff", "a list"])
async def test_wrong_values_allow_nothing(
    service: Service, slow: Scene, cache: Redis, superuser: asyncpg.Connection, wrong: str
) -> None:
    by, key = agent(slow.workflow), uuid4().hex
    assert await _ask(service, by, 100, key) == (CREATED, OK)
    assert (await _ask(service, by, 100))[0] == 429
    for name in await _noted(cache, "*", 3):
        await cache.delete(name)
        if wrong == "a list":
            await cache.rpush(name, "x")
        else:
            await cache.set(name, wrong)
    assert await _ask(service, by, 100) == (429, ReasonCode.VELOCITY_COUNT_EXCEEDED)
    # A key of which something else is said is refused, or has its one answer.
    assert (await _ask(service, by, 100, key))[0] in {CREATED, 422, 429}
    await cache.flushall()
    assert await _ask(service, by, 100, key) == (CREATED, OK)
    assert await superuser.fetchval("SELECT count(*) FROM treasury.holds") == 1


async def test_a_planted_refusal_only_refuses_and_a_server_that_is_gone_stops_nothing(
    database: SecretStr,
    ledger: Ledger,
    scene: Scene,
    tmp_path: Path,
    service: Service,
    cache: Redis,
) -> None:
    by = agent(scene.workflow)
    assert await _ask(service, by, 100) == (CREATED, OK)
    await cache.config_set("maxmemory", "1")
    assert await _ask(service, by, 101) == (CREATED, OK)
    await cache.config_set("maxmemory", "0")
    async with treasury_service(database, ledger, tmp_path) as without:
        assert await _ask(without, by, 102) == (CREATED, OK)
