"""A provider's key and a prompt go through everything that handles them, and are found nowhere.

The operator, the agent and the gateway are the real programs, with a provider that behaves well and
badly. What they log at DEBUG, what they record, what the cluster shows of it, and every error are
searched for both.
"""

from __future__ import annotations

import base64
import io
import json
import logging
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import aiohttp
import pytest
from agentpods import SERVICE_ACCOUNTS
from agentprocess import run_agent
from agentservices import AgentServices
from badprovider import BadProvider, Does, bad_provider, message, message_events
from gatewayscene import KEY, write_keys
from policybundles import bundle, manifest
from recordservers import free_port
from serviceprograms import reach, running
from venture_core.agents.assignment import ASSIGNMENT_FILE, parse_assignment
from venture_core.kubernetes.resources import (
    EVENTS,
    JOBS,
    PODS,
    POLICY_BUNDLES,
    SECRETS,
    WORKFLOWS,
)
from venture_core.logging import configure_logging
from venture_core.treasury.models import FundingRequest
from venture_llm_gateway import gateway as llm
from venture_llm_gateway import retrying
from venture_llm_gateway.settings import GatewaySettings
from waiting import patiently

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    import asyncpg
    from kubelet import Kubelet
    from operatorprocess import OperatorProcess
    from pydantic import SecretStr
    from treasuryservice import Service
    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]

PROMPT = "canary-prompt-4be1"
SAID = {"message": f"{KEY} asked {PROMPT}", "type": "bad"}
ECHO = json.dumps({"type": "error", "error": SAID}).encode()
USED = {"input_tokens": 20, "output_tokens": 5}
PROVIDER_DOES = {
    "good": Does(body=json.dumps(message("All is well.", usage=USED)).encode()),
    "unauthorized": Does(status=401, body=ECHO),
    "refused": Does(status=400, body=ECHO),
    "no-json": Does(body=f"{{{KEY} {PROMPT}".encode()),
    "no-usage": Does(body=json.dumps(message("Fine.", usage={"input_tokens": -1})).encode()),
    "cut": Does(events=message_events(PROMPT)[:4], cut=True),
    "fails": Does(events=[*message_events()[:4], b"event: error\ndata: %b\n\n" % ECHO]),
    "hangs-up": Does(hang_up=True),
}
"""By task, what the provider does with what its agent asks."""


