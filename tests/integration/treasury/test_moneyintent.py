"""A MoneyIntent's life: the real API server, operator, ledger and treasury-api, and an agent's pod.

Nothing knows of another but by what the chart gives it: tokens, TokenReview, roles, TLS.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import aiohttp
import pytest
from agentflows import workflow
from agenttasks import assign, assignment, token
from builds import condition
from chartaccounts import account_token
from policybundles import bundle, manifest
from treasuryprocess import AUDIENCE, HOST, OPERATOR, TREASURER, TreasuryProcess
from venture_core.kubernetes.errors import InvalidError
from venture_core.kubernetes.resources import (
    APPROVALS,
    CONFIG_MAPS,
    MONEY_INTENTS,
    POLICY_BUNDLES,
    WORKFLOWS,
)
from venture_core.treasury.models import FundingRequest
from waiting import patiently

if TYPE_CHECKING:
    from pathlib import Path

    from operatorprocess import OperatorProcess
    from pydantic import SecretStr
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.treasury.client import TreasuryClient

type Body = dict[str, Any]

FUNDED = 100_000
CASH = 50_000


@pytest.fixture
async def operator_settings(
    treasury_process: TreasuryProcess, client: KubernetesClient, tmp_path: Path
) -> dict[str, str]:
    own, authorities = tmp_path / "operator-token", tmp_path / "serving-ca.crt"
    own.write_text(await account_token(client, OPERATOR, AUDIENCE))
    authorities.write_text(treasury_process.authorities())
    agents = {
        "image": "localhost/agent:test",
        "resources": {},
        "llm_gateway_url": "http://127.0.0.1:1",
    }
    return {
        "agents": json.dumps(agents),
        "treasury_url": f"https://localhost:{treasury_process.port}",
        "treasury_token_file": str(own),
        "serving_ca_file": str(authorities),
    }


@dataclass
class Scene:
    """A funded namespace, and a Workflow whose budget is set aside."""

    client: KubernetesClient
    namespace: str
    treasury: TreasuryProcess
    treasurer: TreasuryClient
    database: SecretStr
    workflow: UUID

    async def ask_for(self, name: str, cap: int, **spec: Any) -> Body:
        """Create an intent for the task `place`."""
        given: Body = {
            "workflowRef": {"name": "launch", "tasks": ["place"]},
            "role": "finance",
            "purpose": "Search ads",
            "currency": "USD",
            "capCents": cap,
            "perTransactionCents": min(cap, 5_000),
            "merchant": {"id": "acme-ads"},
            "categories": ["7311"],
            "requester": {"user": "founder"},
        }
        body: Body = {
            "apiVersion": MONEY_INTENTS.api_version,
            "kind": MONEY_INTENTS.kind,
            "metadata": {"name": name},
            "spec": given | spec,
        }
        return await self.client.create(MONEY_INTENTS, body, self.namespace, strict=True)

    async def phase(self, name: str, phase: str) -> Body:
        """Wait until an intent is in a phase; return it."""

        async def look() -> Body:
            return await self.client.get(MONEY_INTENTS, name, self.namespace) or {}

        return await patiently(look, lambda body: body.get("status", {}).get("phase") == phase)

    async def say(self, intent: Body, who: str, decision: str) -> None:
        """Have somebody approve or deny an intent as it is."""
        reference = {
            "kind": "MoneyIntent",
            "name": intent["metadata"]["name"],
            "uid": intent["metadata"]["uid"],
        }
        spec = {
            "targetRef": reference,
            "targetDigest": intent["status"]["targetDigest"],
            "decision": decision,
            "approver": {"user": who},
        }
        body = {
            "apiVersion": APPROVALS.api_version,
            "kind": APPROVALS.kind,
            "metadata": {"name": f"{reference['name']}-{who}"},
            "spec": spec,
        }
        await self.client.create(APPROVALS, body, self.namespace, strict=True)

    async def agent(self, task: str) -> str:
        """Make the pod of an agent of the workflow; return its token for the treasury."""
        job = f"{self.namespace}-{task}"
        given = assignment(
            self.workflow,
            f"sha256:{'0' * 64}",
            namespace=self.namespace,
            task=task,
            role="finance",
        )
        await assign(self.database, job, given)
        work = self.treasury.work_namespace
        return await token(self.client, work, job, self.workflow, AUDIENCE)

    async def spend(self, by: str, intent: str, cents: int) -> tuple[int, Body]:
        """Buy something; return status and answer."""
        body = {
            "intent": intent,
            "currency": "USD",
            "amountCents": cents,
            "merchant": "acme-ads",
            "category": "7311",
        }
        headers = {"Authorization": f"Bearer {by}", "Idempotency-Key": uuid4().hex}
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"{self.treasury.url}/v1/money/authorizations",
                json=body,
                headers=headers,
                ssl=self.treasury.trust(),
                server_hostname=HOST,
            ) as answer,
        ):
            return answer.status, await answer.json(content_type=None)

    async def held(self) -> int:
        """Return the cents that the workflow's cash budget holds for intents."""
        found = await self.treasurer.budgets(self.workflow)
        return next(each.held_micros for each in found if each.purpose == "Cash") // 10_000

    async def gives_back(self) -> None:
        """Wait until nothing is held for intents."""
        await patiently(self.held, lambda cents: cents == 0)


