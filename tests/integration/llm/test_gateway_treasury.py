"""The gateway and the real treasury: no call beyond the money, and what was used is posted."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from badprovider import Does, message
from gatewayscene import assigned, gateway, post
from policybundles import bundle
from treasuryservice import treasury_service
from venture_core.events.envelope import Service
from venture_core.record.bundles import Bundles
from venture_core.treasury.ledger import Ledger
from venture_core.treasury.models import FundingRequest, TaskBudgetRequest, WorkflowBudgetRequest
from venture_llm_gateway.treasuryledger import TreasuryLedger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import asyncpg
    from pydantic import SecretStr

REQUEST = json.dumps(
    {
        "model": "claude-opus-5-5",
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": "Say hello."}],
    }
).encode()
# A thousand tokens in and a hundred out, at 4 and 20 USD a million.
COST_MICROS = 1000 * 4 + 100 * 20
CENTS = 18
"""Room for seven worst cases of 0.025 USD, and not for eight."""


@pytest.fixture
async def bundles(database: SecretStr) -> AsyncIterator[Bundles]:
    opened = Bundles(database, service=Service.LLM_GATEWAY, name="test")
    yield opened
    await opened.close()


async def _publish(database: SecretStr) -> str:
    operator = Bundles(database, service=Service.ORCHESTRATOR, name="test")
    found = await operator.store(bundle())
    await operator.close()
    return found


async def test_fifty_callers_with_money_for_seven(
    database: SecretStr, bundles: Bundles, superuser: asyncpg.Connection, tmp_path: Path
) -> None:
    published = await _publish(database)
    task = assigned()
    budget = {"namespace": task.namespace, "generation": 1, "currency": "USD"}
    async with (
        Ledger(database, name="test") as books,
        treasury_service(database, books, tmp_path) as treasury,
        treasury.client("treasurer") as treasurer,
        treasury.client("operator") as operator,
        treasury.client("gateway") as client,
        gateway(
            tmp_path / "keys", ledger=TreasuryLedger(client, bundles), bundle_hash=published
        ) as scene,
    ):
        funding = FundingRequest(currency="USD", amount_cents=1000)
        await treasurer.fund(task.namespace, uuid4().hex, funding)
        await operator.open(
            task.workflow_uid,
            WorkflowBudgetRequest(**budget, workflow=task.workflow, cash_cents=0, llm_cents=CENTS),
        )
        await operator.reserve(
            task.workflow_uid, task.task, TaskBudgetRequest(**budget, llm_cents=CENTS)
        )
        body = json.dumps(message()).encode()
        # Those that may wait for their answer until all others have been refused.
        refused_all = asyncio.Event()
        scene.provider.does(Does(body=body, after=refused_all))
        refusals = iter(range(43))

        async def call() -> tuple[int, bytes, dict[str, str]]:
            answer = await post(scene, "/v1/messages", REQUEST)
            if answer[0] == 402 and next(refusals) == 42:
                refused_all.set()
            return answer

        async with asyncio.timeout(60):
            answers = await asyncio.gather(*(call() for _ in range(50)))
        assert sorted(status for status, _, _ in answers) == [200] * 7 + [402] * 43
        assert len(scene.provider.seen) == 7
        (refused, *_) = [said for status, said, _ in answers if status == 402]
        assert json.loads(refused)["error"]["type"] == "billing_error"
        spent = await operator.budgets(task.workflow_uid)
        (own,) = [each for each in spent if each.kind == "Task"]
        assert (own.spent_micros, own.held_micros) == (7 * COST_MICROS, 0)
        # What was held and not used serves again.
        scene.provider.does(Does(body=body))
        assert (await post(scene, "/v1/messages", REQUEST))[0] == 200
        assert {each["reasonCode"] for each in scene.events.payloads("refused")} == {
            "BUDGET_EXCEEDED"
        }
    # Its role has a limit for the day, so each hold counts for that, too.
    roles = await superuser.fetch("SELECT DISTINCT role FROM treasury.holds")
    assert [row["role"] for row in roles] == ["researcher"]