@pytest.fixture
def operator_settings(treasury: Service) -> dict[str, str]:
    token = treasury.tokens / "operator-token"
    token.write_text("operator")
    agents = {"image": "none", "resources": {}, "llm_gateway_url": "http://127.0.0.1:1"}
    return {
        "agents": json.dumps(agents),
        "treasury_url": treasury.url,
        "treasury_token_file": str(token),
        "log_level": "DEBUG",
    }


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Return what the programs log that run within the test."""
    log = io.StringIO()
    monkeypatch.setattr("sys.stdout", log)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configure_logging("DEBUG")
    yield log
    root.handlers, root.level = handlers, level


@pytest.fixture
async def provider() -> AsyncIterator[BadProvider]:
    async with bad_provider() as served:
        yield served


@pytest.fixture
async def gateway(
    provider: BadProvider,
    treasury: Service,
    database: SecretStr,
    work_namespace: str,
    definitions: Path,
    tmp_path: Path,
    written: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[str]:
    """Run the gateway with a canary for a key; give its URL."""
    del written
    reach(definitions, monkeypatch)
    monkeypatch.setattr(retrying, "FIRST_WAIT_SECONDS", 0.01)
    write_keys(tmp_path / "keys", KEY)
    (treasury.tokens / "gateway").write_text("gateway")
    settings = GatewaySettings(
        pod_name="llm-gateway-0",
        api_port=free_port(),
        drain_seconds=0,
        stop_seconds=10,
        postgres_url=database,
        work_namespace=work_namespace,
        treasury_url=treasury.url,
        treasury_token_file=treasury.tokens / "gateway",
        provider_keys=tmp_path / "keys",
        anthropic_url=provider.url,
    )
    async with running(llm.run, settings) as url:
        yield url


def asks_all() -> Body:
    """Return a Workflow with an agent for each thing that the provider does."""

    def agent(name: str) -> Body:
        work = {
            "role": "researcher",
            "model": {"provider": "Anthropic", "name": "claude-haiku-5-5"},
            "instructions": f"Say how it is. {PROMPT}",
            "llmCents": 10,
        }
        return {"name": name, "retries": {"limit": 0}, "agent": work}

    return {
        "apiVersion": WORKFLOWS.api_version,
        "kind": WORKFLOWS.kind,
        "metadata": {"name": "launch"},
        "spec": {
            "objective": "Ask",
            "requester": {"user": "founder"},
            "budget": {"currency": "USD", "llmCents": 100},
            "tasks": [agent(name) for name in PROVIDER_DOES],
        },
    }


async def token_of(client: KubernetesClient, pod: Body, audience: str) -> str:
    """Return a token of a pod, as the kubelet would project it."""
    metadata, account = pod["metadata"], pod["spec"]["serviceAccountName"]
    bound = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
    spec = {"audiences": [audience], "expirationSeconds": 600, "boundObjectRef": bound}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    path = SERVICE_ACCOUNTS.path(metadata["namespace"], account, "token")
    answer = await client.request("POST", "serviceaccounts", path, body=body)
    token: str = answer["status"]["token"]
    return token


async def test_a_key_and_a_prompt_are_in_no_log_event_status_or_error(
    operator: OperatorProcess,
    treasury: Service,
    provider: BadProvider,
    gateway: str,
    written: io.StringIO,
    client: KubernetesClient,
    namespace: str,
    kubelet: Kubelet,
    work_namespace: str,
    superuser: asyncpg.Connection,
    tmp_path: Path,
) -> None:
    role = bundle()["roles"][0]
    models = [{"provider": "Anthropic", "names": ["claude-haiku-*"]}]
    role |= {"models": models, "maxConcurrent": len(PROVIDER_DOES)}
    await client.create(POLICY_BUNDLES, manifest(roles=[role]), namespace)
    async with treasury.client("treasurer") as treasurer:
        paid = FundingRequest(currency="USD", amount_cents=1000)
        await treasurer.fund(namespace, uuid4().hex, paid)
    await client.create(WORKFLOWS, asks_all(), namespace, strict=True)
    jobs = await patiently(kubelet.jobs, lambda found: len(found) == len(PROVIDER_DOES))
    errors: list[str] = []
    seen: dict[str, int] = {}
    for job in jobs:
        name = job["metadata"]["name"]
        account = job["spec"]["template"]["spec"]["serviceAccountName"]
        made = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account}}
        await client.apply(SERVICE_ACCOUNTS, made, work_namespace, field_manager="tests")
        secret = await patiently(lambda name=name: client.get(SECRETS, name, work_namespace), bool)
        assert secret is not None
        assigned = base64.b64decode(secret["data"][ASSIGNMENT_FILE])
        task = parse_assignment(assigned).task
        provider.does(PROVIDER_DOES[task])
        pod = await kubelet.start(job)
        await kubelet.run(pod)
        token = await token_of(client, pod, llm.AUDIENCE)
        async with AgentServices([]) as services:
            elsewhere = {"tools": (services.url, "tools"), "llm-gateway": (gateway, token)}
            code, said, log = await run_agent(tmp_path / task, gateway, assigned, **elsewhere)
        assert task != "good" or PROMPT in services.transcript.decode(), "there it belongs"
        errors += [log, said]
        seen[task] = len(provider.seen)
        assert all(PROMPT in json.dumps(each.body) for each in provider.seen)
        assert all(KEY in json.dumps(each.headers) for each in provider.seen)
        errors.append(await asked_once_more(gateway, token))
        await kubelet.end(pod, exit_code=code, message=said)
        # What nobody can count costs what was held for it, and is an answer all the same.
        assert (code == 0) == (task in {"good", "no-usage"}), said
    assert min(seen.values()) > 0, seen

    async def phase() -> Body:
        return await client.get(WORKFLOWS, "launch", namespace) or {}

    flow = await patiently(phase, lambda body: body["status"].get("phase") == "Failed")
    recorded = await superuser.fetch("SELECT canonical FROM record.events")
    shown = [flow["status"]]
    for resource in (EVENTS, JOBS, PODS):
        for where in (namespace, work_namespace):
            shown += await client.list(resource, where)
    _, metrics = await operator.get("/metrics")
    everything = {
        "the operator's log": (tmp_path / "operator.log").read_text(),
        "the logs of the gateway and the treasury": written.getvalue(),
        "what agents logged and said": "\n".join(errors),
        "the record": "\n".join(each["canonical"].decode() for each in recorded),
        "objects and events of the cluster": json.dumps(shown),
        "metrics": metrics,
    }
    assert all(everything.values())
    found = [
        (canary, where)
        for where, text in everything.items()
        for canary in (KEY, PROMPT)
        if canary in text
    ]
    assert not found


async def asked_once_more(gateway: str, token: str) -> str:
    """Ask as no client does; return the answer, headers and all."""
    order = {"model": "claude-haiku-5-5", "max_tokens": 10}
    body = {**order, "messages": [{"role": "user", "content": PROMPT}], "stream": True}
    headers = {"x-api-key": token, "anthropic-version": "2023-06-01"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{gateway}/v1/messages", json=body, headers=headers) as answer,
    ):
        try:
            text = await answer.text()
        except aiohttp.ClientError as error:
            text = str(error)
        return f"{answer.headers} {'' if answer.status == 200 else text}"
