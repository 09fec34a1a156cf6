"""Refusals of merchants and categories, remembered in Valkey: they refuse, and allow nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from dataplaneservers import valkey_server
from moneyscenes import OK, Scene
from redis.asyncio import Redis
from treasuryservice import CREATED, Service, agent, purchase, treasury_service
from venture_core.treasury.reasons import ReasonCode
from venture_treasury_api.prereject import INTENT_SECONDS, TERMS_SECONDS, Prereject, Purchase

if TYPE_CHECKING:
    from pathlib import Path

    import asyncpg
    from pydantic import SecretStr
    from venture_core.treasury.ledger import Ledger

SPEND = "/v1/money/authorizations"
MERCHANT = (403, ReasonCode.MERCHANT_NOT_ALLOWED)
CATEGORY = (403, ReasonCode.CATEGORY_NOT_ALLOWED)
BOUGHT = (CREATED, OK)


async def _buy(
    service: Service, scene: Scene, *, task: str = "place", key: str | None = None, **changes: Any
) -> tuple[int, str]:
    by = agent(scene.workflow, task=task)
    status, body = await service.ask("POST", SPEND, purchase(100, **changes), by=by, key=key)
    return status, json.loads(body)["reasonCode"]


async def _asked(superuser: asyncpg.Connection) -> int:
    """Return how many refusals the ledger decided."""
    found: int = await superuser.fetchval(
        "SELECT count(*) FROM treasury.operations WHERE status = 403"
    )
    return found


async def _hold(service: Service, scene: Scene, **changes: Any) -> None:
    """Have an intent of the same name approved, as the operator does."""
    async with service.client("operator") as operator:
        await operator.hold(uuid4(), scene.terms(**changes))


async def test_what_the_terms_refuse_is_asked_of_the_ledger_once(
    service: Service, scene: Scene, cache: Redis, superuser: asyncpg.Connection
) -> None:
    for _ in range(3):
        assert await _buy(service, scene, merchant="globex") == MERCHANT
        assert await _buy(service, scene, category="5999") == CATEGORY
    assert await _asked(superuser) == 2
    noted = await cache.keys("allowlist:*")
    assert len(noted) == 2
    for name in noted:
        assert TERMS_SECONDS - 60 < await cache.ttl(name) <= TERMS_SECONDS
    # Another amount is refused alike; what is allowed is decided, each time anew, and never noted.
    status, body = await service.ask(
        "POST", SPEND, purchase(7, merchant="globex"), by=agent(scene.workflow)
    )
    assert (status, json.loads(body)["reasonCode"]) == MERCHANT
    assert await _asked(superuser) == 2
    for _ in range(2):
        assert await _buy(service, scene) == BOUGHT
    assert sorted(await cache.keys("allowlist:*")) == sorted(noted)
    assert await superuser.fetchval("SELECT count(*) FROM treasury.holds") == 2
    # Whoever may not spend at all hears that, and the record too.
    refused = (403, ReasonCode.TASK_NOT_ALLOWED)
    assert await _buy(service, scene, task="research", merchant="globex") == refused
    assert await _asked(superuser) == 3


async def test_a_remembered_refusal_has_the_words_of_the_ledger(
    service: Service, scene: Scene, cache: Redis
) -> None:
    by, key = agent(scene.workflow), uuid4().hex
    asked = purchase(100, merchant="globex")
    assert await _buy(service, scene, merchant="globex") == MERCHANT
    from_notes = await service.ask("POST", SPEND, asked, by=by, key=key)
    await cache.flushall()
    assert await service.ask("POST", SPEND, asked, by=by, key=key) == from_notes


async def test_a_new_intent_has_what_was_refused_forgotten(
    service: Service, scene: Scene, cache: Redis, superuser: asyncpg.Connection
) -> None:
    old = uuid4().hex
    assert await _buy(service, scene, merchant="globex", key=old) == MERCHANT
    assert await _buy(service, scene, merchant="globex") == MERCHANT
    assert await _asked(superuser) == 1
    await _hold(service, scene, merchant="globex")
    (current,) = await cache.keys("allowlist-intent:*")
    assert TERMS_SECONDS < await cache.ttl(current) <= INTENT_SECONDS
    assert await _buy(service, scene, merchant="globex") == BOUGHT
    # An answer that was kept is given again, and says nothing of the terms that hold now.
    await cache.delete(*await cache.keys("idempotency:*"), *await cache.keys("allowlist:*"))
    assert await _buy(service, scene, merchant="globex", key=old) == MERCHANT
    assert await _buy(service, scene, merchant="globex") == BOUGHT
    # What was allowed before was not remembered either.
    assert await _buy(service, scene) == MERCHANT
    await _hold(service, scene, categories=("5999",))
    assert await _buy(service, scene) == CATEGORY
    assert await _buy(service, scene, category="5999") == BOUGHT


async def test_a_refusal_by_the_intent_before_does_not_outlive_it(cache: Redis) -> None:
    """It is decided before the new intent, and noted after it."""
    prereject = Prereject(cache)
    asked = Purchase(uuid4(), uuid4(), "place", "ads", "globex", "7311", "00" * 32)
    before = await prereject.known(asked)
    await prereject.approved(asked.workflow, "ads", uuid4())
    prereject.decided(asked, before, ReasonCode.MERCHANT_NOT_ALLOWED)
    again = asked._replace(operation=uuid4())
    now = await prereject.known(again)
    assert now.refusal is None
    prereject.decided(again, now, ReasonCode.MERCHANT_NOT_ALLOWED)
    third = await prereject.known(asked._replace(operation=uuid4()))
    assert third.refusal == ReasonCode.MERCHANT_NOT_ALLOWED
    # The intent's note is gone: then it is not known whose refusal it is.
    await cache.delete(*await cache.keys("allowlist-intent:*"))
    assert (await prereject.known(asked._replace(operation=uuid4()))).refusal is None


async def test_without_valkey_the_ledger_decides_all(
    database: SecretStr,
    ledger: Ledger,
    scene: Scene,
    tmp_path: Path,
    images: dict[str, str],
    superuser: asyncpg.Connection,
) -> None:
    (tmp_path / "own").mkdir()
    with valkey_server(images["venture-dev-valkey"], tmp_path / "own") as own:
        url = own.url().get_secret_value()
        async with treasury_service(database, ledger, tmp_path, redis=url) as service:
            assert await _buy(service, scene, merchant="globex") == MERCHANT
            own_end = Redis.from_url(url)
            # It ends in the middle of its answers, as by a crash.
            await own_end.shutdown(nosave=True, now=True, force=True)
            await own_end.aclose()
            for lost in range(2):
                assert await _buy(service, scene, merchant="globex") == MERCHANT
                assert await _asked(superuser) == 2 + lost
            assert await _buy(service, scene) == BOUGHT
            await _hold(service, scene, merchant="globex")
            assert await _buy(service, scene, merchant="globex") == BOUGHT


@pytest.mark.parametrize(
    "wrong", ["WITHIN_POLICY ", "WITHIN_POLICY", "nonsense", "", "\x00", "a list"]
)
async def test_wrong_notes_allow_nothing_and_refuse_nothing(
    service: Service, scene: Scene, cache: Redis, superuser: asyncpg.Connection, wrong: str
) -> None:
    assert await _buy(service, scene, merchant="globex") == MERCHANT
    await _hold(service, scene)
    assert await _buy(service, scene, merchant="globex") == MERCHANT
    # What is asked comes after what was noted: all notes are there.
    assert await _buy(service, scene, merchant="globex") == MERCHANT
    decided = await _asked(superuser)
    for name in await cache.keys("allowlist*"):
        await cache.delete(name)
        if wrong == "a list":
            await cache.rpush(name, "x")
        else:
            await cache.set(name, wrong)
    assert await _buy(service, scene, merchant="globex") == MERCHANT
    assert await _asked(superuser) == decided + 1
    assert await _buy(service, scene) == BOUGHT


async def test_planted_notes_only_refuse(service: Service, scene: Scene, cache: Redis) -> None:
    name = f"allowlist:{scene.workflow}:place:ads:acme-ads:7311"
    await cache.set(name, "MERCHANT_NOT_ALLOWED ")
    assert await _buy(service, scene) == MERCHANT
    # The intent that has the name is another one than the note says.
    await cache.set(f"allowlist-intent:{scene.workflow}:ads", str(UUID(int=1)))
    assert await _buy(service, scene) == BOUGHT
