"""What the operator decides about an ArtifactBuild: one table row per situation, and two laws."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venture_core.artifacts.jobcontract import CompileJobResult, JobArtifact, JobGateResult
from venture_crds.v1alpha1.artifactbuild import (
    ArtifactBuild,
    ArtifactBuildStatus,
    BuildReason,
    Phase,
)
from venture_crds.v1alpha1.conditions import ConditionType
from venture_operator.domain import plan as plans
from venture_operator.domain import retrying
from venture_operator.domain.conditions import is_true
from venture_operator.kinds.artifactbuild.cacheentry import CacheEntry
from venture_operator.kinds.artifactbuild.decide import Observed, decide
from venture_operator.kinds.artifactbuild.outcome import (
    JobFailed,
    JobOutcome,
    JobRunning,
    JobSucceeded,
    JobWaiting,
)
from venture_operator.kinds.artifactbuild.plans import (
    WAITING_LIMIT,
    DeleteJob,
    Expire,
    Plan,
    Prepared,
    Publication,
    Publish,
    StartJob,
    job_name,
    stalled_plan,
    waiting_plan,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
UID = "5b3f0d8e-0000-4000-8000-000000000001"
KEY = "sha256:" + "a" * 64
OTHER_KEY = "sha256:" + "f" * 64
DIGEST = "b" * 64
PREPARED = Prepared(KEY, "c" * 64, b"{}")
CHANGED = Prepared(OTHER_KEY, "d" * 64, b"{}")
NOTHING: Plan = plans.Plan()


def build(
    *,
    spec: dict[str, Any] | None = None,
    status: ArtifactBuildStatus | None = None,
    generation: int = 1,
) -> ArtifactBuild:
    body = {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "ArtifactBuild",
        "metadata": {"name": "deck", "namespace": "team", "uid": UID, "generation": generation},
        "spec": {"target": "Pptx", "source": {"inline": {}}} | (spec or {}),
    }
    parsed = ArtifactBuild.model_validate(body)
    return parsed if status is None else parsed.model_copy(update={"status": status})


def entry(*, uid: str = UID, attempt: int = 1) -> CacheEntry:
    return CacheEntry(
        cache_key=KEY,
        uri=f"s3://b/artifacts/sha256/{DIGEST}/artifact",
        sha256=DIGEST,
        size_bytes=48_213,
        media_type="application/x",
        gates=(),
        provenance_uri="s3://b/p",
        provenance_sha256=DIGEST,
        key_id="k",
        built_by_uid=uid,
        attempt=attempt,
    )


def name(attempt: int) -> str:
    return job_name(build(), attempt)


def uid(attempt: int) -> str:
    return f"job-{attempt}"


def running(attempt: int = 1, since: datetime = NOW) -> JobRunning:
    return JobRunning(name(attempt), uid(attempt), since)


def waiting(attempt: int = 1, message: str = "") -> JobWaiting:
    return JobWaiting(name(attempt), uid(attempt), NOW, message)


def succeeded(attempt: int = 1) -> JobSucceeded:
    artifact = JobArtifact(sha256=DIGEST, size_bytes=48_213, media_type="application/x")
    result = CompileJobResult(
        artifact=artifact, gates=(JobGateResult(name="contrast", passed=True),), toolchain="t"
    )
    return JobSucceeded(name(attempt), uid(attempt), NOW, artifact, result)


def publication(attempt: int = 1) -> Publication:
    return Publication(attempt, entry(attempt=attempt), b"signed")


def failed(reason: BuildReason = BuildReason.POD_LOST, attempt: int = 1) -> JobFailed:
    return JobFailed(name(attempt), reason, "it failed", NOW)


def acted(plan: Plan) -> ArtifactBuildStatus:
    """Return the plan's status as it is once a Job it starts was created."""
    assert plan.status is not None
    job = plan.status.job
    if any(isinstance(action, StartJob) for action in plan.actions):
        assert job is not None
        job = job.model_copy(update={"uid": uid(job.attempt)})
    return plan.status.model_copy(update={"job": job})


