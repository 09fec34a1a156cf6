"""The plans for an ArtifactBuild: what each turn of events makes of its status and the record."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from venture_crds.v1alpha1.artifactbuild import (
    Artifact,
    ArtifactBuild,
    ArtifactBuildStatus,
    BuildReason,
    Finding,
    GateOutcome,
    Phase,
    Provenance,
    human_size,
)
from venture_crds.v1alpha1.lifecycle import JobStatus
from venture_crds.v1alpha1.reasons import CommonReason

from venture_operator.domain import conditions, plan, retrying
from venture_operator.domain.names import child_name
from venture_operator.domain.plan import Transition, with_state
from venture_operator.kinds.artifactbuild import facts
from venture_operator.kinds.artifactbuild.outcome import (
    JobFailed,
    JobOutcome,
    JobRunning,
    JobWaiting,
)

if TYPE_CHECKING:
    from datetime import datetime

    from venture_core.artifacts.jobcontract import CompileJobResult

    from venture_operator.domain.facts import Fact
    from venture_operator.kinds.artifactbuild.cacheentry import CacheEntry

KIND: Final = "ArtifactBuild"
NO_BUNDLE: Final = "none"
"""Stands for the policy bundle in cache keys of builds that no bundle governs."""
WAITING_LIMIT: Final = timedelta(minutes=15)
"""How long a pod may wait for its place: then another attempt gets new URLs."""
NO_POD_LOOK_AGAIN_SECONDS: Final = 5.0
"""When a Job that has no pod yet is looked at again: nothing tells of what it waits for."""
WORKER_LOOK_AGAIN_SECONDS: Final = 0.1
"""When it is looked again for what a Job says of its end that was started ahead."""
WORKER_LOOKED_AT_FOR: Final = timedelta(seconds=30)
"""For how long: what takes longer may wait for the kubelet's word."""
QUEUED_LOOK_AGAIN_SECONDS: Final = 60.0
FROZEN_LOOK_AGAIN_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that was read and checked, and the key of what will be made of it."""

    cache_key: str
    sha256: str
    document: bytes = field(repr=False)
    toolchain: str
    """What has to make it, as the cache key has it."""
    warm: bool = False
    """Whether a process that is warm is ready for such documents."""


@dataclass(frozen=True, slots=True)
class Publication:
    """An upload that was read and hashed, and all that will be stored about it."""

    attempt: int
    entry: CacheEntry
    envelope: bytes = field(repr=False)
    thumbnail: bytes | None = field(default=None, repr=False)
    """The small picture that is yet to be stored."""


@dataclass(frozen=True, slots=True)
class StartJob:
    """Create the Job of that attempt and its input; both may exist already."""

    attempt: int
    prepared: Prepared
    worker: str = ""
    """The Job that waits and is to be given the attempt instead; empty: none."""


@dataclass(frozen=True, slots=True)
class Publish:
    """Store the artifact by content, its provenance, and the cache's entry."""

    publication: Publication


@dataclass(frozen=True, slots=True)
class DeleteJob:
    """Delete the Job of that name and, with it, its pod and input."""

    name: str


@dataclass(frozen=True, slots=True)
class Expire:
    """Delete the build itself: its time after the end is over."""


type Action = StartJob | Publish | DeleteJob | Expire
type Plan = plan.Plan[ArtifactBuildStatus, Action]
type Fields = dict[str, object]


def stalled_plan(build: ArtifactBuild, reason: str, message: str, now: datetime) -> Plan:
    """Return the plan for a failure that only the user can mend."""
    fields: Fields = {"finished_at": now, "retry_at": None, "handled_retry": build.spec.retry}
    given: Plan = plan.stalled_plan(build, reason, message, now, phase=Phase.FAILED, **fields)
    fact = facts.failed(build, retrying.last_attempt(build), reason, message)
    return told_of_resumption(build, replace(given, facts=(fact,)))


def waiting_plan(
    build: ArtifactBuild, reason: str, message: str, now: datetime, *, after_seconds: float
) -> Plan:
    """Return the plan for something that is not there yet, or does not answer."""
    phase = phase_at_work(build)
    given: Plan = plan.waiting_plan(
        build, reason, message, now, after_seconds=after_seconds, phase=phase
    )
    return told_of_resumption(build, given)


def frozen_plan(build: ArtifactBuild, why: str, now: datetime) -> Plan:
    """Return the plan for a build that would start, but nothing may."""
    return waiting_plan(
        build, CommonReason.FROZEN, why, now, after_seconds=FROZEN_LOOK_AGAIN_SECONDS
    )


def queued_plan(build: ArtifactBuild, message: str, now: datetime) -> Plan:
    """Return the plan for a build whose turn has not come."""
    return waiting_plan(
        build, BuildReason.QUEUED, message, now, after_seconds=QUEUED_LOOK_AGAIN_SECONDS
    )


