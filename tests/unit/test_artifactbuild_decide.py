"""What the operator decides about an ArtifactBuild: one table row per situation, and two laws."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venture_core.artifacts.jobcontract import CompileJobResult, JobArtifact, JobGateResult
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild, ArtifactBuildStatus, Phase
from venture_crds.v1alpha1.conditions import ConditionType
from venture_operator.domain import artifactbuild as domain
from venture_operator.domain.artifactbuild import (
    DeleteJob,
    Observed,
    Plan,
    Publish,
    StartJob,
    decide,
)
from venture_operator.domain.cacheentry import CacheEntry
from venture_operator.domain.conditions import is_true
from venture_operator.domain.jobs import JobFailed, JobOutcome, JobRunning, JobSucceeded

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
UID = "5b3f0d8e-0000-4000-8000-000000000001"
KEY = "sha256:" + "a" * 64
DIGEST = "b" * 64


def build(
    *, spec: dict[str, Any] | None = None, status: ArtifactBuildStatus | None = None
) -> ArtifactBuild:
    body = {
        "apiVersion": "venture.parpour.dev/v1alpha1",
        "kind": "ArtifactBuild",
        "metadata": {"name": "deck", "namespace": "team", "uid": UID, "generation": 1},
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
    return domain.job_name(build(), attempt)


def running(attempt: int = 1, message: str = "") -> JobRunning:
    return JobRunning(name(attempt), KEY, message)


def succeeded(attempt: int = 1) -> JobSucceeded:
    artifact = JobArtifact(sha256=DIGEST, size_bytes=48_213, media_type="application/x")
    result = CompileJobResult(
        artifact=artifact, gates=(JobGateResult(name="contrast", passed=True),), toolchain="t"
    )
    return JobSucceeded(name(attempt), KEY, "c" * 64, NOW, artifact, result)


def failed(reason: str = "PodLost", attempt: int = 1, *, user_error: bool = False) -> JobFailed:
    return JobFailed(name(attempt), reason, "it failed", user_error=user_error)


def started(attempt: int = 1, **spec: Any) -> ArtifactBuild:
    """Return a build whose Job of that attempt is recorded."""
    new = build(spec=spec)
    plan = decide(Observed(new, KEY), NOW)
    assert plan.status is not None
    job = plan.status.job
    assert job is not None
    status = plan.status.model_copy(
        update={"job": job.model_copy(update={"attempt": attempt, "name": name(attempt)})}
    )
    return build(spec=spec, status=status)


def after(plan: Plan, before: ArtifactBuild, **spec: Any) -> ArtifactBuild:
    """Return the build with the plan's status written and the spec changed."""
    assert plan.status is not None
    given = before.spec.to_json() | spec
    return build(spec=given, status=plan.status)


def ready() -> ArtifactBuild:
    return after(decide(Observed(started(), entry=entry(), job=succeeded()), NOW), started())


def condition_of(plan: Plan, kind: str) -> tuple[str, str]:
    assert plan.status is not None
    found = next(each for each in plan.status.conditions if each.type == kind)
    return found.status, found.reason


def test_a_new_build_starts_its_first_job_and_says_so() -> None:
    plan = decide(Observed(build(), KEY), NOW)
    assert plan.actions == (StartJob(1, KEY),)
    assert plan.status is not None
    assert plan.status.phase is Phase.COMPILING
    assert plan.status.job is not None
    assert plan.status.job.name == name(1)
    assert plan.status.started_at == NOW
    assert condition_of(plan, "Reconciling") == ("True", "Compiling")


def test_a_cache_hit_is_ready_without_a_job() -> None:
    plan = decide(Observed(build(), KEY, entry(uid="another")), NOW)
    assert plan.actions == ()
    assert plan.status is not None
    assert plan.status.cache_hit is True
    assert plan.status.job is None
    assert plan.status.size == "47 KiB"
    assert condition_of(plan, "Ready") == ("True", "CacheHit")
    assert condition_of(plan, "Succeeded") == ("True", "CacheHit")


def test_what_was_uploaded_is_published_before_anything_is_reported() -> None:
    plan = decide(Observed(started(), job=succeeded()), NOW)
    (publish,) = plan.actions
    assert isinstance(publish, Publish)
    assert (publish.attempt, publish.cache_key) == (1, KEY)
    assert plan.status is None


def test_a_published_build_is_ready() -> None:
    build_ready = ready()
    assert build_ready.status.phase is Phase.READY
    assert build_ready.status.cache_hit is False
    assert build_ready.status.finished_at == NOW
    assert domain.is_settled(build_ready)
    assert decide(Observed(build_ready), NOW) == Plan()


def test_a_publication_found_after_a_crash_counts_even_when_the_job_is_gone() -> None:
    plan = decide(Observed(started(), KEY, entry()), NOW)
    assert condition_of(plan, "Ready") == ("True", "Built")


def test_a_job_that_was_created_but_not_recorded_is_adopted_with_its_input() -> None:
    plan = decide(Observed(build(), job=running()), NOW)
    assert plan.actions == (StartJob(1, KEY),)
    assert plan.status is not None
    assert plan.status.job is not None
    assert plan.status.job.attempt == 1


def test_a_running_job_shows_what_it_waits_for() -> None:
    plan = decide(Observed(started(), job=running(message="ImagePullBackOff: no such image")), NOW)
    assert plan.actions == ()
    assert plan.status is not None
    assert plan.status.conditions[0].message == "ImagePullBackOff: no such image"


