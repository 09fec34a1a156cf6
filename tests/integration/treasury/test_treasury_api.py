"""treasury-api over HTTP: who may ask for what, keys, amounts, refusals and answers."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from moneyscenes import OK, Scene, code_of
from treasuryservice import CREATED, Service, agent, purchase, treasury_service
from venture_core.treasury.client import TreasuryRefusedError
from venture_core.treasury.models import (
    FundingRequest,
    SettlementRequest,
    TaskBudgetRequest,
    UsageHoldRequest,
    WorkflowBudgetRequest,
)
from venture_core.treasury.reasons import ReasonCode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pydantic import SecretStr
    from venture_core.treasury.ledger import Ledger

SPEND = "/v1/money/authorizations"


@pytest.fixture
async def service(database: SecretStr, ledger: Ledger, tmp_path: Path) -> AsyncIterator[Service]:
    async with treasury_service(database, ledger, tmp_path) as served:
        yield served


def _reason(body: bytes) -> str:
    found: str = json.loads(body)["reasonCode"]
    return found


async def test_the_way_of_a_workflows_money(service: Service, ledger: Ledger) -> None:
    scene = Scene(ledger)
    budget = WorkflowBudgetRequest(
        namespace="team-a",
        workflow="launch",
        generation=1,
        currency="USD",
        cash_cents=50_000,
        llm_cents=500,
    )
    async with (
        service.client("treasurer") as treasurer,
        service.client("operator") as operator,
        service.client("gateway") as gateway,
    ):
        with pytest.raises(TreasuryRefusedError) as refused:
            await operator.open(scene.workflow, budget)
        assert (refused.value.code, refused.value.raises) == ("INSUFFICIENT_FUNDS", "wallet")
        await treasurer.fund(
            "team-a", uuid4().hex, FundingRequest(currency="USD", amount_cents=100_000)
        )
        for _ in range(2):
            opened = await operator.open(scene.workflow, budget)
            assert [each.limit_micros for each in opened] == [500_000_000, 5_000_000]
        task = TaskBudgetRequest(namespace="team-a", generation=1, currency="USD", llm_cents=300)
        await operator.reserve(scene.workflow, "research", task)
        held = await gateway.hold_usage(
            uuid4().hex,
            UsageHoldRequest(
                workflow_uid=scene.workflow,
                task="research",
                currency="USD",
                amount_micros=2_000_000,
            ),
        )
        for _ in range(2):
            settled = await gateway.settle_usage(held.id, SettlementRequest(amount_micros=777_777))
            assert (settled.settled_micros, settled.released_micros) == (777_777, 1_222_223)
        approved = await operator.hold(scene.intent, scene.terms())
        assert (approved.state, approved.pending_cents) == ("Approved", 10_000)
        status, body = await service.ask("POST", SPEND, purchase(4_000), by=agent(scene.workflow))
        assert status == CREATED
        assert json.loads(body)["state"] == "Posted"
        assert (await operator.void(scene.intent)) is not None
        ended = await operator.intent(scene.intent)
        assert ended is not None
        assert (ended.state, ended.pending_cents, ended.posted_cents) == ("Revoked", 0, 4_000)
        await operator.release(scene.workflow)
        await operator.release(scene.workflow)
        statement = await treasurer.statement("team-a", "USD")
        assert [each.amount_cents for each in statement.entries] == [100_000, -77, -4_000]
        assert [each.balance_cents for each in statement.entries] == [100_000, 99_923, 95_923]
        assert statement.entries[-1].merchant == "acme-ads"
        accounts = {each.name: each.balance_cents for each in await treasurer.accounts("team-a")}
        assert accounts["Wallet"] == 95_923
        (wallet,) = await treasurer.tree("team-a")
        assert wallet.held_micros == 0


async def test_a_key_is_answered_as_it_was_first(service: Service, scene: Scene) -> None:
    by, key = agent(scene.workflow), uuid4().hex
    first = await service.ask("POST", SPEND, purchase(100), by=by, key=key)
    assert await service.ask("POST", SPEND, purchase(100), by=by, key=key) == first
    status, _ = await service.ask("POST", SPEND, purchase(200), by=by, key=key)
    assert status == 422
    body = {"authorization": json.loads(first[1])["id"], "amountCents": 100}
    status, _ = await service.ask("POST", "/v1/money/refunds", body, by=by, key=key)
    assert status == 200


async def test_a_refusal_is_answered_as_it_was_first_too(service: Service, scene: Scene) -> None:
    by, key = agent(scene.workflow), uuid4().hex
    first = await service.ask("POST", SPEND, purchase(10_001), by=by, key=key)
    assert _reason(first[1]) == ReasonCode.PER_TRANSACTION_CAP_EXCEEDED
    assert await service.ask("POST", SPEND, purchase(10_001), by=by, key=key) == first


async def test_while_a_key_is_in_flight_the_same_is_turned_away(
    service: Service, scene: Scene
) -> None:
    by, key = agent(scene.workflow), uuid4().hex
    answers = await asyncio.gather(
        *(service.ask("POST", SPEND, purchase(100), by=by, key=key) for _ in range(10))
    )
    assert {status for status, _ in answers} <= {201, 409}
    assert len({body for status, body in answers if status == CREATED}) == 1


@pytest.mark.parametrize(
    "amount", [0, -1, 12.3, 1e3, "12", 2**63, 10**18, None, True, [1], {"cents": 1}]
)
async def test_what_is_no_amount_is_refused_with_the_fields_name(
    service: Service, scene: Scene, amount: Any
) -> None:
    status, body = await service.ask("POST", SPEND, purchase(amount), by=agent(scene.workflow))
    assert status == 422
    assert "amountCents" in json.loads(body)["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"currency": "usd"},
        {"currency": "XXX"},
        {"category": "73110"},
        {"merchant": "Acme Ads"},
        {"intent": "../other"},
        {"capture": "yes"},
        {"ttlSeconds": 10**9},
        {"approver": "me"},
    ],
)
async def test_what_is_not_asked_for_properly_is_refused(
    service: Service, scene: Scene, change: dict[str, Any]
) -> None:
    by = agent(scene.workflow)
    status, body = await service.ask("POST", SPEND, purchase(1, **change), by=by)
    assert status == 422
    assert next(iter(change)) in json.loads(body)["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/wallets/team-a/funding", {"currency": "USD", "amountCents": 1}),
        ("PUT", f"/v1/intents/{UUID(int=1)}", {}),
        ("DELETE", f"/v1/budgets/{UUID(int=1)}", None),
        ("GET", f"/v1/budgets/{UUID(int=1)}", None),
        ("GET", "/v1/statements?namespace=team-a&currency=USD", None),
        ("GET", "/v1/ledger/accounts?namespace=team-a", None),
        ("POST", f"/v1/usage/holds/{UUID(int=1)}/settlement", {"amountMicros": 1}),
    ],
)
async def test_an_agent_may_do_nothing_but_spend(
    service: Service, scene: Scene, method: str, path: str, body: Any
) -> None:
    if body == {}:
        body = scene.terms().model_dump(mode="json", by_alias=True, exclude_none=True)
    status, _ = await service.ask(method, path, body, by=agent(scene.workflow))
    assert status == 403


async def test_a_service_spends_nothing_and_nobody_gets_in_without_a_token(
    service: Service, scene: Scene
) -> None:
    assert scene
    for by in ("operator", "gateway", "treasurer"):
        assert (await service.ask("POST", SPEND, purchase(1), by=by))[0] == 403
    assert (await service.ask("POST", SPEND, purchase(1), by="stranger"))[0] == 401


@pytest.mark.parametrize(
    ("caller", "reason"),
    [
        ({"task": "research"}, ReasonCode.TASK_NOT_ALLOWED),
        ({"role": "researcher"}, ReasonCode.ROLE_NOT_ALLOWED),
        ({"workflow": uuid4()}, ReasonCode.UNKNOWN_INTENT),
    ],
)
async def test_other_agents_do_not_spend_it_nor_touch_its_purchases(
    service: Service, scene: Scene, caller: dict[str, Any], reason: ReasonCode
) -> None:
    other = agent(**({"workflow": scene.workflow} | caller))
    _, body = await service.ask("POST", SPEND, purchase(1), by=other)
    assert _reason(body) == reason
    _, held = await service.ask("POST", SPEND, purchase(1, capture=False), by=agent(scene.workflow))
    void = {"authorization": json.loads(held)["id"]}
    status, body = await service.ask("POST", "/v1/money/voids", void, by=other)
    assert status in {403, 404}


async def test_while_frozen_nothing_is_spent_and_money_may_come_back(
    service: Service, scene: Scene
) -> None:
    by = agent(scene.workflow)
    _, posted = await service.ask("POST", SPEND, purchase(100), by=by)
    _, held = await service.ask("POST", SPEND, purchase(100, capture=False), by=by)
    service.frozen["team-a"] = ReasonCode.FREEZE_MODE_ACTIVE
    for path, body in (
        (SPEND, purchase(1)),
        ("/v1/money/captures", {"authorization": json.loads(held)["id"], "amountCents": 1}),
    ):
        status, answer = await service.ask("POST", path, body, by=by)
        assert (status, _reason(answer)) == (403, ReasonCode.FREEZE_MODE_ACTIVE)
    refund = {"authorization": json.loads(posted)["id"], "amountCents": 100}
    assert (await service.ask("POST", "/v1/money/refunds", refund, by=by))[0] == 200


async def test_yen_have_no_cents_and_dinars_a_thousand(service: Service, ledger: Ledger) -> None:
    for currency, micros in (("JPY", 500_000_000), ("KWD", 500_000)):
        scene = Scene(ledger, namespace="team-a", currency=currency)
        for answer in (
            await scene.fund(),
            await scene.budgets(),
            await scene.approve(name=f"in-{currency.lower()}"),
        ):
            assert code_of(answer) == OK
        body = purchase(500, currency=currency, intent=f"in-{currency.lower()}", capture=False)
        status, held = await service.ask("POST", SPEND, body, by=agent(scene.workflow))
        assert status == CREATED
        async with service.client("operator") as operator:
            budgets = await operator.budgets(scene.workflow)
        assert {each.held_micros for each in budgets if each.kind == "Intent"} == {micros}
        assert json.loads(held)["amountCents"] == 500
