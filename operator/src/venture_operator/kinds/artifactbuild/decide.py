"""What to do about an ArtifactBuild: `decide(observed, now) -> Plan`.

Rules are tried in order; the first that has an opinion wins, so the order is the state machine.
Nothing here remembers anything: killed anywhere and asked again with what can be observed then, it
arrives at the same objects.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from venture_crds.v1alpha1.artifactbuild import (
    ArtifactBuild,
    BuildReason,
    Phase,
    human_size,
)
from venture_crds.v1alpha1.lifecycle import JobStatus

from venture_operator.domain import conditions, plan, retrying
from venture_operator.domain.backoff import after_failed_job
from venture_operator.domain.conditions import has_ended
from venture_operator.domain.plan import Transition, first_opinion, seen, with_state
from venture_operator.kinds.artifactbuild import facts
from venture_operator.kinds.artifactbuild.outcome import (
    JobFailed,
    JobOutcome,
    JobRunning,
    JobWaiting,
    Remedy,
)
from venture_operator.kinds.artifactbuild.plans import (
    NO_POD_LOOK_AGAIN_SECONDS,
    WAITING_LIMIT,
    WORKER_LOOK_AGAIN_SECONDS,
    WORKER_LOOKED_AT_FOR,
    DeleteJob,
    Expire,
    Fields,
    Plan,
    Prepared,
    Publication,
    Publish,
    gate_outcomes,
    given_up_plan,
    is_pinned,
    killed_plan,
    phase_at_work,
    pinned_job_name,
    published_status,
    ready_plan,
    retried_plan,
    start_plan,
    state_at_work,
    told_of_resumption,
    worker_named,
)

if TYPE_CHECKING:
    from venture_operator.kinds.artifactbuild.cacheentry import CacheEntry

RETRIES: Final = {BuildReason.OUT_OF_MEMORY: 1, BuildReason.TIMEOUT: 1}
"""Retries per failure reason. Memory and time rarely come out better, so they get one more try."""
RETRIES_DEFAULT: Final = 3
PLATFORM_RETRY_SECONDS: Final = {BuildReason.TOOLCHAIN_MISMATCH: 120.0}
PLATFORM_RETRY_DEFAULT_SECONDS: Final = 5.0
LONGEST_TIMER_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Observed:
    """All that a decision depends on.

    `prepared` is None while the Job of the current attempt is known by its uid, or there is nothing
    to start. `entry` is what the cache has under the key that counts. `job` is the outcome of the
    current attempt's Job, None where there is none; `publication` what it uploaded.
    """

    build: ArtifactBuild
    prepared: Prepared | None = None
    entry: CacheEntry | None = None
    job: JobOutcome | None = None
    publication: Publication | None = None
    default_ttl_seconds: int | None = None
    archived: bool = False
    """Whether what was built before stands for a build past the cache, too."""
    killed: str = ""
    """Why what runs is to be ended, where a freeze says so."""


def decide(observed: Observed, now: datetime) -> Plan:
    """Return what to do next; an empty plan means: nothing until something changes."""
    build = observed.build
    given = told_of_resumption(build, first_opinion(_RULES, observed, now))
    return expiring(build, given, observed.default_ttl_seconds, now)


def expiring(
    build: ArtifactBuild, given: Plan, default_ttl_seconds: int | None, now: datetime
) -> Plan:
    """Have a plan that ends the work look again when the build's time is over."""
    status = given.status
    if status is None or given.requeue_after_seconds is not None or not has_ended(status):
        return given
    left = retrying.seconds_to_live(build, status, default_ttl_seconds, now)
    return replace(given, requeue_after_seconds=left and min(left, LONGEST_TIMER_SECONDS))


