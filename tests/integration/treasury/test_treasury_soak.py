"""A hundred callers on one budget while treasury-api and Postgres are killed at random."""

from __future__ import annotations

import asyncio
import json
import os
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import aiohttp
import asyncpg
import pytest
from agenttasks import assign, assignment, token
from moneybooks import assert_sound
from moneyscenes import DIGEST
from recordservers import PostgresServer
from soaking import seconds
from treasuryprocess import AUDIENCE, HOST, OPERATOR, TREASURER, TreasuryProcess
from venture_core.treasury.models import (
    FundingRequest,
    IntentDecision,
    IntentTerms,
    WorkflowBudgetRequest,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from uuid import UUID

    from pydantic import SecretStr
    from venture_core.kubernetes.client import KubernetesClient

CALLERS: Final = 100
SECONDS: Final = seconds(short=3, soak=120)
SEED: Final = int(os.environ.get("VENTURE_CRASH_SEED", "20261126"))
CAP: Final = 50_000
"""Cents of each intent: soon used up, so that callers race for its last cents again and again."""
LARGEST: Final = 2_000
SAMPLE: Final = 50
"""How many answers are asked for once more."""
TEAM: Final = "team-soak"

type Body = dict[str, Any]


@pytest.fixture
async def own_postgres() -> AsyncIterator[PostgresServer]:
    with tempfile.TemporaryDirectory(prefix="venture-postgres-") as folder:
        server = PostgresServer(Path(folder))
        await server.start()
        yield server
        server.stop()


@dataclass
class Attack:
    """A hundred callers, and what they were told. What is not answered is asked again."""

    process: TreasuryProcess
    token: str
    intents: int
    seconds: float
    random: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311
    answered: dict[str, tuple[str, dict[str, Any], int, bytes]] = field(default_factory=dict)
    """By key: what was asked for, and the first answer."""
    refusals: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0
    spent: int = 0
    refunded: int = 0
    current: int = 0
    """The intent that is being used up."""

    def __post_init__(self) -> None:
        self.until = time.monotonic() + self.seconds
        self._trust = self.process.trust()

    async def ask(self, session: aiohttp.ClientSession, path: str, body: Body) -> Body:
        """Ask until there is an answer, always with the same key."""
        key = uuid4().hex
        while True:
            status, raw = await self.once(session, path, body, key)
            if status < HTTPStatus.INTERNAL_SERVER_ERROR and (
                status < HTTPStatus.BAD_REQUEST or b"reasonCode" in raw
            ):
                self.answered[key] = (path, body, status, raw)
                answer: Body = json.loads(raw)
                if status >= HTTPStatus.BAD_REQUEST:
                    self.refusals[answer["reasonCode"]] += 1
                return answer
            assert status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.CONFLICT, raw
            self.unanswered += 1
            await asyncio.sleep(self.random.uniform(0.05, 0.5))

    async def once(
        self, session: aiohttp.ClientSession, path: str, body: Body, key: str
    ) -> tuple[int, bytes]:
        """Ask once; 599 where nobody answers."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        url = f"{self.process.url}/v1/money/{path}"
        try:
            async with session.post(
                url, json=body, headers=headers, ssl=self._trust, server_hostname=HOST
            ) as answer:
                return answer.status, await answer.read()
        except aiohttp.ClientError, TimeoutError, OSError:
            return 599, b""

    async def call(self, session: aiohttp.ClientSession) -> None:
        """Buy, hold, capture, void and refund until the time is over."""
        while time.monotonic() < self.until and self.current < self.intents:
            number, direct = self.current, self.random.random() < 0.7
            body = {
                "intent": f"ads-{number}",
                "currency": "USD",
                "amountCents": self.random.choice((1, 50, self.random.randint(1, LARGEST))),
                "merchant": "acme-ads",
                "category": "7311",
                "capture": direct,
            }
            bought = await self.ask(session, "authorizations", body)
            if bought["reasonCode"] in {"INTENT_CONSUMED", "CAP_EXCEEDED"}:
                over = bought["reasonCode"] == "INTENT_CONSUMED"
                self.current = max(self.current, number + over)
            elif direct:
                self.spent += bought["capturedCents"]
                await self.refund(session, bought)
            else:
                await self.follow(session, bought)

    async def refund(self, session: aiohttp.ClientSession, bought: Body) -> None:
        """Give some purchases back, twice at the same time: once is right."""
        if self.random.random() < 0.9:
            return
        body = {"authorization": bought["id"], "amountCents": bought["amountCents"]}
        both = await asyncio.gather(*(self.ask(session, "refunds", body) for _ in range(2)))
        assert sorted("id" in each for each in both) == [False, True]
        self.refunded += bought["amountCents"]

    async def follow(self, session: aiohttp.ClientSession, held: Body) -> None:
        """Capture and void at the same time: one of them is right."""
        part = self.random.randint(1, held["amountCents"])
        capture = {"authorization": held["id"], "amountCents": part, "final": True}
        void = {"authorization": held["id"]}
        captured, voided = await asyncio.gather(
            self.ask(session, "captures", capture), self.ask(session, "voids", void)
        )
        assert ("id" in captured) != ("id" in voided), (captured, voided)
        self.spent += part if "id" in captured else 0

    async def killing(self, postgres: PostgresServer) -> None:
        """Kill what answers and what decides, at random."""
        while time.monotonic() < self.until:
            await asyncio.sleep(self.random.uniform(1, 4))
            victim = self.random.choice(("treasury-api", "Postgres"))
            self.kills[victim] += 1
            if victim == "Postgres":
                await asyncio.to_thread(postgres.kill)
                await postgres.start()
            else:
                await asyncio.to_thread(self.process.kill)
                await self.process.start()


@pytest.fixture
async def attack(
    own_postgres: PostgresServer,
    client: KubernetesClient,
    definitions: Path,
    render_chart: Callable[..., list[Body]],
    tmp_path: Path,
) -> AsyncIterator[tuple[Attack, SecretStr]]:
    """Run the treasury, fund a wallet, open a budget, and have many intents approved."""
    database = await own_postgres.create_database()
    process = TreasuryProcess(tmp_path, definitions, render_chart("ci/production.yaml"))
    await process.install(client, database, "redis://127.0.0.1:1")
    await process.start()
    workflow, intents = uuid4(), int(SECONDS * 4)
    async with (
        await process.client(client, TREASURER) as treasurer,
        await process.client(client, OPERATOR) as operator,
    ):
        paid = FundingRequest(currency="USD", amount_cents=intents * CAP)
        await treasurer.fund(TEAM, uuid4().hex, paid)
        budget = WorkflowBudgetRequest(
            namespace=TEAM,
            workflow="launch",
            generation=1,
            currency="USD",
            cash_cents=intents * CAP,
            llm_cents=0,
        )
        await operator.open(workflow, budget)
        for number in range(intents):
            await operator.hold(uuid4(), _terms(workflow, f"ads-{number}"))
    job = f"soak-{uuid4().hex[:8]}"
    given = assignment(workflow, DIGEST, namespace=TEAM, task="place", role="finance")
    await assign(database, job, given)
    agent = await token(client, process.work_namespace, job, workflow, AUDIENCE)
    yield Attack(process, agent, intents, SECONDS), database
    process.stop()


def _terms(workflow: UUID, name: str) -> IntentTerms:
    return IntentTerms(
        namespace=TEAM,
        name=name,
        generation=1,
        workflow_uid=workflow,
        role="finance",
        tasks=("place",),
        currency="USD",
        cap_cents=CAP,
        per_transaction_cents=LARGEST,
        merchant="acme-ads",
        categories=("7311",),
        expires_at=datetime.now(UTC) + timedelta(hours=1),
        decision=IntentDecision(reason_code="WITHIN_POLICY", bundle_hash=DIGEST),
    )


@pytest.mark.soak
@pytest.mark.timeout(SECONDS * 4 + 240)
async def test_no_cent_is_overspent_lost_or_doubled(
    attack: tuple[Attack, SecretStr], own_postgres: PostgresServer
) -> None:
    attacking, database = attack
    began = time.monotonic()
    connector = aiohttp.TCPConnector(limit=CALLERS)
    async with aiohttp.ClientSession(connector=connector) as session:
        async with asyncio.TaskGroup() as group:
            for _ in range(CALLERS):
                group.create_task(attacking.call(session))
            group.create_task(attacking.killing(own_postgres))
        took = time.monotonic() - began
        keys = sorted(attacking.answered)
        for key in attacking.random.sample(keys, min(SAMPLE, len(keys))):
            path, body, *answer = attacking.answered[key]
            assert [*await attacking.once(session, path, body, key)] == answer
    connection = await asyncpg.connect(database.get_secret_value())
    await assert_sound(connection)
    holds = await connection.fetchrow(
        "SELECT count(*), sum(posted_micros) / 10000 AS spent, "
        "sum(refunded_micros) / 10000 AS refunded FROM treasury.holds"
    )
    most = await connection.fetchval(
        "SELECT max(spent_micros) / 10000 FROM treasury.budgets WHERE kind = 'Intent'"
    )
    await connection.close()
    done = [status for _, _, status, _ in attacking.answered.values()]
    assert holds["count"] == done.count(HTTPStatus.CREATED)
    assert (holds["spent"], holds["refunded"]) == (attacking.spent, attacking.refunded)
    assert most <= CAP
    print(
        f"{len(done)} answers in {took:.0f} s ({len(done) / took:.0f}/s), {attacking.unanswered} "
        f"times none; {attacking.spent} cents spent, {attacking.refunded} refunded, "
        f"{attacking.current} intents used up; refused: {dict(attacking.refusals)}; "
        f"killed: {dict(attacking.kills)}"
    )