def started(**spec: Any) -> ArtifactBuild:
    """Return a build whose first Job is known by its uid."""
    return build(spec=spec, status=acted(decide(Observed(build(spec=spec), PREPARED), NOW)))


def after(plan: Plan, before: ArtifactBuild, **spec: Any) -> ArtifactBuild:
    """Return the build with the plan's status written and the spec changed."""
    return build(spec=before.spec.to_json() | spec, status=acted(plan))


def ready(**spec: Any) -> ArtifactBuild:
    given = started(**spec)
    return after(decide(Observed(given, job=succeeded(), publication=publication()), NOW), given)


def condition_of(plan: Plan, kind: str) -> tuple[str, str]:
    assert plan.status is not None
    found = next(each for each in plan.status.conditions if each.type == kind)
    return found.status, found.reason


def types(plan: Plan) -> list[str]:
    return [fact.event_type.removeprefix("artifact.build.") for fact in plan.facts]


def test_a_new_build_pins_what_it_compiles_then_starts_its_first_job() -> None:
    plan = decide(Observed(build(), PREPARED), NOW)
    assert plan.actions == (StartJob(1, PREPARED),)
    assert plan.intent is not None
    assert plan.intent.job is not None
    assert (plan.intent.job.name, plan.intent.job.uid) == (name(1), "")
    assert (plan.intent.cache_key, plan.intent.document_sha256) == (KEY, "c" * 64)
    assert plan.intent.phase is Phase.COMPILING
    assert plan.intent.started_at == NOW
    assert condition_of(plan, "Reconciling") == ("True", "Compiling")
    assert types(plan) == ["requested.v1"]


def test_a_pin_that_was_written_before_a_crash_is_not_told_again() -> None:
    first = decide(Observed(build(), PREPARED), NOW)
    pinned = build(status=first.intent)
    again = decide(Observed(pinned, PREPARED), NOW)
    assert (again.facts, again.intent) == ((), None)
    assert again.actions == first.actions


def test_another_document_before_the_job_is_another_request_and_another_pin() -> None:
    """A Job refused by a quota, then a changed ConfigMap: the log must not say the old document."""
    first = decide(Observed(build(), PREPARED), NOW)
    plan = decide(Observed(build(status=first.intent), CHANGED), NOW)
    assert types(plan) == ["requested.v1"]
    assert plan.facts[0].payload.model_dump()["cache_key"] == OTHER_KEY
    assert plan.intent is not None
    assert plan.intent.cache_key == OTHER_KEY
    assert plan.actions == (StartJob(1, CHANGED),)


def test_another_document_after_the_job_ends_that_attempt() -> None:
    pinned = build(status=decide(Observed(build(), PREPARED), NOW).intent)
    plan = decide(Observed(pinned, CHANGED, job=waiting()), NOW)
    assert plan.actions == (DeleteJob(name(1)),)
    assert condition_of(plan, "Reconciling") == ("True", "SourceChanged")
    assert types(plan) == ["retrying.v1"]


def test_a_cache_hit_is_ready_without_a_job() -> None:
    plan = decide(Observed(build(), PREPARED, entry(uid="another")), NOW)
    assert plan.actions == ()
    assert plan.status is not None
    assert plan.status.cache_hit is True
    assert plan.status.job is None
    assert plan.status.size == "47 KiB"
    assert condition_of(plan, "Ready") == ("True", "CacheHit")
    assert condition_of(plan, "Succeeded") == ("True", "CacheHit")


def test_an_artifact_is_recorded_before_it_is_published() -> None:
    plan = decide(Observed(started(), job=succeeded(), publication=publication()), NOW)
    assert types(plan) == ["gates.v1", "completed.v1"]
    assert plan.actions == (Publish(publication()),)
    assert condition_of(plan, "Ready") == ("True", "Built")


