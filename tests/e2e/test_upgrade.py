"""The chart is upgraded while a launch runs: every service is new, and nothing happens twice."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from chartrelease import Release
from launches import SYSTEM, Launch, payloads
from soaking import profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

type Body = dict[str, Any]

LOGGING = (
    "operator",
    "webhooks",
    "controlPlaneApi",
    "policyEngine",
    "egressProxy",
    "treasuryApi",
    "llmGateway",
    "toolGateway",
    "record",
)
"""Values with a level of the log, which all pods of theirs have in their environment."""
DATA_PLANE = {"nats", "postgres", "s3", "valkey"}


@pytest.fixture
def upgrade(tools: Path, kubeconfig: Path) -> Iterator[Callable[[], None]]:
    """Give what upgrades the release of `make up` to other values; it goes back with the test."""
    release = Release(tools / "helm", kubeconfig, SYSTEM)
    before, called = release.values(), release.description()

    def to(values: Body, *more: str) -> None:
        # Other tests have scaled what is upgraded here.
        done = release.upgrade(values, "--force-conflicts", *more)
        assert done.returncode == 0, done.stdout + done.stderr

    levels = {name: before.get(name, {}) | {"logLevel": "DEBUG"} for name in LOGGING}
    try:
        yield lambda: to(before | levels)
    finally:
        # By its name `make up` knows that there is nothing to do.
        to(before, f"--description={called}")


def pods(kubectl: Callable[..., str]) -> dict[str, set[str]]:
    """Return the uids of the release's running pods by their component."""
    selector = ("-l", "app.kubernetes.io/component,!batch.kubernetes.io/job-name")
    listed = kubectl("-n", SYSTEM, "get", "pods", *selector, "-o", "json")
    found: dict[str, set[str]] = {}
    for each in json.loads(listed)["items"]:
        component = each["metadata"]["labels"]["app.kubernetes.io/component"]
        if component not in DATA_PLANE and "deletionTimestamp" not in each["metadata"]:
            found.setdefault(component, set()).add(each["metadata"]["uid"])
    return found


@pytest.mark.soak
@pytest.mark.skipif(profile() == "short", reason="two upgrades take minutes")
@pytest.mark.timeout(400)
async def test_an_upgrade_in_the_middle_of_a_launch_changes_nothing_of_it(
    kubectl: Callable[..., str], kubeconfig: Path, namespace: str, upgrade: Callable[[], None]
) -> None:
    launch = Launch(kubectl, kubeconfig, namespace)
    launch.prepare()
    before = pods(kubectl)
    uid = launch.submit("launch.yaml")
    await launch.until("launch", lambda status: bool(status.get("tasks")))
    upgrading = asyncio.create_task(asyncio.to_thread(upgrade))
    launch.say(await launch.until_asked("Workflow"), "Approve")
    launch.say(await launch.until_asked("MoneyIntent"), "Approve")
    status = await launch.until_ended("launch")
    await upgrading
    after = pods(kubectl)
    assert after.keys() == before.keys()
    assert [name for name in before if before[name] & after[name]] == []

    assert status["phase"] == "Succeeded", status
    assert launch.spent_cents() == 4000
    events = launch.events(uid)
    counted = Counter(each["event_type"] for each in events)
    assert counted["ledger.spend.authorized.v1"] == 1
    assert counted["task.message.published.v1"] == 1
    assert counted["workflow.run.completed.v1"] == 1
    calls = payloads(events, "task.tool.called.v1")
    assert len({each["callId"] for each in calls}) == len(calls)
    held, settled = (payloads(events, f"ledger.usage.{each}.v1") for each in ("held", "settled"))
    assert sorted(each["holdId"] for each in held) == sorted(each["holdId"] for each in settled)
