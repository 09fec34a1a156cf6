"""What to do about an ArtifactBuild: `decide(observed, now) -> Plan`.

A plan is data. Rules are tried in order; the first that has an opinion wins, so the order is the
state machine. Nothing here remembers anything: killed anywhere and asked again with what can be
observed then, it arrives at the same objects.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from venture_crds.v1alpha1.artifactbuild import (
    Artifact,
    ArtifactBuild,
    ArtifactBuildStatus,
    Finding,
    GateOutcome,
    JobStatus,
    Phase,
    Provenance,
    human_size,
)
from venture_crds.v1alpha1.conditions import ConditionType

from venture_operator.domain import conditions, facts
from venture_operator.domain.backoff import after_failed_job
from venture_operator.domain.jobs import JobFailed, JobOutcome, JobRunning, JobSucceeded
from venture_operator.domain.names import child_name

if TYPE_CHECKING:
    from venture_core.artifacts.jobcontract import CompileJobResult, JobArtifact

    from venture_operator.domain.cacheentry import CacheEntry
    from venture_operator.domain.facts import Fact

RETRIES: dict[str, int] = {"OutOfMemory": 1, "Timeout": 1}
"""Retries per failure reason. Memory and time rarely come out better, so they get one more try."""
RETRIES_DEFAULT = 3


@dataclass(frozen=True, slots=True)
class StartJob:
    """Create the Job of that attempt and its input; both may exist already."""

    attempt: int
    cache_key: str


@dataclass(frozen=True, slots=True)
class Publish:
    """Verify what the Job uploaded, store it by content, sign its provenance, record the key."""

    attempt: int
    cache_key: str
    document_sha256: str
    finished_at: datetime
    artifact: JobArtifact
    result: CompileJobResult


@dataclass(frozen=True, slots=True)
class DeleteJob:
    """Delete the Job of that name and, with it, its pod and input."""

    name: str


type Action = StartJob | Publish | DeleteJob


@dataclass(frozen=True, slots=True)
class Transition:
    """A Kubernetes Event to post; `warning` colours it."""

    reason: str
    message: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall happen, in this order: recorded, done, written to the status, told, looked at.

    Facts come first: what is not in the record does not happen.
    """

    facts: tuple[Fact, ...] = ()
    actions: tuple[Action, ...] = ()
    status: ArtifactBuildStatus | None = None
    transition: Transition | None = None
    requeue_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """All that a decision depends on.

    `cache_key` is None while a Job of the current attempt exists: that Job carries its own.
    `entry` is what the store has under the key that counts. `job` is the outcome of the current
    attempt's Job, None where there is none.
    """

    build: ArtifactBuild
    cache_key: str | None = None
    entry: CacheEntry | None = None
    job: JobOutcome | None = None


def is_settled(build: ArtifactBuild) -> bool:
    """Return whether nothing is left to do until the spec changes."""
    return is_finished(build) and build.status.observed_generation == build.metadata.generation


def is_finished(build: ArtifactBuild) -> bool:
    """Return whether the build ended, well or not, and no new run of it is wanted."""
    if wants_rerun(build):
        return False
    given = build.status.conditions
    return any(
        conditions.is_true(given, kind) for kind in (ConditionType.READY, ConditionType.STALLED)
    )


def wants_rerun(build: ArtifactBuild) -> bool:
    """Return whether `spec.retry` holds a value that was not acted on yet."""
    return bool(build.spec.retry) and build.spec.retry != build.status.handled_retry


def current_attempt(build: ArtifactBuild) -> int:
    """Return the attempt that is running, or shall run next: 1 for a new build."""
    last = _last_attempt(build)
    if wants_rerun(build) or build.status.retry_at is not None:
        return last + 1
    return last or 1


def is_recorded(build: ArtifactBuild, attempt: int) -> bool:
    """Return whether the status says that the Job of that attempt was created."""
    return build.status.job is not None and build.status.job.attempt >= attempt


def decide(observed: Observed, now: datetime) -> Plan:
    """Return what to do next; an empty plan means: nothing until something changes."""
    for rule in _RULES:
        if (plan := rule(observed, now)) is not None:
            return _told_of_resumption(observed.build, plan)
    raise AssertionError("the last rule always has an opinion")


def stalled_plan(build: ArtifactBuild, reason: str, message: str, now: datetime) -> Plan:
    """Return the plan for a failure that only the user can mend."""
    status = _status(build, conditions.stalled(reason, message), now, phase=Phase.FAILED)
    status = status.model_copy(
        update={"finished_at": now, "retry_at": None, "handled_retry": build.spec.retry}
    )
    fact = facts.failed(build, _last_attempt(build), reason, message)
    transition = Transition(reason, message, warning=True)
    return Plan(facts=(fact,), status=status, transition=transition)


def waiting_plan(
    build: ArtifactBuild, reason: str, message: str, now: datetime, *, after_seconds: float
) -> Plan:
    """Return the plan for something that is not there yet, or does not answer."""
    status = _status(build, conditions.working(reason, message), now, phase=_phase_at_work(build))
    return Plan(status=status, requeue_after_seconds=after_seconds)