def told_of_resumption(build: ArtifactBuild, given: Plan) -> Plan:
    """Have a plan say that the user let the build go on, where the record still has it halted."""
    if build.spec.suspend or not build.status.suspended or given.status is None:
        return given
    update = {"suspended": False}
    return replace(
        given,
        facts=(facts.resumed(build), *given.facts),
        intent=given.intent and given.intent.model_copy(update=update),
        status=given.status.model_copy(update=update),
    )


def bundle_of(build: ArtifactBuild) -> str:
    """Return the hash of the bundle that the build is pinned to, and the baseline's."""
    pin = build.status.policy_bundle
    if pin is None:
        return NO_BUNDLE
    return f"{pin.hash} {pin.baseline_hash}" if pin.baseline_hash else pin.hash


def killed_plan(
    build: ArtifactBuild, job: JobWaiting | JobRunning, why: str, now: datetime
) -> Plan:
    """Return the plan for a freeze that ends what runs: the next attempt waits until it is lifted.

    The Job goes without having failed.
    """
    attempt = retrying.current_attempt(build)
    fields: Fields = {"job": JobStatus(name=job.name, attempt=attempt), "retry_at": now}
    state = conditions.working(CommonReason.FROZEN, f"{why}; Job {job.name} is ended")
    return plan.Plan(
        actions=(DeleteJob(job.name),),
        status=with_state(build, state, now, phase=Phase.PENDING, **fields),
        transition=Transition(CommonReason.FROZEN, state.message, warning=True),
        requeue_after_seconds=FROZEN_LOOK_AGAIN_SECONDS,
    )


def phase_at_work(build: ArtifactBuild) -> Phase:
    """Return the phase of a build that waits."""
    return Phase.COMPILING if build.status.phase is Phase.COMPILING else Phase.PENDING


def job_name(build: ArtifactBuild, attempt: int) -> str:
    """Return the name that the Job of that attempt has, whoever creates it."""
    return child_name(build.metadata.name, build.metadata.uid, "compile", attempt)


def gate_outcomes(result: CompileJobResult | None) -> tuple[GateOutcome, ...]:
    """Return what the gates of a Job's result said, as the status shows it."""
    if result is None:
        return ()
    return tuple(
        GateOutcome(
            name=gate.name,
            passed=gate.passed,
            findings=tuple(
                Finding(slide=each.slide, element=each.element, message=each.message)
                for each in gate.findings
            ),
            findings_omitted=gate.findings_omitted,
        )
        for gate in result.gates
    )


def state_at_work(attempt: int, job: JobWaiting | JobRunning | None) -> conditions.State:
    """Return the state of a build whose Job waits or runs; None: it is just being made."""
    if isinstance(job, JobWaiting) and job.message:
        return conditions.working(BuildReason.WAITING_FOR_POD, job.message)
    return conditions.working(BuildReason.COMPILING, f"attempt {attempt} compiles the document")


def pinned_job_name(build: ArtifactBuild, attempt: int) -> str:
    """Return the name of the Job that the status says has that attempt, or would have it."""
    job = build.status.job
    return job.name if job is not None and job.attempt == attempt else job_name(build, attempt)


def worker_named(build: ArtifactBuild, attempt: int, job: JobOutcome | None) -> str:
    """Return the name of the attempt's Job where it was started ahead, else an empty one."""
    return "" if job is None or job.name == job_name(build, attempt) else job.name


def in_worker(given: Plan, name: str) -> Plan:
    """Have a plan that starts a Job give the attempt to the Job of that name, which waits.

    Its name is pinned before it is claimed: whoever takes over after a crash looks there.
    """

    def pinned(status: ArtifactBuildStatus | None) -> ArtifactBuildStatus | None:
        if status is None or status.job is None:
            return status
        return status.model_copy(update={"job": status.job.model_copy(update={"name": name})})

    actions = tuple(
        replace(each, worker=name) if isinstance(each, StartJob) else each for each in given.actions
    )
    return replace(
        given,
        intent=pinned(given.intent),
        actions=actions,
        status=pinned(given.status),
        requeue_after_seconds=WORKER_LOOK_AGAIN_SECONDS,
    )


def start_plan(
    build: ArtifactBuild, attempt: int, prepared: Prepared, now: datetime, worker: str = ""
) -> Plan:
    """Pin what the attempt compiles, then start its Job, or go on with the `worker` that has it.

    The pin is written before the Job exists, so that whoever takes over after a crash knows what a
    Job of that name was given, and need not ask the Job.
    """
    name = worker or job_name(build, attempt)
    rerun = retrying.wants_rerun(build)
    fields: Fields = {
        "cache_key": prepared.cache_key,
        "document_sha256": prepared.sha256,
        "job": JobStatus(name=name, attempt=attempt),
        "failures": 0 if rerun else build.status.failures,
        "started_at": now if rerun else build.status.started_at or now,
        "retry_at": None,
        "handled_retry": build.spec.retry,
        "phase": Phase.COMPILING,
    }
    if rerun:
        fields |= {"finished_at": None, "cache_hit": None, "gates": ()}
    status = with_state(build, state_at_work(attempt, None), now, **fields)
    said = not rerun and build.status.cache_key == prepared.cache_key
    pinned = is_pinned(build, attempt, prepared) and pinned_job_name(build, attempt) == name
    return plan.Plan(
        facts=() if said else (facts.requested(build, prepared.cache_key),),
        intent=None if pinned else status,
        actions=(StartJob(attempt, prepared, worker),),
        status=status,
        transition=Transition(BuildReason.COMPILING, f"attempt {attempt} compiles the document"),
        requeue_after_seconds=NO_POD_LOOK_AGAIN_SECONDS,
    )


