"""The story again and again while its services die at random: each thing happens, and once."""

from __future__ import annotations

import asyncio
import json
import os
import random
import secrets
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest
from killings import Killings, settle
from launches import SYSTEM, Launch, Waits, payloads
from moneybooks import IMBALANCES
from soaking import profile
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from persons import Person
    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]
type Kubectl = Callable[..., str]

RUNS: Final = int(os.environ.get("VENTURE_STORY_RUNS", "20"))
AT_ONCE: Final = 4
SEED: Final = int(os.environ.get("VENTURE_CRASH_SEED", "20261127"))
RUN_SECONDS: Final = 420
"""How long a run may take while everything dies: alone it takes less than 90."""
TASKS: Final = ("research", "deck", "brief", "review", "pay", "place")
CALLS: Final = {
    ("research", "io.write"): 1,
    ("brief", "io.read"): 1,
    ("brief", "io.write"): 1,
    ("place", "event.publish"): 1,
}
TOLD: Final = {
    "task.run.started.v1": "attempts",
    "task.run.succeeded.v1": "tasks",
    "task.model.called.v1": "answers of models",
    "policy.connection.closed.v1": "pages",
    "task.tool.called.v1": "calls of tools",
    "ledger.spend.authorized.v1": "payments of 40 USD",
}
DONE: Final = ("there is a workflow launch", "does not wait for people")
"""What is said to somebody who asks for what they got before."""
HOLDS: Final = """
SELECT json_build_object('namespace', w.namespace, 'kind', h.kind, 'state', h.state,
  'holds', count(*), 'cents', sum(h.posted_micros) / 10000)
FROM treasury.holds h JOIN treasury.wallets w USING (wallet_id)
WHERE w.namespace = ANY (:'names'::text[]) GROUP BY w.namespace, h.kind, h.state;
"""
OPEN_BUDGETS: Final = """
SELECT w.namespace, b.kind, b.name FROM treasury.budgets b JOIN treasury.wallets w USING (wallet_id)
WHERE w.namespace = ANY (:'names'::text[]) AND b.kind <> 'Wallet' AND b.state = 'Open';
"""


@dataclass(frozen=True)
class Run:
    """One run of the story in a namespace of its own."""

    launch: Launch
    waits: Waits
    founder: Person
    controller: Person
    folder: Path

    async def play(self) -> Body:
        """Hand the work over, say yes where people are asked, and return how it ended."""
        file = self.folder / f"{self.launch.namespace}.yaml"
        file.write_text(self.launch.example("launch.yaml"))
        await self._by(self.founder, "workflow", "submit", str(file))
        for kind in ("Workflow", "MoneyIntent"):
            asked = await self.waits.until_asked(kind)
            await self._by(self.controller, "approve", asked.target, "-m", "well done")
        await self.waits.until_succeeded()
        # What is unspent is given back after the end, when the treasury answers.
        return await self.waits.until_released()

    async def _by(self, person: Person, *arguments: str) -> None:
        place = ("--namespace", self.launch.namespace)
        await asked_again(lambda: asyncio.to_thread(person.venture, *arguments, *place))


async def asked_again(ask: Callable[[], Awaitable[str]]) -> None:
    """Ask until it is done, as somebody would who is told that a service does not answer."""
    asking = AsyncRetrying(
        retry=retry_if_exception_type(AssertionError),
        wait=wait_fixed(1),
        stop=stop_after_delay(120),
        reraise=True,
    )
    async for attempt in asking:
        with attempt:
            try:
                await ask()
            except AssertionError as error:
                again = attempt.retry_state.attempt_number > 1
                # Nobody heard the answer, but it was done.
                if not (again and any(words in str(error) for words in DONE)):
                    raise


@pytest.fixture
def launches(kubectl: Kubectl, kubeconfig: Path) -> Iterator[list[Launch]]:
    """Return as many namespaces as there are runs, each with policy, pages and money."""
    names = [f"e2e-story-{secrets.token_hex(4)}" for _ in range(RUNS)]
    for name in names:
        kubectl("create", "namespace", name)
    made = [Launch(kubectl, kubeconfig, name) for name in names]
    for each in made:
        each.prepare()
        scripts, _, _ = each.example("launch.yaml").partition("\n---\n")
        each.run("apply", "-f", "-", stdin=scripts)
    yield made
    kubectl("delete", "namespace", *names, "--wait=false")


