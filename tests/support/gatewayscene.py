"""The llm-gateway on a real port, before a provider that a test commands.

Money is counted in memory here: a budget, what is held, and what was posted. The treasury's own
tests show that the real one counts so.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import aiohttp
from badprovider import bad_provider
from teapot import running
from venture_core.http.app import whole
from venture_core.identity.callers import UnauthenticatedError
from venture_core.llm.prices import shipped_table
from venture_llm_gateway.app import Gateway, gateway_limits, problem_shape
from venture_llm_gateway.assigned import Assigned
from venture_llm_gateway.calls import Calls
from venture_llm_gateway.decisions import Denial
from venture_llm_gateway.keys import Keys
from venture_llm_gateway.ledger import HoldRefusedError, LedgerUnavailableError
from venture_llm_gateway.provider import Endpoint, Provider, provider_session
from venture_llm_gateway.recording import Recorder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from badprovider import BadProvider
    from venture_core.events.envelope import EventEnvelopeV1
    from venture_core.llm.scripts import Script
    from venture_llm_gateway.ledger import UsageLedger

TOKEN = "workload-token-canary-5b1e"  # noqa: S105  nobody's
KEY = "sk-canary-provider-key-77aa"


@dataclass
class Budget:
    """A budget in memory, with the treasury's rules: no hold beyond it, no post beyond a hold."""

    micros: int = 10**12
    posted: int = 0
    held: dict[UUID, int] = field(default_factory=dict)
    settled: dict[UUID, int] = field(default_factory=dict)
    most_taken: int = 0
    away: int = 0
    """So many calls to it fail from now on."""

    async def hold(self, call_id: UUID, assigned: Assigned, amount_micros: int) -> UUID:
        self._answer()
        if self.posted + sum(self.held.values()) + amount_micros > self.micros:
            raise HoldRefusedError("BUDGET_EXCEEDED", f"raise the budget of {assigned.task}")
        self.held[call_id] = amount_micros
        self.most_taken = max(self.most_taken, self.posted + sum(self.held.values()))
        return call_id

    async def settle(self, hold_id: UUID, amount_micros: int) -> None:
        self._answer()
        if hold_id in self.settled:
            assert self.settled[hold_id] == amount_micros
            return
        assert 0 <= amount_micros <= self.held.pop(hold_id)
        self.settled[hold_id] = amount_micros
        self.posted += amount_micros
        self.most_taken = max(self.most_taken, self.posted + sum(self.held.values()))

    def _answer(self) -> None:
        if self.away:
            self.away -= 1
            raise LedgerUnavailableError


@dataclass
class Rule:
    """Says no to whatever a test names."""

    denied: set[str] = field(default_factory=set)

    async def denial(self, _assigned: Assigned, _provider: str, model: str) -> Denial | None:
        if model not in self.denied:
            return None
        return Denial(
            rule="roles/researcher/models",
            reason_code="MODEL_NOT_ALLOWED",
            message=f"The role may not call {model}.",
            bundle_hash=f"sha256:{'0' * 64}",
        )


@dataclass
class Events:
    """Keeps what is appended."""

    appended: list[EventEnvelopeV1] = field(default_factory=list)

    async def append(self, event: EventEnvelopeV1) -> None:
        self.appended.append(event)

    def payloads(self, kind: str) -> list[dict[str, Any]]:
        found = [each for each in self.appended if each.event_type == f"task.model.{kind}.v1"]
        return [each.payload for each in found]


@dataclass
class Scene:
    url: str
    provider: BadProvider
    budget: Budget
    rule: Rule
    events: Events
    keys: Path


NO_BUNDLE = f"sha256:{'0' * 64}"


def assigned(script: Script | None = None, bundle_hash: str = NO_BUNDLE) -> Assigned:
    return Assigned(
        namespace="team-a",
        workflow="launch",
        workflow_uid=UUID(int=1),
        trace_id=UUID(int=3),
        task="research",
        attempt=1,
        role="researcher",
        currency="USD",
        bundle_hash=bundle_hash,
        script=script,
        scripted_model=None if script is None else "launch-script",
    )


def write_keys(folder: Path, key: str) -> None:
    """Give the gateway a key of both providers."""
    folder.mkdir(exist_ok=True)
    for name in ("anthropic", "openai"):
        (folder / name).write_text(f"{key}\n")


@asynccontextmanager
async def gateway(
    folder: Path,
    script: Script | None = None,
    *,
    ledger: UsageLedger | None = None,
    bundle_hash: str = NO_BUNDLE,
) -> AsyncIterator[Scene]:
    """Serve a gateway of this test's own; without a ledger money is counted in memory."""
    write_keys(folder, KEY)
    budget, rule, events = Budget(), Rule(), Events()

    async def identify(token: str) -> Assigned:
        if token != TOKEN:
            raise UnauthenticatedError("the token is not valid")
        return assigned(script, bundle_hash)

    async with (
        bad_provider() as provider,
        provider_session() as session,
        asyncio.TaskGroup() as group,
    ):
        calls = Calls(
            group,
            judge=rule,
            ledger=ledger or budget,
            recorder=Recorder(events),
            table=shipped_table(),
        )
        providers = {
            name: Provider(Endpoint(name, provider.url), Keys(folder), session)
            for name in ("Anthropic", "OpenAI")
        }
        app = Gateway(identify=identify, calls=calls, providers=providers)
        served = whole(app, authenticate=None, limits_of=gateway_limits, render=problem_shape)
        async with running(served, drain_seconds=0) as service:
            yield Scene(service.url, provider, budget, rule, events, folder)
        calls.hurry(1)


async def post(
    scene: Scene, path: str, body: bytes, headers: dict[str, str] | None = None
) -> tuple[int, bytes, dict[str, str]]:
    """Ask the gateway as no client of a provider does; return status, bytes and headers."""
    sent = {"x-api-key": TOKEN, "content-type": "application/json"} if headers is None else headers
    async with (
        aiohttp.ClientSession() as session,
        session.post(scene.url + path, data=body, headers=sent) as answer,
    ):
        found = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, await answer.read(), found
