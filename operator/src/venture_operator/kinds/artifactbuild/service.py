"""Observe an ArtifactBuild, decide, act."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog
from venture_core.artifacts.jobcontract import EXIT_DONE, InvalidResultError, parse_end
from venture_core.artifacts.targets import target_named
from venture_core.objectstore import ObjectNotFoundError
from venture_core.policy.admission import may_be_warm
from venture_core.policy.request import ObjectRequest
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild, BuildReason, Phase
from venture_crds.v1alpha1.policybundle import Governed

from venture_operator.domain import retrying
from venture_operator.domain.conditions import Standing
from venture_operator.domain.facts import Subject
from venture_operator.domain.podoutcome import Ended, Waiting, pod_outcome
from venture_operator.errors import StalledError, TransientError
from venture_operator.kinds.artifactbuild import facts, plans, workers
from venture_operator.kinds.artifactbuild.compilejob import CONTAINER
from venture_operator.kinds.artifactbuild.decide import Observed, decide, expiring
from venture_operator.kinds.artifactbuild.outcome import (
    JobFailed,
    JobOutcome,
    JobSucceeded,
    job_outcome,
)
from venture_operator.kinds.artifactbuild.publish import NotReproducibleError, UploadError
from venture_operator.storage.watched import ObjectKey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from enum import StrEnum

    from venture_core.artifacts.target import JobImage
    from venture_core.freezes import Freezes
    from venture_core.policy.governing import Governing
    from venture_crds.v1alpha1.artifactbuild import ArtifactBuildStatus
    from venture_crds.v1alpha1.meta import ObjectMeta

    from venture_operator.builders.job import PodSettings
    from venture_operator.domain.facts import Fact
    from venture_operator.domain.podoutcome import PodOutcome
    from venture_operator.kinds.artifactbuild.bucket import Bucket
    from venture_operator.kinds.artifactbuild.launching import Starter
    from venture_operator.kinds.artifactbuild.plans import Action, Plan
    from venture_operator.kinds.artifactbuild.pool import Pool
    from venture_operator.kinds.artifactbuild.publish import Publisher
    from venture_operator.kinds.artifactbuild.source import SourceReader
    from venture_operator.services.admission import Admitting
    from venture_operator.services.turns import Turns
    from venture_operator.storage.children import Body, Children
    from venture_operator.storage.objects import Objects
    from venture_operator.storage.watched import WatchedObjects

NO_POD_AFTER: Final = timedelta(seconds=3)
"""When a Job without a pod is asked why."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """What the service works with."""

    builds: Objects
    jobs: WatchedObjects
    pods: WatchedObjects
    children: Children
    bucket: Bucket
    sources: SourceReader
    publisher: Publisher
    turns: Turns[ObjectKey]
    admitting: Admitting
    freezes: Freezes
    makers: Mapping[JobImage, PodSettings]
    """The pods of Jobs by the image that a target asks for."""
    governing: Governing
    starter: Starter
    pool: Pool
    default_ttl_seconds: int | None = None


class ArtifactBuildService:
    """What is special about ArtifactBuilds (see `services.reconciler.Service`)."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def subject(self, metadata: ObjectMeta) -> Subject:
        """Return the build: one that no Workflow asked for has a chain of its own."""
        return Subject(UUID(metadata.uid))

    def phase(self, work: ArtifactBuild, standing: Standing) -> StrEnum:
        """Return the phase for people."""
        return {
            Standing.WORKING: plans.phase_at_work(work),
            Standing.SUSPENDED: Phase.SUSPENDED,
            Standing.STALLED: Phase.FAILED,
            Standing.READY: Phase.READY,
        }[standing]

    def waiting(
        self, work: ArtifactBuild, reason: str, message: str, after_seconds: float, now: datetime
    ) -> Plan:
        """Return the plan for what is not there yet."""
        return plans.waiting_plan(work, reason, message, now, after_seconds=after_seconds)

    def stalled(self, work: ArtifactBuild, reason: str, message: str, now: datetime) -> Plan:
        """Return the plan for what only the user can mend."""
        plan = plans.stalled_plan(work, reason, message, now)
        return expiring(work, plan, self._tools.default_ttl_seconds, now)

    async def decide(self, work: ArtifactBuild, now: datetime) -> Plan:
        """Observe and decide; a Job starts only when it has a place."""
        key = _key(work)
        try:
            work = await self._pinned(work, now)
            seen = await self._observe(work, now)
            frozen = self._tools.freezes.standing(work.metadata.namespace)
            if frozen is not None and frozen.is_kill:
                seen = replace(seen, killed=frozen.sentence)
            plan = decide(seen, now)
        except Exception:
            # Whatever is in the way, it does not keep a place from others meanwhile.
            self._tools.turns.leave(key)
            raise
        return self._in_turn(key, work, plan, now)

    async def _pinned(self, build: ArtifactBuild, now: datetime) -> ArtifactBuild:
        """Return the build, pinned to what governs it, before anything is done for it.

        Raises StalledError where that does not allow it, WaitingError while nobody can say.
        """
        status, metadata = build.status, build.metadata
        # What ran before any bundle governed is judged when it is asked for once more.
        begun = status.job is not None and not retrying.wants_rerun(build)
        if (
            begun
            or status.policy_bundle is not None
            or build.spec.suspend
            or retrying.is_finished(build)
        ):
            return build
        request = ObjectRequest(
            kind=Governed.ARTIFACT_BUILD,
            namespace=metadata.namespace,
            name=metadata.name,
            spec=build.spec.to_json(),
            now=now,
        )
        pin = (await self._tools.admitting.require(request)).pin
        return build.model_copy(update={"status": status.model_copy(update={"policy_bundle": pin})})

    def _in_turn(self, key: ObjectKey, work: ArtifactBuild, plan: Plan, now: datetime) -> Plan:
        turns, namespace = self._tools.turns, work.metadata.namespace
        if any(isinstance(action, plans.StartJob) for action in plan.actions):
            if (frozen := self._tools.freezes.standing(namespace)) is not None:
                turns.leave(key)
                return plans.frozen_plan(work, frozen.sentence, now)
            if turns.enter(key, namespace):
                return self._in_worker(key, work, plan, now)
            return plans.queued_plan(work, turns.why_waiting(namespace), now)
        if plan.status is not None and _has_live_job(plan.status):
            turns.occupy(key, namespace)
        else:
            turns.leave(key)
        return plan

    def _in_worker(self, key: ObjectKey, work: ArtifactBuild, plan: Plan, now: datetime) -> Plan:
        """Have a Job that waits take the build, where one does and the build may have it.

        What was pinned before goes on as it was pinned.
        """
        started = next(each for each in plan.actions if isinstance(each, plans.StartJob))
        if plan.intent is None or started.worker or not workers.suits(work, started.prepared):
            return plan
        pin = work.status.policy_bundle
        name = pin.name if pin is not None else None
        if not may_be_warm(self._tools.governing, work.metadata.namespace, name):
            return plan
        worker = self._tools.pool.offer(key, now)
        return plans.in_worker(plan, worker) if worker else plan

    async def act(
        self,
        work: ArtifactBuild,
        action: Action,
        status: ArtifactBuildStatus | None,
        now: datetime,
    ) -> ArtifactBuildStatus | None:
        """Carry out one action."""
        tools, metadata = self._tools, work.metadata
        match action:
            case plans.StartJob():
                return await tools.starter.start(work, action, status, now)
            case plans.Publish(publication):
                try:
                    await tools.publisher.publish(work, publication)
                except ObjectNotFoundError as error:
                    raise TransientError(BuildReason.UPLOAD_MISSING, str(error)) from error
                attempt = publication.attempt
                await tools.bucket.discard_upload(metadata.uid, attempt)
                if plans.pinned_job_name(work, attempt) != plans.job_name(work, attempt):
                    job_uid = retrying.job_uid(work, attempt)
                    await tools.bucket.discard_assignment(metadata.uid, attempt, job_uid)
            case plans.DeleteJob(name):
                await tools.children.delete_job(name)
            case plans.Expire():
                await tools.builds.delete(metadata.namespace, metadata.name, metadata.uid)
        return status

    async def gone(self, metadata: ObjectMeta) -> Sequence[Fact]:
        """Delete the Jobs of a deleted build; its artifact stays."""
        self._tools.turns.leave(ObjectKey(metadata.namespace, metadata.name))
        for job in await self._tools.children.jobs_of(metadata.uid):
            await self._tools.children.delete_job(job["metadata"]["name"])
        return (facts.deleted(metadata),)

    async def _observe(self, build: ArtifactBuild, now: datetime) -> Observed:
        tools = self._tools
        seen = Observed(
            build,
            default_ttl_seconds=tools.default_ttl_seconds,
            archived=target_named(build.spec.target).archived,
        )
        if retrying.is_finished(build):
            return seen
        attempt = retrying.current_attempt(build)
        uid = retrying.job_uid(build, attempt)
        job = await self._observe_job(build, attempt, uid, now)
        if isinstance(job, JobSucceeded) and uid and not build.spec.suspend:
            return await self._observe_upload(replace(seen, job=job), job, attempt)
        if build.spec.suspend or isinstance(job, JobFailed) or (job is not None and uid):
            return replace(seen, job=job)
        namespace = build.metadata.namespace
        if uid:
            # The Job is gone; what it made may have been published before.
            key = build.status.cache_key
            entry = await tools.bucket.cached(namespace, key) if key else None
            return replace(seen, entry=entry)
        if not _is_due(build, now):
            return seen
        prepared = await tools.sources.prepare(build)
        entry = None
        if job is None and (seen.archived or not build.spec.retry):
            entry = await tools.bucket.cached(namespace, prepared.cache_key)
        return replace(seen, prepared=prepared, entry=entry, job=job)

    async def _observe_job(
        self, build: ArtifactBuild, attempt: int, uid: str, now: datetime
    ) -> JobOutcome | None:
        """Return the outcome of the Job of that attempt; one of another uid is not ours."""
        tools, name = self._tools, plans.pinned_job_name(build, attempt)
        job = tools.jobs.get(ObjectKey(tools.children.namespace, name))
        if job is None and retrying.last_attempt(build) == attempt:
            # The watch may lag behind; only the API server can say that a Job is gone.
            job = await tools.children.find_job(name)
        if job is None or (uid and job["metadata"]["uid"] != uid):
            return None
        pod = pod_outcome(job, tools.pods.labelled(name), CONTAINER)
        if workers.is_worker(job):
            if not workers.belongs_to(job, build.metadata.uid, attempt):
                # It was to be claimed, and was not, or not for this.
                return None
            said = await self._said(build, attempt)
            pod = said or workers.since_claimed(job, pod)
        pod = await self._why_no_pod(job, pod, now)
        uid = job["metadata"]["uid"]
        target = target_named(build.spec.target)
        made_by = tools.makers.get(target.image)
        return job_outcome(name, uid, target.name, made_by.image if made_by else "", pod)

    async def _said(self, build: ArtifactBuild, attempt: int) -> Ended | None:
        """Return what a Job that was started ahead says of its end, None while it says nothing.

        It counts as the termination message does, which says the same up to a second later.
        """
        said = await self._tools.bucket.claim_end(build.metadata.uid, attempt)
        if said is None:
            return None
        try:
            end = parse_end(said.data)
        except InvalidResultError as error:
            return Ended(EXIT_DONE, str(error), said.at)
        return Ended(end.exit_code, end.message, said.at)

    async def _why_no_pod(self, job: Body, pod: PodOutcome, now: datetime) -> PodOutcome:
        """Have a Job that has no pod say why, which only Events tell."""
        if not isinstance(pod, Waiting) or pod.has_pod or now - pod.since < NO_POD_AFTER:
            return pod
        return replace(pod, message=await self._tools.children.refusal_of(job))

    async def _observe_upload(self, seen: Observed, job: JobSucceeded, attempt: int) -> Observed:
        build = seen.build
        try:
            publication = await self._tools.publisher.inspect(build, job, attempt)
        except UploadError as error:
            failed = JobFailed(job.name, error.reason, str(error), job.finished_at)
            return replace(seen, job=failed)
        except NotReproducibleError as error:
            if seen.archived:
                # Another processor, perhaps: what was published first is what there is.
                return replace(seen, entry=error.earlier)
            raise StalledError(BuildReason.NOT_REPRODUCIBLE, str(error)) from error
        return replace(seen, publication=publication)


def _key(build: ArtifactBuild) -> ObjectKey:
    return ObjectKey(build.metadata.namespace, build.metadata.name)


def _is_due(build: ArtifactBuild, now: datetime) -> bool:
    """Return whether the next attempt may start: until then nothing is read for it."""
    retry_at = build.status.retry_at
    return retry_at is None or now >= retry_at or retrying.wants_rerun(build)


def _has_live_job(status: ArtifactBuildStatus) -> bool:
    """Return whether a Job of the build runs by what the plan says."""
    return (
        status.phase is Phase.COMPILING
        and status.retry_at is None
        and status.job is not None
        and bool(status.job.uid)
    )
