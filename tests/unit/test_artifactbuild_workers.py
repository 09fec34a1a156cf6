"""Which builds may be given to a Job that was started ahead, and what is decided about them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from buildobservations import (
    KEY,
    NOW,
    PREPARED,
    UID,
    acted,
    build,
    failed,
    name,
    running,
    started,
    succeeded,
    types,
)
from policybundles import bundle
from venture_core.artifacts.documents import DOCUMENTS
from venture_core.artifacts.targets import TARGETS, target_named
from venture_core.artifacts.warming import SAMPLES, is_warm, warm_up
from venture_core.policy.admission import may_be_warm
from venture_core.policy.compile import compile_bundle
from venture_core.policy.governing import BundleName, Governing, Known
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild, ArtifactBuildStatus
from venture_crds.v1alpha1.policybundle import BundleState
from venture_operator.builders.job import PodSettings
from venture_operator.domain.podoutcome import Ended, Running, Waiting
from venture_operator.domain.references import Reference
from venture_operator.kinds.artifactbuild import workers
from venture_operator.kinds.artifactbuild.compilejob import compile_job
from venture_operator.kinds.artifactbuild.decide import Observed, decide
from venture_operator.kinds.artifactbuild.outcome import JobRunning
from venture_operator.kinds.artifactbuild.plans import StartJob, in_worker

WARM = replace(PREPARED, warm=True)
OWNER = Reference("ArtifactBuild", "team", "deck", UID)
POD = workers.of_that_make(PodSettings(image="compiler:1"))


def worker(**labels: str) -> dict[str, Any]:
    """Return a Job that was started ahead, as the API server has it."""
    job = compile_job(None, name="warm-1", namespace="work", deadline_seconds=60, pod=POD)
    job["metadata"]["labels"] |= labels
    job["metadata"] |= {"uid": "job-1", "creationTimestamp": NOW.isoformat()}
    return job


def in_a_worker() -> ArtifactBuild:
    """Return a build whose attempt is pinned to a Job that waits, which it has not claimed yet."""
    plan = in_worker(decide(Observed(build(), WARM), NOW), "warm-1")
    assert plan.intent is not None
    return build(status=plan.intent)


@pytest.mark.parametrize(
    ("spec", "changed", "failures", "may"),
    [
        ({}, {}, 0, True),
        ({}, {"document": b" " * workers.DOCUMENT_MAX_BYTES}, 0, True),
        ({}, {"document": b" " * (workers.DOCUMENT_MAX_BYTES + 1)}, 0, False),
        ({}, {"warm": False}, 0, False),
        ({}, {}, 1, False),
        ({"assets": [{"name": "a", "objectRef": {"key": "k", "sha256": "0" * 64}}]}, {}, 0, False),
    ],
)
def test_what_is_large_brings_files_or_has_failed_gets_a_job_of_its_own(
    spec: dict[str, Any], changed: dict[str, Any], failures: int, *, may: bool
) -> None:
    asked = build(spec=spec, status=ArtifactBuildStatus(failures=failures))
    assert workers.suits(asked, replace(WARM, **changed)) is may


def test_what_native_programs_lay_out_gets_a_job_of_its_own() -> None:
    warm = {(each.name, kind) for each in TARGETS for kind in DOCUMENTS if is_warm(each, kind)}
    assert ("Pdf", "HtmlSpec") not in warm
    assert ("Pdf", "DocSpec") not in warm
    assert {kind for _, kind in warm} == set(SAMPLES)
    assert is_warm(target_named("Pptx"), "SlideSpec")
    assert not is_warm(target_named("Pptx"), "ReportSpec")


def test_every_sample_compiles() -> None:
    assert list(warm_up()) == []


def test_a_job_waits_until_a_build_claims_it() -> None:
    waits = worker()
    assert workers.waits(waits)
    assert not workers.belongs_to(waits, UID, 1)
    claimed = worker(**workers.claim(OWNER, 1, NOW))
    assert not workers.waits(claimed)
    assert workers.belongs_to(claimed, UID, 1)
    assert not workers.belongs_to(claimed, UID, 2)
    assert not workers.belongs_to(claimed, "another", 1)
    going = worker()
    going["metadata"]["deletionTimestamp"] = NOW.isoformat()
    assert not workers.waits(going)


def test_a_job_that_soon_ends_or_is_of_another_image_is_given_nothing() -> None:
    waits = worker()
    last = NOW + workers.WAITS_FOR - workers.NOT_CLAIMED_WITHIN
    assert workers.has_time(waits, last - timedelta(seconds=1))
    assert not workers.has_time(waits, last)
    assert workers.is_of(waits, workers.make_of(PodSettings(image="compiler:1")))
    assert not workers.is_of(waits, workers.make_of(PodSettings(image="compiler:2")))


def test_the_time_of_a_build_begins_when_it_gets_the_job() -> None:
    claimed = worker(**workers.claim(OWNER, 1, NOW))
    before = NOW - timedelta(minutes=5)
    assert workers.since_claimed(claimed, Running(before)) == Running(NOW)
    assert workers.since_claimed(claimed, Waiting(before, "", has_pod=True)).since == NOW  # type: ignore[union-attr]
    assert workers.since_claimed(claimed, Ended(0, "", before)) == Ended(0, "", before)
    assert workers.since_claimed(worker(), Running(before)) == Running(before)


def test_the_job_is_pinned_before_it_is_claimed() -> None:
    plan = in_worker(decide(Observed(build(), WARM), NOW), "warm-1")
    assert plan.actions == (StartJob(1, WARM, "warm-1"),)
    for status in (plan.intent, plan.status):
        assert status is not None
        assert status.job is not None
        assert (status.job.name, status.job.attempt, status.job.uid) == ("warm-1", 1, "")
        assert status.cache_key == KEY


def test_after_a_crash_a_claimed_job_goes_on_with_its_build() -> None:
    given = in_a_worker()
    for job in (JobRunning("warm-1", "job-1", NOW), replace(succeeded(), name="warm-1")):
        plan = decide(Observed(given, WARM, job=job), NOW)
        assert plan.actions == (StartJob(1, WARM, "warm-1"),)
        assert plan.intent is None
        assert plan.status is not None
        assert plan.status.job is not None
        assert plan.status.job.name == "warm-1"
        assert types(plan) == []


def test_after_a_crash_before_the_claim_the_build_gets_a_job_of_its_own() -> None:
    plan = decide(Observed(in_a_worker(), WARM), NOW)
    assert plan.actions == (StartJob(1, WARM),)
    assert plan.intent is not None
    assert plan.intent.job is not None
    assert (plan.intent.job.name, plan.intent.job.attempt) == (name(1), 1)
    assert types(plan) == []


def test_what_the_job_says_of_its_end_is_looked_for_often_but_not_for_long() -> None:
    given = build(status=acted(in_worker(decide(Observed(build(), WARM), NOW), "warm-1")))
    job = JobRunning("warm-1", "job-1", NOW)
    plan = decide(Observed(given, job=job), NOW)
    assert plan.requeue_after_seconds == pytest.approx(0.1)
    later = decide(Observed(given, job=job), NOW + timedelta(seconds=31))
    assert later.requeue_after_seconds == pytest.approx(269)
    own = decide(Observed(started(), job=running()), NOW)
    assert own.requeue_after_seconds == pytest.approx(300)


def test_a_job_that_died_is_deleted_and_the_next_attempt_has_one_of_its_own() -> None:
    given = build(status=acted(in_worker(decide(Observed(build(), WARM), NOW), "warm-1")))
    plan = decide(Observed(given, job=replace(failed(), name="warm-1")), NOW)
    assert [action.name for action in plan.actions] == ["warm-1"]  # type: ignore[union-attr]
    assert plan.status is not None
    again = build(status=plan.status)
    assert not workers.suits(again, WARM)
    later = decide(Observed(again, WARM), NOW + timedelta(minutes=5))
    assert later.actions == (StartJob(2, WARM),)
    gone = decide(Observed(given), NOW)
    assert gone.transition is not None
    assert "Job warm-1 was deleted" in gone.transition.message


def governing(**bundles: bool | None) -> Governing:
    """Return what governs where namespaces have bundles that say so of warm workers."""
    known = Governing()
    for namespace, said in bundles.items():
        content = bundle()
        if said is not None:
            content["artifacts"]["warmWorkers"] = said
        snapshot = compile_bundle(content)
        published = Known("uid", "1.0.0", BundleState.PUBLISHED, snapshot)
        known.put(BundleName(namespace, "default"), published)
    return known


@pytest.mark.parametrize(("said", "may"), [(None, True), (True, True), (False, False)])
def test_a_bundle_may_keep_builds_in_jobs_of_their_own(said: bool | None, may: bool) -> None:
    known = governing(team=said)
    assert may_be_warm(known, "team", None) is may
    assert may_be_warm(known, "team", "default") is may
    assert may_be_warm(known, "elsewhere", None)
    assert not may_be_warm(known, "team", "missing")


def test_the_platforms_baseline_may_keep_them_everywhere() -> None:
    known = governing(platform=False, team=True)
    known.baseline = BundleName("platform", "default")
    assert not may_be_warm(known, "team", None)
    assert not may_be_warm(known, "elsewhere", None)
