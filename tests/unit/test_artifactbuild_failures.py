"""What an ArtifactBuild does next when its Job waits, fails or disappears."""

from dataclasses import replace
from datetime import timedelta

import pytest
from buildobservations import (
    NOTHING,
    NOW,
    PREPARED,
    after,
    condition_of,
    failed,
    name,
    running,
    started,
    waiting,
)
from venture_crds.v1alpha1.artifactbuild import BuildReason
from venture_operator.kinds.artifactbuild.decide import Observed, decide
from venture_operator.kinds.artifactbuild.plans import WAITING_LIMIT, DeleteJob, StartJob


def test_a_waiting_pod_says_what_it_waits_for_and_that_time_does_not_count() -> None:
    plan = decide(Observed(started(), job=waiting(message="ErrImagePull: no such image")), NOW)
    assert plan.actions == ()
    assert plan.status is not None
    assert condition_of(plan, "Reconciling") == ("True", "WaitingForPod")
    assert plan.status.conditions[0].message == "ErrImagePull: no such image"
    assert plan.requeue_after_seconds == WAITING_LIMIT.total_seconds()

    alone = replace(waiting(), has_pod=False)
    assert decide(Observed(started(), job=alone), NOW).requeue_after_seconds == 5

    late = NOW + timedelta(minutes=14)
    running_late = decide(Observed(started(timeoutSeconds=10), job=running(since=late)), late)
    assert condition_of(running_late, "Reconciling") == ("True", "Compiling")
    assert running_late.requeue_after_seconds == 10


def test_a_pod_that_waited_too_long_gets_new_urls_and_no_failure_is_counted() -> None:
    late = NOW + WAITING_LIMIT
    plan = decide(Observed(started(), job=waiting(message="Unschedulable: no room")), late)
    assert plan.actions == (DeleteJob(name(1)),)
    assert condition_of(plan, "Reconciling") == ("True", "WaitingForPod")
    assert plan.status is not None
    assert plan.status.failures == 0
    again = decide(Observed(after(plan, started()), PREPARED), late + timedelta(seconds=5))
    assert again.actions == (StartJob(2, PREPARED),)


def test_what_only_the_platform_can_mend_is_tried_for_ever() -> None:
    current, now = started(), NOW
    for attempt in range(1, 12):
        failure = replace(failed(BuildReason.TOOLCHAIN_MISMATCH, attempt), at=now)
        plan = decide(Observed(current, job=failure), now)
        assert condition_of(plan, "Reconciling") == ("True", "ToolchainMismatch")
        current, now = after(plan, current), now + timedelta(seconds=120)
        current = after(decide(Observed(current, PREPARED), now), current)
    assert current.status.failures == 0


def test_a_job_that_runs_too_long_is_ended() -> None:
    late = NOW + timedelta(seconds=300)
    plan = decide(Observed(started(), job=running()), late)
    assert plan.actions == (DeleteJob(name(1)),)
    assert condition_of(plan, "Reconciling") == ("True", "Timeout")
    soon = late + timedelta(seconds=5)
    second = after(decide(Observed(after(plan, started()), PREPARED), soon), started())
    plan = decide(Observed(second, job=running(2)), soon)
    assert plan.actions == (DeleteJob(name(2)),)
    assert condition_of(plan, "Stalled") == ("True", "Timeout")


@pytest.mark.parametrize(
    ("reason", "attempts"),
    [
        (BuildReason.OUT_OF_MEMORY, 2),
        (BuildReason.TIMEOUT, 2),
        (BuildReason.POD_LOST, 4),
        (BuildReason.COMPILER_CRASHED, 4),
    ],
)
def test_retries_are_bounded_per_reason(reason: BuildReason, attempts: int) -> None:
    current, now = started(), NOW
    for attempt in range(1, attempts):
        plan = decide(Observed(current, job=replace(failed(reason, attempt), at=now)), now)
        assert plan.actions == (DeleteJob(name(attempt)),)
        assert condition_of(plan, "Reconciling") == ("True", reason)
        current = after(plan, current)
        assert current.status.retry_at is not None
        early = decide(Observed(current), now)
        assert early.status is None
        assert early.requeue_after_seconds is not None
        assert early.requeue_after_seconds > 0
        now = current.status.retry_at
        again = decide(Observed(current, PREPARED), now)
        assert again.actions == (StartJob(attempt + 1, PREPARED),)
        current = after(again, current)

    plan = decide(Observed(current, job=failed(reason, attempts)), now)
    assert condition_of(plan, "Stalled") == ("True", reason)
    assert condition_of(plan, "Reconciling")[0] == "False"
    assert decide(Observed(after(plan, current)), now) == NOTHING


def test_a_failure_that_is_told_twice_is_the_same_fact() -> None:
    first = decide(Observed(started(), job=failed()), NOW + timedelta(seconds=1))
    again = decide(Observed(started(), job=failed()), NOW + timedelta(seconds=9))
    assert first.facts == again.facts


def test_a_user_error_is_not_retried() -> None:
    plan = decide(Observed(started(), job=failed(BuildReason.GATE_FAILED)), NOW)
    assert condition_of(plan, "Stalled") == ("True", "GateFailed")
    assert plan.status is not None
    assert plan.status.conditions[1].message == "it failed"


def test_a_known_job_that_is_gone_counts_as_a_failure() -> None:
    plan = decide(Observed(started()), NOW)
    assert plan.actions == (DeleteJob(name(1)),)
    assert condition_of(plan, "Reconciling") == ("True", "JobDeleted")