def _rule_finished(observed: Observed, now: datetime) -> Plan | None:
    del now
    build = observed.build
    if not is_finished(build):
        return None
    if is_settled(build):
        return Plan()
    # Only suspend can have changed, and there is nothing left to suspend.
    generation = build.metadata.generation
    seen = tuple(
        each.model_copy(update={"observed_generation": generation})
        for each in build.status.conditions
    )
    status = build.status.model_copy(update={"observed_generation": generation, "conditions": seen})
    return Plan(status=status)


def _rule_suspended(observed: Observed, now: datetime) -> Plan | None:
    build, job = observed.build, observed.job
    if not build.spec.suspend:
        return None
    state = conditions.suspended("spec.suspend is true: nothing starts until it is false")
    status = _status(build, state, now, phase=Phase.SUSPENDED)
    news = () if build.status.phase is Phase.SUSPENDED else (facts.suspended(build),)
    if job is None:
        return Plan(facts=news, status=status)
    # The Job goes without having failed; the next one gets a name of its own.
    stopped = {"job": JobStatus(name=job.name, attempt=current_attempt(build)), "retry_at": now}
    return Plan(
        facts=news,
        actions=(DeleteJob(job.name),),
        status=status.model_copy(update=stopped),
        transition=Transition("Suspended", f"{state.message}; Job {job.name} is stopped"),
    )


def _rule_published(observed: Observed, now: datetime) -> Plan | None:
    build, entry = observed.build, observed.entry
    if entry is None:
        return None
    own = entry.built_by_uid == build.metadata.uid
    if build.spec.retry and not (own and entry.attempt == current_attempt(build)):
        # The user asked for a build past the cache.
        return None
    size = human_size(entry.size_bytes)
    reason, message = ("Built", f"built {size}") if own else ("CacheHit", f"built before, {size}")
    status = _status(build, conditions.succeeded(reason, message), now, phase=Phase.READY)
    status = status.model_copy(update=_published_fields(build, entry, own, now))
    if own:
        news = (facts.gates(build, entry.gates, entry.attempt), facts.completed(build, entry))
    else:
        news = (facts.requested(build, entry.cache_key), facts.cache_hit(build, entry))
    transition = Transition(reason, f"{message}, {entry.uri}")
    return Plan(facts=news, status=status, transition=transition)


def _rule_succeeded(observed: Observed, now: datetime) -> Plan | None:
    del now
    if not isinstance(observed.job, JobSucceeded):
        return None
    job = observed.job
    # Publishing leaves the cache entry; the next look finds it and reports Ready.
    publish = Publish(
        attempt=current_attempt(observed.build),
        cache_key=job.cache_key,
        document_sha256=job.document_sha256,
        finished_at=job.finished_at,
        artifact=job.artifact,
        result=job.result,
    )
    return Plan(actions=(publish,))


def _rule_failed(observed: Observed, now: datetime) -> Plan | None:
    build, attempt, failure = observed.build, current_attempt(observed.build), observed.job
    if failure is None and is_recorded(build, attempt):
        name = _job_status(build, attempt).name
        failure = JobFailed(name, "JobDeleted", f"Job {name} was deleted before it finished")
    if not isinstance(failure, JobFailed):
        return None
    failures = (0 if wants_rerun(build) else build.status.failures) + 1
    fields = {
        "failures": failures,
        "gates": gate_outcomes(failure.result),
        "job": JobStatus(name=failure.name, attempt=attempt),
        "handled_retry": build.spec.retry,
    }
    if failure.user_error or failures > RETRIES.get(failure.reason, RETRIES_DEFAULT):
        return _given_up(build, failure, failures, fields, now)
    return _retried(build, failure, failures, fields, now)


def _given_up(
    build: ArtifactBuild, failure: JobFailed, failures: int, fields: Fields, now: datetime
) -> Plan:
    tried = "" if failures == 1 else f" (gave up after {failures} attempts)"
    message = failure.message + tried
    plan = stalled_plan(build, failure.reason, message, now)
    attempt = current_attempt(build)
    news = (*_gate_facts(build, failure, attempt),)
    news += (facts.failed(build, attempt, failure.reason, message),)
    return replace(plan, facts=news, status=_with(plan.status, fields))


def _retried(
    build: ArtifactBuild, failure: JobFailed, failures: int, fields: Fields, now: datetime
) -> Plan:
    delay = after_failed_job(failures)
    message = f"{failure.message}; trying again in {delay:.0f} s"
    plan = waiting_plan(build, failure.reason, message, now, after_seconds=delay)
    retry_at, attempt = now + timedelta(seconds=delay), current_attempt(build)
    fields = {**fields, "retry_at": retry_at}
    news = (*_gate_facts(build, failure, attempt),)
    news += (facts.retrying(build, attempt, failure.reason, failure.message, retry_at),)
    return replace(
        plan,
        facts=news,
        actions=(DeleteJob(failure.name),),
        status=_with(plan.status, fields),
        transition=Transition(failure.reason, message, warning=True),
    )