def test_a_published_build_is_ready() -> None:
    build_ready = ready()
    assert build_ready.status.phase is Phase.READY
    assert build_ready.status.cache_hit is False
    assert build_ready.status.finished_at == NOW
    assert retrying.is_settled(build_ready)
    assert decide(Observed(build_ready), NOW) == NOTHING


def test_a_publication_found_after_a_crash_counts_even_when_the_job_is_gone() -> None:
    plan = decide(Observed(started(), entry=entry()), NOW)
    assert condition_of(plan, "Ready") == ("True", "Built")


def test_a_job_that_was_created_but_not_recorded_is_adopted_with_its_input() -> None:
    pinned = build(status=decide(Observed(build(), PREPARED), NOW).intent)
    plan = decide(Observed(pinned, PREPARED, job=waiting()), NOW)
    assert plan.actions == (StartJob(1, PREPARED),)
    assert plan.facts == ()


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


@pytest.mark.parametrize(("ttl", "default"), [(60, None), (60, 5), (None, 60)])
def test_a_finished_build_goes_when_its_time_is_over(ttl: int | None, default: int | None) -> None:
    spec = {} if ttl is None else {"ttlSecondsAfterFinished": ttl}
    done = ready(**spec)
    ending = Observed(
        started(**spec), job=succeeded(), publication=publication(), default_ttl_seconds=default
    )
    assert decide(ending, NOW).requeue_after_seconds == 60
    early = decide(Observed(done, default_ttl_seconds=default), NOW + timedelta(seconds=59))
    assert (early.actions, early.requeue_after_seconds) == ((), 1)
    due = decide(Observed(done, default_ttl_seconds=default), NOW + timedelta(seconds=60))
    assert due.actions == (Expire(),)


def test_transition_times_move_only_when_the_truth_does() -> None:
    later = NOW + timedelta(minutes=5)
    plan = decide(Observed(started(), job=waiting(message="waiting")), later)
    assert plan.status is not None
    assert {each.last_transition_time for each in plan.status.conditions} == {NOW}


outcomes = st.one_of(
    st.none(),
    st.builds(lambda message: waiting(message=message), st.sampled_from(["", "Unschedulable"])),
    st.just(running()),
    st.just(succeeded()),
    st.builds(failed, st.sampled_from(list(BuildReason)[8:])),
)
entries = st.one_of(st.none(), st.just(entry()), st.just(entry(uid="another")))
specs = st.fixed_dictionaries({"suspend": st.booleans(), "retry": st.sampled_from(["", "x", "y"])})


@given(
    st.lists(
        st.tuples(
            specs, outcomes, entries, st.sampled_from([PREPARED, CHANGED]), st.integers(0, 300)
        ),
        max_size=12,
    )
)
def test_whatever_is_observed_the_status_stays_lawful(
    story: list[tuple[dict[str, Any], JobOutcome | None, CacheEntry | None, Prepared, int]],
) -> None:
    """kstatus never sees Reconciling and Stalled together, and deciding twice changes nothing."""
    current, now = build(), NOW
    for spec, outcome, found, prepared, seconds in story:
        now += timedelta(seconds=seconds)
        current = build(spec=spec, status=current.status)
        attempt = retrying.current_attempt(current)
        job = replace(outcome, name=name(attempt)) if outcome is not None else None
        published = publication(attempt) if isinstance(job, JobSucceeded) else None
        observed = Observed(current, prepared, found, job, published)
        plan = decide(observed, now)
        assert decide(observed, now) == plan
        if plan.status is None:
            continue
        conditions = plan.status.conditions
        assert {each.type for each in conditions} == set(ConditionType)
        reconciling = is_true(conditions, ConditionType.RECONCILING)
        assert not (reconciling and is_true(conditions, ConditionType.STALLED))
        assert plan.status.artifact or not is_true(conditions, ConditionType.READY)
        last = current.status.job.attempt if current.status.job else 0
        assert last <= (plan.status.job.attempt if plan.status.job else last) <= last + 1
        current = build(spec=spec, status=acted(plan))
