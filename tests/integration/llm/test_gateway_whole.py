"""The gateway with its real parts: pods' tokens, assignments, bundles, and the record."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import uuid4

import anthropic
import pytest
from agenttasks import assign, assignment, events, token
from badprovider import BadProvider, Does, bad_provider, message
from gatewayscene import KEY, Budget, write_keys
from policybundles import bundle
from teapot import running
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed
from venture_core.events.envelope import Service
from venture_core.events.types.task import task_id
from venture_core.freezes import Freezes
from venture_core.http.app import whole
from venture_core.identity.workload import (
    Workloads,
)
from venture_core.kubernetes.resources import FREEZES
from venture_core.llm.prices import shipped_table
from venture_core.record.assignments import Assignments
from venture_core.record.bundles import Bundles
from venture_core.record.producer import EventProducer
from venture_llm_gateway.app import Gateway, gateway_limits, problem_shape
from venture_llm_gateway.calls import Calls
from venture_llm_gateway.deciding import PolicyJudge
from venture_llm_gateway.gateway import AUDIENCE
from venture_llm_gateway.identifying import Identification
from venture_llm_gateway.keys import Keys
from venture_llm_gateway.provider import Endpoint, Provider, provider_session
from venture_llm_gateway.recording import Recorder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import asyncpg
    from pydantic import SecretStr
    from venture_core.kubernetes.client import KubernetesClient

ASK = [{"role": "user", "content": "Say hello."}]
SCRIPT = {"turns": [{"say": [{"text": "Done."}]}]}
BUNDLE = bundle()
BUNDLE["roles"][0]["models"] = [
    {"provider": "Anthropic", "names": ["claude-haiku-*"]},
    {"provider": "Scripted", "names": ["launch-*"]},
]


class Whole:
    def __init__(
        self, url: str, provider: BadProvider, budget: Budget, bundles: Bundles, hash_: str
    ) -> None:
        self.url = url
        self.provider = provider
        self.budget = budget
        self.bundles = bundles
        self.hash = hash_

    async def ask(self, token: str, model: str = "claude-haiku-5-5") -> anthropic.types.Message:
        async with anthropic.AsyncAnthropic(
            base_url=self.url, api_key=token, max_retries=0
        ) as client:
            return await client.messages.create(model=model, max_tokens=100, messages=ASK)


@asynccontextmanager
async def served(
    client: KubernetesClient, namespace: str, database: SecretStr, folder: Path
) -> AsyncIterator[Whole]:
    write_keys(folder, KEY)
    operator = Bundles(database, service=Service.ORCHESTRATOR, name="tests")
    hash_ = await operator.store(BUNDLE)
    bundles = Bundles(database, service=Service.LLM_GATEWAY, name="tests")
    assignments = Assignments(database, service=Service.LLM_GATEWAY, name="tests")
    freezes = Freezes(client)
    budget = Budget()
    workloads = Workloads(client, audience=AUDIENCE, namespace=namespace)
    watches = [asyncio.create_task(each.run()) for each in (freezes, workloads)]
    async for attempt in AsyncRetrying(wait=wait_fixed(0.05), stop=stop_after_delay(60)):
        with attempt:
            assert not freezes.complaints()
    try:
        async with (
            bad_provider() as provider,
            provider_session() as session,
            EventProducer(database, name="tests") as producer,
            asyncio.TaskGroup() as group,
        ):
            calls = Calls(
                group,
                judge=PolicyJudge(bundles, freezes),
                ledger=budget,
                recorder=Recorder(producer),
                table=shipped_table(),
            )
            app = Gateway(
                identify=Identification(workloads, assignments),
                calls=calls,
                providers={
                    name: Provider(Endpoint(name, provider.url), Keys(folder), session)
                    for name in ("Anthropic", "OpenAI")
                },
            )
            made = whole(app, authenticate=None, limits_of=gateway_limits, render=problem_shape)
            async with running(made, drain_seconds=0) as service:
                yield Whole(service.url, provider, budget, bundles, hash_)
    finally:
        for watch in watches:
            watch.cancel()
        for each in (operator, bundles, assignments):
            await each.close()


async def test_a_call_from_token_to_record(
    client: KubernetesClient,
    namespace: str,
    database: SecretStr,
    superuser: asyncpg.Connection,
    tmp_path: Path,
) -> None:
    uid = uuid4()
    async with served(client, namespace, database, tmp_path / "keys") as gateway:
        await assign(database, "research-1", assignment(uid, gateway.hash))
        gateway.provider.does(Does(body=json.dumps(message()).encode()))
        own = await token(client, namespace, "research-1", uid, AUDIENCE)
        answer = await gateway.ask(own)
        assert answer.content[0].text == "Hello there"
        # The role may not call it, whatever the request says.
        with pytest.raises(anthropic.PermissionDeniedError):
            await gateway.ask(own, "claude-opus-5-5")
    called, refused = await events(superuser, uid)
    assert called["event_type"] == "task.model.called.v1"
    assert called["source_service"] == "llm-gateway"
    assert called["task_id"] == str(task_id(uid, "research"))
    assert called["payload"]["costMicros"] == 150
    assert refused["event_type"] == "task.model.refused.v1"
    assert refused["payload"]["reasonCode"] == "MODEL_NOT_ALLOWED"
    assert refused["payload"]["bundleHash"] == gateway.hash
    assert list(gateway.budget.settled.values()) == [150]


async def test_a_script_comes_from_the_assignment(
    client: KubernetesClient, namespace: str, database: SecretStr, tmp_path: Path
) -> None:
    uid = uuid4()
    async with served(client, namespace, database, tmp_path / "keys") as gateway:
        model = {"provider": "Scripted", "name": "launch-script"}
        given = assignment(uid, gateway.hash, model=model, script=SCRIPT)
        await assign(database, "scripted-1", given)
        own = await token(client, namespace, "scripted-1", uid, AUDIENCE)
        assert (await gateway.ask(own, "launch-script")).content[0].text == "Done."
        broken = assignment(uid, gateway.hash, model=model, script={"turns": "canary"})
        await assign(database, "broken-1", broken)
        with pytest.raises(anthropic.BadRequestError, match=r"script of task.*turns") as refused:
            await gateway.ask(
                await token(client, namespace, "broken-1", uid, AUDIENCE), "launch-script"
            )
        assert "canary" not in str(refused.value)


async def test_who_works_for_no_task_gets_nothing(
    client: KubernetesClient, namespace: str, database: SecretStr, tmp_path: Path
) -> None:
    uid = uuid4()
    async with served(client, namespace, database, tmp_path / "keys") as gateway:
        await assign(database, "mine-1", assignment(uid, gateway.hash))
        for job, owner in (("unassigned-1", uid), ("mine-1", uuid4())):
            with pytest.raises(anthropic.PermissionDeniedError, match="no task"):
                await gateway.ask(await token(client, namespace, job, owner, AUDIENCE))
        other = await token(client, namespace, "elsewhere-1", uid, "venture-treasury")
        with pytest.raises(anthropic.AuthenticationError):
            await gateway.ask(other)
        assert not gateway.provider.seen


async def test_a_freeze_stops_calls_until_it_is_lifted(
    client: KubernetesClient,
    namespace: str,
    database: SecretStr,
    superuser: asyncpg.Connection,
    tmp_path: Path,
) -> None:
    uid = uuid4()
    frozen = {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "Freeze",
        "metadata": {"name": f"stop-{uid.hex[:8]}"},
        "spec": {
            "scope": {"namespace": "team-a"},
            "mode": "Freeze",
            "reason": "somebody looks at what is going on here",
        },
    }
    async with served(client, namespace, database, tmp_path / "keys") as gateway:
        await assign(database, "frozen-1", assignment(uid, gateway.hash))
        gateway.provider.does(Does(body=json.dumps(message()).encode()))
        own = await token(client, namespace, "frozen-1", uid, AUDIENCE)
        await client.create(FREEZES, frozen)
        async for attempt in AsyncRetrying(wait=wait_fixed(0.05), stop=stop_after_delay(60)):
            with attempt, pytest.raises(anthropic.APIStatusError, match="stop-") as no:
                await gateway.ask(own)
        assert no.value.status_code == HTTPStatus.LOCKED
        await client.delete(FREEZES, frozen["metadata"]["name"])
        async for attempt in AsyncRetrying(wait=wait_fixed(0.05), stop=stop_after_delay(60)):
            with attempt:
                assert (await gateway.ask(own)).content[0].text == "Hello there"
    reasons = {each["payload"].get("reasonCode") for each in await events(superuser, uid)}
    assert "FREEZE_MODE_ACTIVE" in reasons


async def test_a_bundle_that_cannot_be_read_stops_everything(
    client: KubernetesClient, namespace: str, database: SecretStr, tmp_path: Path
) -> None:
    uid = uuid4()
    async with served(client, namespace, database, tmp_path / "keys") as gateway:
        await assign(database, "lost-1", assignment(uid, f"sha256:{'0' * 64}"))
        with pytest.raises(anthropic.InternalServerError, match="policy of this workflow"):
            await gateway.ask(await token(client, namespace, "lost-1", uid, AUDIENCE))
        assert not gateway.provider.seen
        assert not gateway.budget.held