@pytest.mark.soak
@pytest.mark.skipif(profile() == "short", reason="runs take minutes while everything dies")
@pytest.mark.timeout(RUNS * 120 + 900)
async def test_every_run_ends_and_each_thing_happens_once(
    launches: list[Launch],
    client: KubernetesClient,
    kubectl: Kubectl,
    hired: Callable[..., Person],
    administrator: Person,
    tmp_path: Path,
) -> None:
    places = [each.namespace for each in launches]
    founder, controller = (hired(role, *places) for role in ("Founder", "Finance"))
    runs = [
        Run(each, Waits(client, each.namespace, RUN_SECONDS), founder, controller, tmp_path)
        for each in launches
    ]
    killings = Killings(client, SYSTEM, random.Random(SEED))  # noqa: S311
    room = asyncio.Semaphore(AT_ONCE)

    async def play(run: Run) -> tuple[Body, float]:
        async with room:
            began = time.monotonic()
            return await run.play(), time.monotonic() - began

    killing = asyncio.create_task(killings.go_on())
    try:
        ended = await asyncio.gather(*(play(each) for each in runs))
    finally:
        killing.cancel()
        print(f"seed {SEED}, killed: {dict(killings.done)}, {killings.done.total()} in all")
    settle(kubectl, SYSTEM)
    happened: Counter[str] = Counter()
    for run, (status, took) in zip(runs, ended, strict=True):
        attempts = {each["name"]: each["attempt"] for each in status["tasks"]}
        print(f"{run.launch.namespace}: {took:.0f} s, attempts {attempts}")
        happened += assert_each_once(run.launch, status)
    print(f"of {len(runs)} runs: {dict(happened)}")
    assert_books(kubectl, places, unsettled_at_most=killings.done["llm-gateway"])
    assert_verified(administrator, tmp_path)


def assert_each_once(launch: Launch, status: Body) -> Counter[str]:
    """Fail unless each task began and ended once an attempt, and each effect is there once.

    Return how often what happened.
    """
    assert {each["name"]: each["phase"] for each in status["tasks"]} == dict.fromkeys(
        TASKS, "Succeeded"
    )
    uid = launch.flow("launch")["metadata"]["uid"]
    events = launch.events(uid)
    tried = {
        (each["name"], number)
        for each in status["tasks"]
        for number in range(1, each["attempt"] + 1)
    }
    began, ended = (
        _attempts(events, "started"),
        _attempts(events, "succeeded", "retrying", "failed"),
    )
    assert began == ended == Counter(tried)
    assert _attempts(events, "succeeded").keys() == {
        (each["name"], each["attempt"]) for each in status["tasks"]
    }
    counted = Counter(each["event_type"] for each in events)
    once = ("workflow.run.requested.v1", "workflow.run.started.v1", "workflow.run.completed.v1")
    for event_type in (*once, "ledger.spend.authorized.v1", "task.message.published.v1"):
        assert counted[event_type] == 1, event_type
    assert not [each for each in counted if ".refused." in each or ".denied." in each], counted
    calls = payloads(events, "task.tool.called.v1")
    assert Counter((each["task"], each["tool"]) for each in calls) == CALLS
    builds = json.loads(launch.run("get", "artifactbuilds", "-o", "json"))["items"]
    (build,) = builds
    made = Counter(each["event_type"] for each in launch.events(build["metadata"]["uid"]))
    assert made["artifact.build.completed.v1"] + made["artifact.build.cache_hit.v1"] == 1
    paid = [each for each in launch.statement() if each.get("merchant")]
    assert [each["amountCents"] for each in paid] == [-4000]
    return Counter({name: counted[event_type] for event_type, name in TOLD.items()})


def _attempts(events: list[Body], *ends: str) -> Counter[tuple[str, int]]:
    types = {f"task.run.{each}.v1" for each in ends}
    said = [each["payload"] for each in events if each["event_type"] in types]
    return Counter((each["task"], each["attempt"]) for each in said)


def assert_books(kubectl: Kubectl, namespaces: list[str], *, unsettled_at_most: int) -> None:
    """Fail unless the ledger is sound and nothing of the runs is held any more.

    A call of a model whose gateway died is settled by nobody: its hold lapses by itself.
    """
    for rule, query in IMBALANCES.items():
        assert ask_ledger(kubectl, f"{query};") == "", rule
    names = "{" + ",".join(namespaces) + "}"
    assert ask_ledger(kubectl, OPEN_BUDGETS, names) == ""
    holds = [json.loads(line) for line in ask_ledger(kubectl, HOLDS, names).splitlines()]
    spent = [each for each in holds if each["kind"] == "Spend"]
    assert {each["namespace"] for each in spent} == set(namespaces)
    assert {(each["state"], each["holds"], each["cents"]) for each in spent} == {
        ("Posted", 1, 4000)
    }
    left = [each for each in holds if each["state"] == "Pending"]
    assert sum(each["holds"] for each in left) <= unsettled_at_most, left


def ask_ledger(kubectl: Kubectl, query: str, names: str = "{}") -> str:
    """Ask the development data plane's Postgres; return its rows as text."""
    pod = ("-n", SYSTEM, "exec", "-i", "venture-postgres-0", "--")
    psql = ("psql", "-U", "postgres", "-d", "venture", "-tA", "-v", f"names={names}")
    return kubectl(*pod, *psql, stdin=query).strip()


def assert_verified(administrator: Person, folder: Path) -> None:
    """Fail unless the whole log can be verified with nothing but its policy."""
    bundle, policy = str(folder / "audit.tar"), str(folder / "log.policy")
    administrator.venture("audit", "policy", "-o", policy)
    administrator.venture("audit", "export", "-o", bundle)
    administrator.venture("audit", "verify", bundle, "--policy", policy)