@pytest.mark.parametrize(
    ("reason", "attempts"), [("OutOfMemory", 2), ("Timeout", 2), ("PodLost", 4), ("Unheard", 4)]
)
def test_retries_are_bounded_per_reason(reason: str, attempts: int) -> None:
    current, now = started(), NOW
    for attempt in range(1, attempts):
        plan = decide(Observed(current, job=failed(reason, attempt)), now)
        assert plan.actions == (DeleteJob(name(attempt)),)
        assert condition_of(plan, "Reconciling") == ("True", reason)
        current = after(plan, current)
        assert current.status.retry_at is not None
        waiting = decide(Observed(current, KEY), now)
        assert waiting.status is None
        assert waiting.requeue_after_seconds is not None
        assert waiting.requeue_after_seconds > 0
        now = current.status.retry_at
        again = decide(Observed(current, KEY), now)
        assert again.actions == (StartJob(attempt + 1, KEY),)
        current = after(again, current)

    plan = decide(Observed(current, job=failed(reason, attempts)), now)
    assert plan.actions == ()
    assert condition_of(plan, "Stalled") == ("True", reason)
    assert condition_of(plan, "Reconciling")[0] == "False"
    assert decide(Observed(after(plan, current)), now) == Plan()


def test_a_user_error_is_not_retried() -> None:
    plan = decide(Observed(started(), job=failed("GateFailed", user_error=True)), NOW)
    assert condition_of(plan, "Stalled") == ("True", "GateFailed")
    assert plan.status is not None
    assert plan.status.conditions[1].message == "it failed"


def test_a_recorded_job_that_is_gone_counts_as_a_failure() -> None:
    plan = decide(Observed(started(), KEY), NOW)
    assert plan.actions == (DeleteJob(name(1)),)
    assert condition_of(plan, "Reconciling") == ("True", "JobDeleted")


def test_suspending_stops_the_job_and_resuming_takes_the_next_name() -> None:
    held = build(spec={"suspend": True}, status=started().status)
    plan = decide(Observed(held, job=running()), NOW)
    assert plan.actions == (DeleteJob(name(1)),)
    suspended = after(plan, held)
    assert suspended.status.phase is Phase.SUSPENDED
    assert decide(Observed(suspended), NOW).status == suspended.status

    resumed = after(plan, held, suspend=False)
    plan = decide(Observed(resumed, KEY), NOW)
    assert plan.actions == (StartJob(2, KEY),)
    assert plan.status is not None
    assert plan.status.failures == 0


def test_a_build_created_suspended_starts_nothing() -> None:
    assert decide(Observed(build(spec={"suspend": True})), NOW).actions == ()


def test_suspending_a_finished_build_only_moves_the_generation() -> None:
    done = ready()
    newer = done.model_copy(
        update={
            "metadata": done.metadata.model_copy(update={"generation": 2}),
            "spec": done.spec.model_copy(update={"suspend": True}),
        }
    )
    plan = decide(Observed(newer), NOW + timedelta(hours=1))
    assert plan.actions == ()
    assert plan.status is not None
    assert plan.status.observed_generation == 2
    assert plan.status.phase is Phase.READY
    assert plan.status.finished_at == NOW


def test_retry_builds_anew_past_the_cache_with_a_fresh_count() -> None:
    done = ready()
    asked = build(spec={"retry": "x"}, status=done.status.model_copy(update={"failures": 2}))
    plan = decide(Observed(asked, KEY, entry()), NOW)
    assert plan.actions == (StartJob(2, KEY),)
    again = after(plan, asked)
    assert again.status.failures == 0
    assert again.status.handled_retry == "x"
    assert again.status.finished_at is None

    plan = decide(Observed(again, entry=entry(attempt=1), job=succeeded(2)), NOW)
    assert isinstance(plan.actions[0], Publish)
    plan = decide(Observed(again, entry=entry(attempt=2), job=succeeded(2)), NOW)
    assert condition_of(plan, "Ready") == ("True", "Built")


def test_a_stalled_build_comes_back_with_retry() -> None:
    plan = decide(Observed(started(), job=failed("GateFailed", user_error=True)), NOW)
    asked = after(plan, started(), retry="now")
    assert decide(Observed(asked, KEY), NOW).actions == (StartJob(2, KEY),)


def test_transition_times_move_only_when_the_truth_does() -> None:
    later = NOW + timedelta(minutes=5)
    plan = decide(Observed(started(), job=running(message="waiting")), later)
    assert plan.status is not None
    assert {each.last_transition_time for each in plan.status.conditions} == {NOW}


outcomes = st.one_of(
    st.none(),
    st.builds(lambda message: running(message=message), st.sampled_from(["", "Unschedulable"])),
    st.just(succeeded()),
    st.builds(
        lambda reason, user: failed(reason, user_error=user),
        st.sampled_from(["OutOfMemory", "Timeout", "PodLost", "GateFailed"]),
        st.booleans(),
    ),
)
entries = st.one_of(st.none(), st.just(entry()), st.just(entry(uid="another")))
specs = st.fixed_dictionaries({"suspend": st.booleans(), "retry": st.sampled_from(["", "x", "y"])})


@given(st.lists(st.tuples(specs, outcomes, entries, st.integers(0, 300)), max_size=12))
def test_whatever_is_observed_the_status_stays_lawful(
    story: list[tuple[dict[str, Any], JobOutcome | None, CacheEntry | None, int]],
) -> None:
    """kstatus never sees Reconciling and Stalled together, and deciding twice changes nothing."""
    current, now = build(), NOW
    for spec, outcome, found, seconds in story:
        now += timedelta(seconds=seconds)
        current = build(spec=spec, status=current.status)
        attempt = domain.current_attempt(current)
        job = replace(outcome, name=name(attempt)) if outcome is not None else None
        observed = Observed(current, KEY, found, job)
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
        current = build(spec=spec, status=plan.status)
