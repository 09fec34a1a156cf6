"""The story on a real cluster: a launch from research to a receipt, one denied, one frozen."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from launches import Launch, payloads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TASKS = ("research", "deck", "brief", "review", "pay", "place")
NO_MORE = {"Queued", "Blocked"}


@pytest.fixture
def launch(kubectl: Callable[..., str], kubeconfig: Path, namespace: str) -> Launch:
    """Return a namespace that is ready for a launch."""
    made = Launch(kubectl, kubeconfig, namespace)
    made.prepare()
    return made


@pytest.mark.timeout(300)
async def test_a_launch_runs_to_its_receipt_and_does_each_thing_once(launch: Launch) -> None:
    uid = launch.submit("launch.yaml")
    launch.say(await launch.until_asked("Workflow"), "Approve")
    launch.say(await launch.until_asked("MoneyIntent"), "Approve")
    status = await launch.until_ended("launch")
    conditions = {each["type"]: each["status"] for each in status["conditions"]}
    assert (status["phase"], conditions["Succeeded"]) == ("Succeeded", "True"), status
    tasks = {each["name"]: each for each in status["tasks"]}
    assert {name: each["phase"] for name, each in tasks.items()} == dict.fromkeys(
        TASKS, "Succeeded"
    )
    assert tasks["place"]["output"]["spentCents"] == 4000

    # The ledger, which nobody but the treasury writes, says the same.
    assert launch.spent_cents() == 4000
    events = launch.events(uid)
    counted = Counter(each["event_type"] for each in events)
    started = [each["task"] for each in payloads(events, "task.run.started.v1")]
    assert sorted(started) == sorted(TASKS)
    assert counted["ledger.spend.authorized.v1"] == 1
    assert counted["task.message.published.v1"] == 1
    assert counted["ledger.spend.refused.v1"] == counted["task.tool.refused.v1"] == 0
    calls = payloads(events, "task.tool.called.v1")
    assert len({each["callId"] for each in calls}) == len(calls)
    connections = payloads(events, "policy.connection.closed.v1")
    assert [each["allowed"] for each in connections] == [True] * 3
    held, settled = (payloads(events, f"ledger.usage.{each}.v1") for each in ("held", "settled"))
    assert {each["holdId"] for each in held} == {each["holdId"] for each in settled}
    assert all(0 < each["settledMicros"] <= each["heldMicros"] for each in settled)


@pytest.mark.timeout(300)
async def test_one_that_is_denied_spends_nothing(launch: Launch) -> None:
    uid = launch.submit("launch.yaml")
    launch.say(await launch.until_asked("Workflow"), "Deny")
    status = await launch.until_ended("launch")
    assert status["phase"] == "Failed"
    phases = launch.phases("launch")
    assert phases["review"] == "Failed"
    assert {phases["pay"], phases["place"]} <= NO_MORE
    assert launch.spent_cents() == 0
    assert not payloads(launch.events(uid), "ledger.spend.authorized.v1")


@pytest.mark.timeout(300)
async def test_one_that_is_frozen_in_the_middle_goes_on_when_it_is_thawed(launch: Launch) -> None:
    launch.submit("launch.yaml")
    asked = await launch.until_asked("Workflow")
    launch.venture("freeze", "-m", "somebody pays a merchant that nobody knows")
    try:
        launch.say(asked, "Approve")
        await launch.until(
            "launch",
            lambda status: any(
                each["name"] == "review" and each["phase"] == "Succeeded"
                for each in status["tasks"]
            ),
        )
        # What was approved before counts; what would follow does not start.
        assert launch.phases("launch")["pay"] == "Queued"
    finally:
        launch.venture("thaw", launch.namespace, "-m", "the merchant is known after all")
    launch.say(await launch.until_asked("MoneyIntent"), "Approve")
    assert (await launch.until_ended("launch"))["phase"] == "Succeeded"
    assert launch.spent_cents() == 4000