def _rule_finished(observed: Observed, now: datetime) -> Plan | None:
    build = observed.build
    if not retrying.is_finished(build):
        return None
    left = retrying.seconds_to_live(build, build.status, observed.default_ttl_seconds, now)
    if left == 0:
        return plan.Plan(actions=(Expire(),))
    again = None if left is None else min(left, LONGEST_TIMER_SECONDS)
    # Only control fields can have changed, and there is nothing left to control.
    status = None if retrying.is_settled(build) else seen(build)
    return plan.Plan(status=status, requeue_after_seconds=again)


def _rule_suspended(observed: Observed, now: datetime) -> Plan | None:
    build, job = observed.build, observed.job
    if not build.spec.suspend:
        return None
    state = conditions.suspended("spec.suspend is true: nothing starts until it is false")
    status = with_state(build, state, now, phase=Phase.SUSPENDED, suspended=True)
    news = () if build.status.suspended else (facts.suspended(build),)
    if job is None:
        return plan.Plan(facts=news, status=status)
    # The Job goes without having failed; the next one gets a name of its own.
    attempt = retrying.current_attempt(build)
    stopped = {"job": JobStatus(name=job.name, attempt=attempt), "retry_at": now}
    return plan.Plan(
        facts=news,
        actions=(DeleteJob(job.name),),
        status=status.model_copy(update=stopped),
        transition=Transition("Suspended", f"{state.message}; Job {job.name} is stopped"),
    )


def _rule_killed(observed: Observed, now: datetime) -> Plan | None:
    job = observed.job
    if not observed.killed or not isinstance(job, JobWaiting | JobRunning):
        return None
    return killed_plan(observed.build, job, observed.killed, now)


def _rule_published(observed: Observed, now: datetime) -> Plan | None:
    build, entry = observed.build, observed.entry
    if entry is None:
        return None
    own = entry.built_by_uid == build.metadata.uid
    anew = build.spec.retry and not observed.archived
    if anew and not (own and entry.attempt == retrying.current_attempt(build)):
        # The user asked for a build past the cache.
        return None
    if own:
        return ready_plan(build, entry, now)
    reason, message = BuildReason.CACHE_HIT, f"built before, {human_size(entry.size_bytes)}"
    return plan.Plan(
        facts=(facts.requested(build, entry.cache_key), facts.cache_hit(build, entry)),
        status=published_status(build, entry, reason, message, now),
        transition=Transition(reason, f"{message}, {entry.uri}"),
    )


def _rule_succeeded(observed: Observed, now: datetime) -> Plan | None:
    build, publication = observed.build, observed.publication
    if publication is None:
        return None
    publish = Publish(publication)
    return replace(ready_plan(build, publication.entry, now), actions=(publish,))


def _rule_failed(observed: Observed, now: datetime) -> Plan | None:
    build = observed.build
    failure = _failure(observed, now)
    if failure is None:
        return None
    attempt = retrying.current_attempt(build)
    fields: Fields = {
        "gates": gate_outcomes(failure.result),
        "job": JobStatus(name=failure.name, attempt=attempt, uid=retrying.job_uid(build, attempt)),
        "handled_retry": build.spec.retry,
    }
    earlier = 0 if retrying.wants_rerun(build) else build.status.failures
    if failure.remedy is Remedy.PLATFORM:
        delay = PLATFORM_RETRY_SECONDS.get(failure.reason, PLATFORM_RETRY_DEFAULT_SECONDS)
        return retried_plan(build, failure, delay, {**fields, "failures": earlier}, now)
    failures = earlier + 1
    fields["failures"] = failures
    limit = RETRIES.get(failure.reason, RETRIES_DEFAULT)
    if failure.remedy is Remedy.USER or failures > limit:
        return given_up_plan(build, failure, failures, fields, now)
    return retried_plan(build, failure, after_failed_job(failures), fields, now)


