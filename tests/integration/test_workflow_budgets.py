"""The budget of a Workflow, for agents and money: the real operator, ledger and treasury-api."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from agentflows import SAID, Seen, launch, started
from approvalwords import say
from builds import condition
from policybundles import manifest
from venture_core.agents.result import EXIT_BUDGET
from venture_core.kubernetes.resources import MONEY_INTENTS, POLICY_BUNDLES, WORKFLOWS
from venture_core.treasury.client import TreasuryRefusedError
from venture_core.treasury.models import FundingRequest, SettlementRequest, UsageHoldRequest
from venture_operator.kinds.workflow.budgets import LOOK_AGAIN_SECONDS
from waiting import patiently
from workflows import DECK, MONEY

if TYPE_CHECKING:
    from kubelet import Kubelet
    from operatorprocess import OperatorProcess
    from treasuryservice import Service
    from venture_core.kubernetes.client import KubernetesClient

WHOLE_DECK = {
    "target": "Pptx",
    "source": {
        "inline": {
            "kind": "SlideSpec",
            "version": 1,
            "title": "A",
            "slides": [{"type": "title", "title": "A"}],
        }
    },
}
"""Its build waits for its Job, and so its Workflow does not end."""


@pytest.fixture
def operator_settings(treasury: Service) -> dict[str, str]:
    token = treasury.tokens / "operator-token"
    token.write_text("operator")
    agents = {
        "image": "localhost/agent:test",
        "resources": {},
        "llm_gateway_url": "http://127.0.0.1:1",
    }
    return {
        "agents": json.dumps(agents),
        "treasury_url": treasury.url,
        "treasury_token_file": str(token),
    }


async def test_an_agent_starts_when_its_budget_is_set_aside_and_what_is_left_is_given_back(
    operator: OperatorProcess,
    treasury: Service,
    client: KubernetesClient,
    namespace: str,
    kubelet: Kubelet,
    work_namespace: str,
) -> None:
    flow = await launch(client, namespace)
    uid, seen = UUID(flow["metadata"]["uid"]), Seen(client, namespace)
    waiting = await patiently(
        seen.get, lambda body: condition(body, "Ready").get("reason") == "WaitingForFunds"
    )
    assert f"the wallet of {namespace}" in condition(waiting, "Ready")["message"]
    assert (await seen.get())["status"]["phase"] == "Waiting"
    assert not await kubelet.jobs()
    version = (await seen.get())["metadata"]["resourceVersion"]
    await asyncio.sleep(LOOK_AGAIN_SECONDS + 1)
    assert (await seen.get())["metadata"]["resourceVersion"] == version, "another try is no news"

    async with treasury.client("treasurer") as treasurer, treasury.client("gateway") as gateway:
        paid = FundingRequest(currency="USD", amount_cents=150)
        await treasurer.fund(namespace, uuid4().hex, paid)
        job, _ = await started(kubelet, client, work_namespace)

        def call(micros: int, task: str = "research") -> UsageHoldRequest:
            return UsageHoldRequest(
                workflow_uid=uid, task=task, currency="USD", amount_micros=micros
            )

        await gateway.hold_usage(uuid4().hex, call(900_000))
        with pytest.raises(TreasuryRefusedError) as refused:
            await gateway.hold_usage(uuid4().hex, call(200_000))
        assert refused.value.code == "BUDGET_EXCEEDED"
        with pytest.raises(TreasuryRefusedError) as refused:
            await gateway.hold_usage(uuid4().hex, call(1, "other"))
        assert refused.value.code == "UNKNOWN_BUDGET"

        assert (await treasurer.tree(namespace))[0].held_micros == 1_000_000
        paid_call = await gateway.hold_usage(uuid4().hex, call(50_000))
        await gateway.settle_usage(paid_call.id, SettlementRequest(amount_micros=34_999))
        result = json.dumps({"output": SAID, "turns": 1, "denials": 0})
        await kubelet.end(await kubelet.start(job), exit_code=0, message=result)
        ended = await seen.task("research", "Succeeded")
        assert ended["costCents"] == 3, "what is less than a cent is left out"
        status = (await seen.get())["status"]
        assert (status["cost"], status["spent"]) == ({"cashCents": 0, "llmCents": 3}, "0.03")
        await client.delete(WORKFLOWS, "launch", namespace)

        async def held() -> int:
            (wallet, *_) = await treasurer.tree(namespace)
            return wallet.held_micros

        # The call that is under way is settled yet.
        assert await patiently(held, lambda micros: micros == 900_000)


async def test_at_the_cap_it_waits_and_a_raised_budget_starts_another_attempt(
    operator: OperatorProcess,
    treasury: Service,
    client: KubernetesClient,
    namespace: str,
    kubelet: Kubelet,
    work_namespace: str,
) -> None:
    async with treasury.client("treasurer") as treasurer, treasury.client("gateway") as gateway:
        paid = FundingRequest(currency="USD", amount_cents=150)
        await treasurer.fund(namespace, uuid4().hex, paid)
        flow = await launch(client, namespace)
        uid, seen = UUID(flow["metadata"]["uid"]), Seen(client, namespace)
        job, _ = await started(kubelet, client, work_namespace)

        async def use(micros: int) -> None:
            call = UsageHoldRequest(
                workflow_uid=uid, task="research", currency="USD", amount_micros=micros
            )
            hold = await gateway.hold_usage(uuid4().hex, call)
            await gateway.settle_usage(hold.id, SettlementRequest(amount_micros=micros))

        await use(900_000)
        error = {"error": {"reason": "BudgetExhausted", "message": "no room"}}
        pod = await kubelet.start(job)
        await kubelet.end(pod, exit_code=EXIT_BUDGET, message=json.dumps(error))
        await seen.task("research", "BudgetExhausted")
        waiting = await patiently(seen.get, lambda body: body["status"]["phase"] == "Waiting")
        assert "raise spec.budget.llmCents" in condition(waiting, "Ready")["message"]
        assert waiting["status"]["spent"] == "0.90"
        assert len(await kubelet.jobs()) == 1

        raised = {"spec": {"budget": {"llmCents": 120}}}
        await client.patch(WORKFLOWS, "launch", raised, namespace)
        await patiently(kubelet.jobs, lambda found: len(found) == 2)
        again = await seen.task("research", "Running")
        assert (again["attempt"], again["capCents"]) == (2, 30)
        await use(300_000)
        with pytest.raises(TreasuryRefusedError) as refused:
            await use(1)
        assert refused.value.code == "BUDGET_EXCEEDED"


async def test_money_is_asked_for_held_once_people_agree_and_denied_where_they_do_not(
    operator: OperatorProcess,
    treasury: Service,
    client: KubernetesClient,
    namespace: str,
) -> None:
    kinds = ["Workflow", "MoneyIntent"]
    allow = {"id": "ok", "appliesTo": kinds, "when": "true", "action": "Allow", "message": "agreed"}
    await client.create(POLICY_BUNDLES, manifest(rules=[allow]), namespace)
    ads = MONEY | {"role": "researcher", "capCents": 20_000, "perTransactionCents": 5_000}
    tasks = [
        {"name": "pay", "money": ads},
        {"name": "gift", "money": ads | {"capCents": 15_000}},
        {"name": "deck", "dependsOn": ["pay"], "artifact": WHOLE_DECK},
        {"name": "note", "dependsOn": ["deck"], "approval": {}},
        {"name": "thanks", "dependsOn": ["gift"], "approval": {}},
    ]
    flow = {
        "apiVersion": WORKFLOWS.api_version,
        "kind": WORKFLOWS.kind,
        "metadata": {"name": "launch"},
        "spec": {
            "objective": "Launch",
            "requester": {"user": "founder", "groups": ["people"]},
            "budget": {"currency": "USD", "cashCents": 35_000},
            "tasks": tasks,
        },
    }
    async with treasury.client("treasurer") as treasurer:
        await treasurer.fund(
            namespace, uuid4().hex, FundingRequest(currency="USD", amount_cents=40_000)
        )
    await client.create(WORKFLOWS, flow, namespace, strict=True)
    seen = Seen(client, namespace)

    intents = {}
    for name in ("pay", "gift"):
        waiting = await seen.task(name, "AwaitingApproval")
        intent = await client.get(MONEY_INTENTS, waiting["child"]["name"], namespace)
        assert intent is not None
        intents[name] = intent
        assert waiting["targetDigest"] == intent["status"]["targetDigest"]
        assert f"venture approve moneyintent/{waiting['child']['name']}" in waiting["message"]
    assert (await seen.get())["status"]["phase"] == "Waiting"
    assert intents["pay"]["spec"]["requester"] == {"user": "founder", "groups": ["people"]}
    assert intents["pay"]["spec"]["workflowRef"] == {"name": "launch", "tasks": ["deck", "note"]}

    digests = {name: each["status"]["targetDigest"] for name, each in intents.items()}
    await say(client, intents["pay"], digests["pay"], "founder")
    await say(client, intents["gift"], digests["gift"], "alice", "Deny")
    denied = await seen.task("gift", "Failed")
    assert (denied["reason"], denied["message"]) == ("Denied", "alice said no")
    await seen.task("thanks", "Blocked")
    assert (await seen.task("pay", "Running"))["phase"] == "Running", "their own word counts not"

    await say(client, intents["pay"], digests["pay"], "alice")
    paid = await seen.task("pay", "Succeeded")
    uid = intents["pay"]["metadata"]["uid"]
    assert paid["output"] == {
        "name": paid["child"]["name"],
        "hold": uid,
        "capCents": 20_000,
        "currency": "USD",
    }
    async with treasury.client("operator") as books:
        held = await books.intent(UUID(uid))
    assert held is not None
    assert (held.state, held.pending_cents) == ("Approved", 20_000)


async def test_what_needs_no_funds_goes_on_while_others_wait_for_them(
    operator: OperatorProcess,
    treasury: Service,
    client: KubernetesClient,
    namespace: str,
) -> None:
    await client.create(POLICY_BUNDLES, manifest(), namespace)
    flow = {
        "apiVersion": WORKFLOWS.api_version,
        "kind": WORKFLOWS.kind,
        "metadata": {"name": "launch"},
        "spec": {
            "objective": "Launch",
            "requester": {"user": "founder"},
            "budget": {"currency": "USD", "cashCents": 8_000},
            "tasks": [
                {"name": "pay", "money": MONEY | {"role": "researcher"}},
                {"name": "deck", "artifact": DECK},
                {"name": "review", "dependsOn": ["deck"], "approval": {}},
            ],
        },
    }
    await client.create(WORKFLOWS, flow, namespace, strict=True)
    seen = Seen(client, namespace)
    assert (await seen.task("deck", "Failed"))["reason"] == "InvalidDocument", "it was looked at"
    await seen.task("review", "Blocked")
    waits = await patiently(
        seen.get, lambda body: condition(body, "Ready").get("reason") == "WaitingForFunds"
    )
    assert waits["status"]["phase"] == "Waiting"
    assert not (await seen.task("pay", "Running"))["child"].get("uid")


async def test_what_is_unspent_at_the_end_is_free_and_a_retry_asks_anew_for_all_it_needs(
    operator: OperatorProcess,
    treasury: Service,
    client: KubernetesClient,
    namespace: str,
) -> None:
    allow = {
        "id": "ok",
        "appliesTo": ["Workflow", "MoneyIntent"],
        "when": "true",
        "action": "Allow",
        "message": "agreed",
    }
    await client.create(POLICY_BUNDLES, manifest(rules=[allow]), namespace)
    ads = MONEY | {"role": "researcher", "capCents": 5_000, "perTransactionCents": 5_000}
    flow = {
        "apiVersion": WORKFLOWS.api_version,
        "kind": WORKFLOWS.kind,
        "metadata": {"name": "launch"},
        "spec": {
            "objective": "Launch",
            "requester": {"user": "founder"},
            "budget": {"currency": "USD", "cashCents": 8_000},
            "tasks": [
                {"name": "pay", "money": ads},
                {"name": "review", "dependsOn": ["pay"], "approval": {}},
            ],
        },
    }
    async with treasury.client("treasurer") as treasurer, treasury.client("operator") as books:
        paid = FundingRequest(currency="USD", amount_cents=10_000)
        await treasurer.fund(namespace, uuid4().hex, paid)
        made = await client.create(WORKFLOWS, flow, namespace, strict=True)
        seen = Seen(client, namespace)

        async def held() -> int:
            (wallet, *_) = await treasurer.tree(namespace)
            return wallet.held_micros

        first = await seen.task("pay", "Succeeded")
        asked = await seen.task("review", "AwaitingApproval")
        assert await held() == 80_000_000
        await say(client, made, asked["targetDigest"], "alice", "Deny", task="review")
        assert (await seen.task("review", "Failed"))["reason"] == "ApprovalDenied"
        assert await patiently(held, lambda micros: micros == 0) == 0
        ended = await books.intent(UUID(first["output"]["hold"]))
        assert ended is not None
        assert ended.state == "Revoked"

        async def intent() -> str:
            body = await client.get(MONEY_INTENTS, first["child"]["name"], namespace)
            assert body is not None
            phase: str = body["status"]["phase"]
            return phase

        assert await patiently(intent, lambda phase: phase == "Revoked")
        await patiently(seen.get, lambda body: not body["status"]["budgetOpen"])

        await client.patch(WORKFLOWS, "launch", {"spec": {"retry": "again"}}, namespace)
        anew = await seen.task("review", "AwaitingApproval")
        assert anew["targetDigest"] != asked["targetDigest"]
        again = await seen.task("pay", "Succeeded")
        assert again["child"]["name"] != first["child"]["name"]
        assert await held() == 80_000_000
        await say(client, made, anew["targetDigest"], "alice", task="review")
        await patiently(seen.get, lambda body: body["status"]["phase"] == "Succeeded")
        assert await patiently(held, lambda micros: micros == 0) == 0
