"""What an ArtifactBuild does next when somebody suspends, resumes or retries it."""

from datetime import timedelta
from typing import Any

import pytest
from buildobservations import (
    NOW,
    PREPARED,
    acted,
    after,
    build,
    condition_of,
    entry,
    failed,
    name,
    publication,
    ready,
    running,
    started,
    succeeded,
    types,
)
from venture_crds.v1alpha1.artifactbuild import BuildReason, Phase
from venture_operator.kinds.artifactbuild.decide import Observed, decide
from venture_operator.kinds.artifactbuild.plans import (
    DeleteJob,
    StartJob,
    stalled_plan,
    waiting_plan,
)


def test_suspending_stops_the_job_and_resuming_takes_the_next_name() -> None:
    held = build(spec={"suspend": True}, status=started().status)
    plan = decide(Observed(held, job=running()), NOW)
    assert plan.actions == (DeleteJob(name(1)),)
    assert types(plan) == ["suspended.v1"]
    suspended = after(plan, held)
    assert suspended.status.phase is Phase.SUSPENDED
    again = decide(Observed(suspended), NOW)
    assert again.facts == again.actions == ()
    assert again.status == suspended.status

    resumed = after(plan, held, suspend=False)
    plan = decide(Observed(resumed, PREPARED), NOW)
    assert types(plan) == ["resumed.v1"]
    assert plan.actions == (StartJob(2, PREPARED),)
    assert plan.status is not None
    assert plan.status.failures == 0
    assert not plan.status.suspended


def test_a_kill_ends_the_job_and_the_next_attempt_gets_a_name_of_its_own() -> None:
    plan = decide(Observed(started(), job=running(), killed="Freeze stop holds"), NOW)
    assert plan.actions == (DeleteJob(name(1)),)
    assert condition_of(plan, "Reconciling") == ("True", "Frozen")
    lifted = after(plan, started())
    assert decide(Observed(lifted, PREPARED), NOW).actions == (StartJob(2, PREPARED),)


@pytest.mark.parametrize("way", [waiting_plan, stalled_plan])
def test_a_resumption_is_told_whatever_is_in_the_way(way: Any) -> None:
    held = build(spec={"suspend": True})
    resumed = after(decide(Observed(held), NOW), held, suspend=False)
    more = {"after_seconds": 5.0} if way is waiting_plan else {}
    plan = way(resumed, "SourceNotFound", "not there yet", NOW, **more)
    assert types(plan)[0] == "resumed.v1"
    assert plan.status.suspended is False


def test_after_a_resumption_during_backoff_the_conditions_are_of_that_generation() -> None:
    backing_off = after(decide(Observed(started(), job=failed()), NOW), started())
    held = build(spec={"suspend": True}, status=backing_off.status, generation=2)
    plan = decide(Observed(held), NOW)
    resumed = build(status=acted(plan), generation=3)
    plan = decide(Observed(resumed), NOW + timedelta(seconds=1))
    assert condition_of(plan, "Reconciling") == ("True", "Retrying")
    assert plan.status is not None
    assert plan.status.observed_generation == 3
    assert plan.status.phase is Phase.PENDING
    assert types(plan) == ["resumed.v1"]


def test_a_build_created_suspended_starts_nothing() -> None:
    assert decide(Observed(build(spec={"suspend": True})), NOW).actions == ()


def test_suspending_a_finished_build_only_moves_the_generation() -> None:
    done = ready()
    newer = build(spec={"suspend": True}, status=done.status, generation=2)
    plan = decide(Observed(newer), NOW + timedelta(hours=1))
    assert plan.actions == ()
    assert plan.status is not None
    assert plan.status.observed_generation == 2
    assert plan.status.phase is Phase.READY
    assert plan.status.finished_at == NOW


def test_retry_builds_anew_past_the_cache_with_a_fresh_count() -> None:
    done = ready()
    asked = build(spec={"retry": "x"}, status=done.status.model_copy(update={"failures": 2}))
    plan = decide(Observed(asked, PREPARED, entry()), NOW)
    assert plan.actions == (StartJob(2, PREPARED),)
    again = after(plan, asked)
    assert again.status.failures == 0
    assert again.status.handled_retry == "x"
    assert again.status.finished_at is None

    second = Observed(again, job=succeeded(2), publication=publication(2))
    assert condition_of(decide(second, NOW), "Ready") == ("True", "Built")


def test_asking_x_then_y_then_x_again_are_three_requests() -> None:
    facts = []
    current = ready()
    for number, word in enumerate(("x", "y", "x"), start=2):
        asked = build(spec={"retry": word}, status=current.status, generation=number)
        plan = decide(Observed(asked, PREPARED), NOW)
        facts += plan.facts
        working = build(spec={"retry": word}, status=acted(plan), generation=number)
        done = decide(
            Observed(working, job=succeeded(number), publication=publication(number)), NOW
        )
        current = build(spec={"retry": word}, status=acted(done), generation=number)
    assert len({fact.payload for fact in facts}) == 3


def test_a_stalled_build_comes_back_with_retry() -> None:
    plan = decide(Observed(started(), job=failed(BuildReason.GATE_FAILED)), NOW)
    asked = after(plan, started(), retry="now")
    assert decide(Observed(asked, PREPARED), NOW).actions == (StartJob(2, PREPARED),)