@pytest.fixture
async def scene(
    operator: OperatorProcess,
    treasury_process: TreasuryProcess,
    client: KubernetesClient,
    namespace: str,
    database: SecretStr,
) -> Any:
    assert operator
    content = bundle()
    content["roles"].append({"name": "finance", "timeoutSeconds": 60})
    content["roles"][0]["models"] = [{"provider": "Scripted", "names": ["*"]}]
    velocity = {"cents": 1_000_000, "transactions": 100, "windowSeconds": 3600}
    content["money"]["merchants"][0]["velocity"] = velocity
    content["rules"] = []
    await client.create(POLICY_BUNDLES, manifest(**content), namespace)
    script = {"metadata": {"name": "script"}, "data": {"script.json": '{"turns": []}'}}
    await client.create(CONFIG_MAPS, {"apiVersion": "v1", "kind": "ConfigMap", **script}, namespace)
    async with await treasury_process.client(client, TREASURER) as treasurer:
        paid = FundingRequest(currency="USD", amount_cents=FUNDED)
        await treasurer.fund(namespace, uuid4().hex, paid)
        flow = workflow()
        flow["spec"]["budget"]["cashCents"] = CASH
        made = await client.create(WORKFLOWS, flow, namespace, strict=True)
        uid = UUID(made["metadata"]["uid"])
        await patiently(lambda: treasurer.budgets(uid), bool)
        yield Scene(client, namespace, treasury_process, treasurer, database, uid)


async def test_people_approve_it_an_agent_spends_it_and_it_is_consumed(scene: Scene) -> None:
    await scene.ask_for("ads", 12_000)
    waiting = await scene.phase("ads", "AwaitingApproval")
    assert await scene.held() == 0
    uid = UUID(waiting["metadata"]["uid"])
    assert await scene.treasurer.intent(uid) is None
    agent, other = await scene.agent("place"), await scene.agent("research")
    status, early = await scene.spend(agent, "ads", 100)
    assert (status, early["reasonCode"]) == (404, "UNKNOWN_INTENT")
    await scene.say(waiting, "founder", "Approve")  # who asked for it
    await scene.say(waiting, "alice", "Approve")
    approved = await scene.phase("ads", "Approved")
    assert approved["status"]["approvals"] == {"required": 1, "granted": 1, "by": ["alice"]}
    assert approved["status"]["hold"]["pendingCents"] == 12_000
    assert await scene.held() == 12_000

    status, wrong = await scene.spend(other, "ads", 100)
    assert (status, wrong["reasonCode"]) == (403, "TASK_NOT_ALLOWED")
    status, much = await scene.spend(agent, "ads", 5_001)
    assert (status, much["reasonCode"]) == (403, "PER_TRANSACTION_CAP_EXCEEDED")
    for cents in (5_000, 5_000, 2_000):
        status, bought = await scene.spend(agent, "ads", cents)
        assert (status, bought["state"]) == (201, "Posted")
    consumed = await scene.phase("ads", "Consumed")
    assert condition(consumed, "Ready")["status"] == "True"
    assert consumed["status"]["hold"]["postedCents"] == 12_000
    status, late = await scene.spend(agent, "ads", 1)
    assert (status, late["reasonCode"]) == (409, "INTENT_CONSUMED")

    table = await scene.client.table(MONEY_INTENTS, scene.namespace)
    shown = [each.name for each in table.columns if not each.wide]
    assert shown == ["Name", "Cap", "Currency", "Spent", "Phase", "Merchant", "Reason", "Age"]
    assert table.rows[0][:7] == ["ads", 12_000, "USD", 12_000, "Consumed", "acme-ads", "Consumed"]
    books = await scene.treasurer.statement(scene.namespace, "USD")
    amounts = [each.amount_cents for each in books.entries]
    assert amounts == [FUNDED, -5_000, -5_000, -2_000]


