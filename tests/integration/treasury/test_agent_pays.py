"""The agent's process at the real treasury: its purchases are decided there, and it is told why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agentprocess import run_agent
from agentservices import AgentServices, turn, use
from agenttasks import assignment
from moneyscenes import DIGEST, Scene
from treasuryservice import agent, treasury_service
from venture_core.agents.result import EXIT_DONE, EXIT_FAILED, parse_result

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr
    from venture_core.treasury.ledger import Ledger


def pay(cents: int, **changes: Any) -> dict[str, Any]:
    given = {"intent": "ads", "merchant": "acme-ads", "category": "7311", "currency": "USD"}
    return use("money.authorize", **given | {"amountCents": cents} | changes)


async def test_an_agent_spends_what_it_may_and_is_told_why_it_may_not_more(
    database: SecretStr, ledger: Ledger, tmp_path: Path
) -> None:
    scene = Scene(ledger)
    await scene.fund()
    await scene.budgets()
    await scene.approve(per_transaction_cents=5_000)
    given = assignment(
        scene.workflow,
        DIGEST,
        task="place",
        role="finance",
        tools=("money.authorize",),
        limits={"max_turns": 6, "max_tokens": 2000, "timeout_seconds": 60},
    ).to_json()
    turns = [turn(pay(5_001)), turn(pay(5_000), pay(700)), turn("Paid.")]
    by = agent(scene.workflow)
    async with treasury_service(database, ledger, tmp_path) as treasury:
        async with AgentServices(turns) as services:
            # The same conversation twice, as after a lost node: its purchases are the same ones.
            for _ in range(2):
                code, message, _ = await run_agent(
                    tmp_path / "agent", services.url, given, treasury=(treasury.url, by)
                )
                assert code == EXIT_DONE, message
        said = [
            json.loads(each["content"])
            for each in services.asked[-1]["messages"]
            if each["role"] == "user" and isinstance(each["content"], list)
            for each in each["content"]
        ]
        assert said[0]["reasonCode"] == "PER_TRANSACTION_CAP_EXCEEDED"
        assert [each["state"] for each in said[1:]] == ["Posted", "Posted"]
        assert parse_result(message).denials == 1
        async with treasury.client("operator") as books:
            intent = await books.intent(scene.intent)
        assert intent is not None
        assert intent.posted_cents == 5_700

        no_intent = [turn(pay(1, intent=f"other-{number}")) for number in range(4)]
        async with AgentServices(no_intent) as services:
            code, message, _ = await run_agent(
                tmp_path / "agent", services.url, given, treasury=(treasury.url, by)
            )
    error = parse_result(message).error
    assert error is not None
    assert (code, error.reason) == (EXIT_FAILED, "Quarantined"), "who tries others' is ended"
