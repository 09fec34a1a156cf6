"""What an ArtifactBuild does next: from the document to the artifact."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from buildobservations import (
    KEY,
    NOTHING,
    NOW,
    PREPARED,
    acted,
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
    waiting,
)
from hypothesis import given
from hypothesis import strategies as st
from venture_crds.v1alpha1.artifactbuild import BuildReason, Phase
from venture_crds.v1alpha1.conditions import ConditionType
from venture_operator.domain import retrying
from venture_operator.domain.conditions import is_true
from venture_operator.kinds.artifactbuild.decide import Observed, decide
from venture_operator.kinds.artifactbuild.outcome import JobOutcome, JobSucceeded
from venture_operator.kinds.artifactbuild.plans import (
    DeleteJob,
    Expire,
    Prepared,
    Publish,
    StartJob,
)

if TYPE_CHECKING:
    from venture_operator.kinds.artifactbuild.cacheentry import CacheEntry

OTHER_KEY = "sha256:" + "f" * 64

CHANGED = Prepared(OTHER_KEY, "d" * 64, b"{}", "t")


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