async def test_what_is_denied_revoked_deleted_or_over_holds_nothing(scene: Scene) -> None:
    await scene.ask_for("denied", 12_000)
    await scene.say(await scene.phase("denied", "AwaitingApproval"), "bob", "Deny")
    denied = await scene.phase("denied", "Rejected")
    assert condition(denied, "Stalled")["reason"] == "Denied"
    assert await scene.held() == 0

    await scene.ask_for("revoked", 9_000)
    await scene.phase("revoked", "Approved")
    assert await scene.held() == 9_000
    revoke = {"spec": {"revoke": True}}
    await scene.client.patch(MONEY_INTENTS, "revoked", revoke, scene.namespace)
    await scene.phase("revoked", "Revoked")
    assert await scene.held() == 0
    for again in (False, None):
        back = {"spec": {"revoke": again}}
        with pytest.raises(InvalidError, match="what was revoked stays so"):
            await scene.client.patch(MONEY_INTENTS, "revoked", back, scene.namespace)

    await scene.ask_for("deleted", 8_000)
    await scene.phase("deleted", "Approved")
    agent = await scene.agent("place")
    assert (await scene.spend(agent, "deleted", 1_000))[0] == 201
    await scene.client.delete(MONEY_INTENTS, "deleted", scene.namespace)
    await scene.gives_back()
    assert (await scene.spend(agent, "deleted", 1))[1]["reasonCode"] == "INTENT_REVOKED"

    soon = (datetime.now(UTC) + timedelta(seconds=4)).isoformat()
    await scene.ask_for("short", 7_000, window={"notAfter": soon})
    await scene.phase("short", "Approved")
    expired = await scene.phase("short", "Expired")
    assert condition(expired, "Stalled")["reason"] == "Expired"
    await scene.gives_back()

    late = await scene.ask_for("late", 12_000, window={"notAfter": soon})
    assert late
    await scene.phase("late", "Rejected")
    books = await scene.treasurer.statement(scene.namespace, "USD")
    assert [each.amount_cents for each in books.entries] == [FUNDED, -1_000]


async def test_an_operator_killed_between_approval_and_hold_holds_once(
    scene: Scene, operator: OperatorProcess
) -> None:
    await scene.ask_for("ads", 12_000)
    waiting = await scene.phase("ads", "AwaitingApproval")
    scene.treasury.kill()
    await scene.say(waiting, "alice", "Approve")

    async def reason() -> str:
        body = await scene.client.get(MONEY_INTENTS, "ads", scene.namespace) or {}
        return str(condition(body, "Ready").get("reason"))

    await patiently(reason, lambda found: found == "TreasuryUnavailable")
    await operator.kill()
    await scene.treasury.start()
    assert await scene.held() == 0
    await operator.start()
    approved = await scene.phase("ads", "Approved")
    assert approved["status"]["hold"]["pendingCents"] == 12_000
    assert await scene.held() == 12_000