def is_pinned(build: ArtifactBuild, attempt: int, prepared: Prepared) -> bool:
    """Return whether the status says that the attempt compiles just that."""
    status = build.status
    return (
        retrying.last_attempt(build) == attempt
        and status.cache_key == prepared.cache_key
        and status.document_sha256 == prepared.sha256
    )


def given_up_plan(
    build: ArtifactBuild, failure: JobFailed, failures: int, fields: Fields, now: datetime
) -> Plan:
    """Return the plan for a failure after which nothing is tried any more."""
    tried = "" if failures == 1 else f" (gave up after {failures} attempts)"
    message = failure.message + tried
    given = stalled_plan(build, failure.reason, message, now)
    attempt = retrying.current_attempt(build)
    news = _gate_facts(build, failure, attempt)
    news += (facts.failed(build, attempt, failure.reason, message),)
    # A Job that ran for too long still runs.
    still = failure.reason is BuildReason.TIMEOUT
    actions = (DeleteJob(failure.name),) if still else ()
    return replace(given, facts=news, actions=actions, status=_with(given.status, fields))


def retried_plan(
    build: ArtifactBuild, failure: JobFailed, delay: float, fields: Fields, now: datetime
) -> Plan:
    """Return the plan for a failure after which another attempt starts in `delay` seconds."""
    message = f"{failure.message}; trying again in {delay:.0f} s"
    # Counted from the failure, so that whoever repeats this says the same.
    retry_at = (failure.at or now) + timedelta(seconds=delay)
    attempt = retrying.current_attempt(build)
    state = conditions.working(failure.reason, message)
    status = with_state(build, state, now, phase=phase_at_work(build))
    news = _gate_facts(build, failure, attempt)
    news += (facts.retrying(build, attempt, failure.reason, failure.message, retry_at),)
    return plan.Plan(
        facts=news,
        actions=(DeleteJob(failure.name),),
        status=_with(status, {**fields, "retry_at": retry_at}),
        transition=Transition(failure.reason, message, warning=True),
        requeue_after_seconds=max(0.0, (retry_at - now).total_seconds()),
    )


def ready_plan(build: ArtifactBuild, entry: CacheEntry, now: datetime) -> Plan:
    """Return the plan for what the build itself has made."""
    reason, message = BuildReason.BUILT, f"built {human_size(entry.size_bytes)}"
    return plan.Plan(
        facts=(facts.gates(build, entry.gates, entry.attempt), facts.completed(build, entry)),
        status=published_status(build, entry, reason, message, now),
        transition=Transition(reason, f"{message}, {entry.uri}"),
    )


def published_status(
    build: ArtifactBuild, entry: CacheEntry, reason: BuildReason, message: str, now: datetime
) -> ArtifactBuildStatus:
    """Return the status of a build whose artifact is what the entry says."""
    own = entry.built_by_uid == build.metadata.uid
    # Attempts never count backwards: a later retry must not meet the name of an earlier Job.
    job = build.status.job
    if own and (job is None or job.attempt < entry.attempt):
        job = JobStatus(name=job_name(build, entry.attempt), attempt=entry.attempt)
    return with_state(
        build,
        conditions.ready(reason, message),
        now,
        phase=Phase.READY,
        cache_key=entry.cache_key,
        cache_hit=not own,
        artifact=Artifact(
            uri=entry.uri,
            sha256=entry.sha256,
            size_bytes=entry.size_bytes,
            media_type=entry.media_type,
        ),
        provenance=Provenance(
            uri=entry.provenance_uri, sha256=entry.provenance_sha256, key_id=entry.key_id
        ),
        thumbnail=entry.thumbnail,
        gates=entry.gates,
        job=job,
        started_at=build.status.started_at or now,
        finished_at=now,
        retry_at=None,
        handled_retry=build.spec.retry,
    )


def _gate_facts(build: ArtifactBuild, failure: JobFailed, attempt: int) -> tuple[Fact, ...]:
    outcomes = gate_outcomes(failure.result)
    return (facts.gates(build, outcomes, attempt),) if outcomes else ()


def _with(status: ArtifactBuildStatus | None, fields: Fields) -> ArtifactBuildStatus:
    if status is None:
        raise AssertionError("plans for failures carry a status")
    return status.model_copy(update=fields)
