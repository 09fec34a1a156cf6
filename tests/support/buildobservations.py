"""What may be observed of an ArtifactBuild and its Job, for tables of decisions."""

from datetime import UTC, datetime
from typing import Any

from venture_core.artifacts.jobcontract import CompileJobResult, JobArtifact, JobGateResult
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild, ArtifactBuildStatus, BuildReason
from venture_operator.domain import plan as plans
from venture_operator.kinds.artifactbuild.cacheentry import CacheEntry
from venture_operator.kinds.artifactbuild.decide import Observed, decide
from venture_operator.kinds.artifactbuild.outcome import (
    JobFailed,
    JobRunning,
    JobSucceeded,
    JobWaiting,
)
from venture_operator.kinds.artifactbuild.plans import (
    Plan,
    Prepared,
    Publication,
    StartJob,
    job_name,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
UID = "5b3f0d8e-0000-4000-8000-000000000001"
KEY = "sha256:" + "a" * 64

DIGEST = "b" * 64
PREPARED = Prepared(KEY, "c" * 64, b"{}", "t")

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