def _rule_running(observed: Observed, now: datetime) -> Plan | None:
    build, job = observed.build, observed.job
    if not isinstance(job, JobRunning):
        return None
    attempt = current_attempt(build)
    plan = Plan(status=_started(build, attempt, job.cache_key, job.message, now))
    if is_recorded(build, attempt):
        return plan
    # Adopted after a crash between creating the Job and its input.
    return replace(plan, actions=(StartJob(attempt, job.cache_key),))


def _rule_backoff(observed: Observed, now: datetime) -> Plan | None:
    retry_at = observed.build.status.retry_at
    if retry_at is None or wants_rerun(observed.build) or now >= retry_at:
        return None
    return Plan(requeue_after_seconds=(retry_at - now).total_seconds())


def _rule_start(observed: Observed, now: datetime) -> Plan | None:
    build = observed.build
    if observed.cache_key is None:
        raise AssertionError("without a Job the cache key is always observed")
    attempt, cache_key = current_attempt(build), observed.cache_key
    fresh = build.status.started_at is None or wants_rerun(build)
    news = (facts.requested(build, cache_key),) if fresh else ()
    return Plan(
        facts=(*news, facts.started(build, cache_key, job_name(build, attempt), attempt)),
        actions=(StartJob(attempt, cache_key),),
        status=_started(build, attempt, cache_key, "", now),
        transition=Transition("Compiling", f"attempt {attempt} compiles the document"),
    )


type Rule = Callable[[Observed, datetime], Plan | None]
type Fields = dict[str, object]

_RULES: tuple[Rule, ...] = (
    _rule_finished,
    _rule_suspended,
    _rule_published,
    _rule_succeeded,
    _rule_failed,
    _rule_running,
    _rule_backoff,
    _rule_start,
)


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


def job_name(build: ArtifactBuild, attempt: int) -> str:
    """Return the name that the Job of that attempt has, whoever creates it."""
    return child_name(build.metadata.name, build.metadata.uid, "compile", attempt)


def _told_of_resumption(build: ArtifactBuild, plan: Plan) -> Plan:
    if build.spec.suspend or build.status.phase is not Phase.SUSPENDED or plan.status is None:
        return plan
    return replace(plan, facts=(facts.resumed(build), *plan.facts))


def _gate_facts(build: ArtifactBuild, failure: JobFailed, attempt: int) -> tuple[Fact, ...]:
    outcomes = gate_outcomes(failure.result)
    return (facts.gates(build, outcomes, attempt),) if outcomes else ()


def _last_attempt(build: ArtifactBuild) -> int:
    return build.status.job.attempt if build.status.job else 0


def _phase_at_work(build: ArtifactBuild) -> Phase:
    return Phase.COMPILING if build.status.phase is Phase.COMPILING else Phase.PENDING


def _job_status(build: ArtifactBuild, attempt: int) -> JobStatus:
    return JobStatus(name=job_name(build, attempt), attempt=attempt)


def _with(status: ArtifactBuildStatus | None, fields: Fields) -> ArtifactBuildStatus:
    if status is None:
        raise AssertionError("plans for failures carry a status")
    return status.model_copy(update=fields)


def _status(
    build: ArtifactBuild, state: conditions.State, now: datetime, *, phase: Phase
) -> ArtifactBuildStatus:
    generation = build.metadata.generation
    merged = conditions.merge(build.status.conditions, state, generation=generation, now=now)
    return build.status.model_copy(
        update={"phase": phase, "observed_generation": generation, "conditions": merged}
    )


def _started(
    build: ArtifactBuild, attempt: int, cache_key: str, obstacle: str, now: datetime
) -> ArtifactBuildStatus:
    """Return the status while the Job of `attempt` runs, or waits for what `obstacle` says."""
    message = obstacle or f"attempt {attempt} compiles the document"
    state = conditions.working("Compiling", message)
    rerun = wants_rerun(build)
    fields: Fields = {
        "cache_key": cache_key,
        "job": _job_status(build, attempt),
        "failures": 0 if rerun else build.status.failures,
        "started_at": now if rerun else build.status.started_at or now,
        "retry_at": None,
        "handled_retry": build.spec.retry,
    }
    if rerun:
        fields |= {"finished_at": None, "cache_hit": None, "gates": ()}
    return _with(_status(build, state, now, phase=Phase.COMPILING), fields)


def _published_fields(build: ArtifactBuild, entry: CacheEntry, own: bool, now: datetime) -> Fields:
    # Attempts never count backwards: a later retry must not meet the name of an earlier Job.
    job = build.status.job
    if own and (job is None or job.attempt < entry.attempt):
        job = _job_status(build, entry.attempt)
    return {
        "cache_key": entry.cache_key,
        "cache_hit": not own,
        "artifact": Artifact(
            uri=entry.uri,
            sha256=entry.sha256,
            size_bytes=entry.size_bytes,
            media_type=entry.media_type,
        ),
        "provenance": Provenance(
            uri=entry.provenance_uri, sha256=entry.provenance_sha256, key_id=entry.key_id
        ),
        "gates": entry.gates,
        "job": job,
        "started_at": build.status.started_at or now,
        "finished_at": now,
        "retry_at": None,
        "handled_retry": build.spec.retry,
    }