def _rule_at_work(observed: Observed, now: datetime) -> Plan | None:
    build, job = observed.build, observed.job
    if not isinstance(job, JobWaiting | JobRunning):
        return None
    attempt = retrying.current_attempt(build)
    worker = worker_named(build, attempt, job)
    if not retrying.job_uid(build, attempt):
        # Adopted after a crash between creating the Job and saying so.
        return start_plan(build, attempt, _required(observed.prepared), now, worker)
    left = max(0.0, (_due(build, job) - now).total_seconds())
    if isinstance(job, JobWaiting) and not job.has_pod:
        left = min(left, NO_POD_LOOK_AGAIN_SECONDS)
    if worker and isinstance(job, JobRunning) and now - job.started_at < WORKER_LOOKED_AT_FOR:
        left = min(left, WORKER_LOOK_AGAIN_SECONDS)
    state = state_at_work(attempt, job)
    return plan.Plan(
        status=with_state(build, state, now, phase=Phase.COMPILING, retry_at=None),
        requeue_after_seconds=left,
    )


def _rule_backoff(observed: Observed, now: datetime) -> Plan | None:
    build = observed.build
    retry_at = build.status.retry_at
    if retry_at is None or retrying.wants_rerun(build) or now >= retry_at:
        return None
    after = (retry_at - now).total_seconds()
    if build.status.observed_generation == build.metadata.generation:
        return plan.Plan(requeue_after_seconds=after)
    message = f"the next attempt starts at {retry_at:%Y-%m-%dT%H:%M:%SZ}"
    state = conditions.working(BuildReason.RETRYING, message)
    status = with_state(build, state, now, phase=phase_at_work(build))
    return plan.Plan(status=status, requeue_after_seconds=after)


def _rule_start(observed: Observed, now: datetime) -> Plan | None:
    build = observed.build
    attempt = retrying.current_attempt(build)
    worker = worker_named(build, attempt, observed.job)
    return start_plan(build, attempt, _required(observed.prepared), now, worker)


_RULES: Final = (
    _rule_finished,
    _rule_suspended,
    _rule_killed,
    _rule_published,
    _rule_succeeded,
    _rule_failed,
    _rule_at_work,
    _rule_backoff,
    _rule_start,
)


def _failure(observed: Observed, now: datetime) -> JobFailed | None:
    """Return how the current attempt failed, None where it did not."""
    build, job = observed.build, observed.job
    attempt = retrying.current_attempt(build)
    if job is None and retrying.job_uid(build, attempt):
        name = pinned_job_name(build, attempt)
        message = f"Job {name} was deleted before it finished"
        return JobFailed(name, BuildReason.JOB_DELETED, message)
    if isinstance(job, JobFailed):
        return job
    return _overdue(observed, job, attempt, now) if job is not None else None


def _overdue(observed: Observed, job: JobOutcome, attempt: int, now: datetime) -> JobFailed | None:
    """Return why a Job that waits or runs is to be ended, None where it may go on."""
    build = observed.build
    if not isinstance(job, JobWaiting | JobRunning):
        return None
    if observed.prepared is not None and not is_pinned(build, attempt, observed.prepared):
        message = "the document changed while its Job was being created"
        return JobFailed(job.name, BuildReason.SOURCE_CHANGED, message, now)
    due = _due(build, job)
    if now < due:
        return None
    if isinstance(job, JobRunning):
        message = f"the compile Job ran longer than {build.spec.timeout_seconds} s"
        return JobFailed(job.name, BuildReason.TIMEOUT, message, due)
    waited = job.message or "no pod of it started"
    message = f"Job {job.name} waits since {job.since:%Y-%m-%dT%H:%M:%SZ}: {waited}"
    return JobFailed(job.name, BuildReason.WAITING_FOR_POD, message, due)


def _due(build: ArtifactBuild, job: JobWaiting | JobRunning) -> datetime:
    """Return when the Job has waited, or run, for too long."""
    if isinstance(job, JobWaiting):
        return job.since + WAITING_LIMIT
    return job.started_at + timedelta(seconds=build.spec.timeout_seconds)


def _required(prepared: Prepared | None) -> Prepared:
    if prepared is None:
        raise AssertionError("what is started, or was started by a Job unknown, is prepared")
    return prepared
