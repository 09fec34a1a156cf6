"""Reconcile one ArtifactBuild: observe, decide, apply."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog
from pydantic import ValidationError
from venture_core.artifacts.jobcontract import CompileJobInput, JobAsset, JobGates
from venture_core.artifacts.toolchain import PPTX_TOOLCHAIN
from venture_core.kubernetes.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from venture_core.objectstore import ObjectStoreError
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild

from venture_operator import metrics
from venture_operator.builders.compilejob import CompilerPod, compile_input, compile_job
from venture_operator.domain import artifactbuild as domain
from venture_operator.domain.jobs import JobFailed, JobOutcome, JobSucceeded, job_outcome
from venture_operator.errors import StalledError, TransientError, WaitingError
from venture_operator.services.publish import NotReproducibleError, UploadError
from venture_operator.services.source import gate_settings
from venture_operator.storage.artifacts import MAX_ARTIFACT_BYTES
from venture_operator.storage.watched import ObjectKey, WatchedObjects

if TYPE_CHECKING:
    from venture_core.kubernetes.client import Body

    from venture_operator.domain.cacheentry import CacheEntry
    from venture_operator.services.publish import Publisher
    from venture_operator.services.source import SourceReader
    from venture_operator.storage.artifacts import ArtifactStorage
    from venture_operator.storage.builds import BuildStorage
    from venture_operator.storage.compilejobs import CompileJobStorage
    from venture_operator.storage.record import Record

KIND: Final = "ArtifactBuild"
URL_GRACE: Final = timedelta(seconds=60)
"""How much longer than the Job its presigned URLs live."""
DEPENDENCY_RETRY_SECONDS: Final = 5.0
REFUSED_RETRY_SECONDS: Final = 30.0

log = structlog.get_logger(__name__)


class ArtifactBuildReconciler:
    """Brings ArtifactBuilds to their end, whatever happened before and whoever was killed."""

    def __init__(
        self,
        *,
        builds: WatchedObjects,
        jobs: WatchedObjects,
        pods: WatchedObjects,
        build_storage: BuildStorage,
        job_storage: CompileJobStorage,
        artifacts: ArtifactStorage,
        sources: SourceReader,
        publisher: Publisher,
        record: Record,
        pod: CompilerPod,
    ) -> None:
        self._builds = builds
        self._jobs = jobs
        self._pods = pods
        self._build_storage = build_storage
        self._job_storage = job_storage
        self._artifacts = artifacts
        self._sources = sources
        self._publisher = publisher
        self._record = record
        self._pod = pod

    async def reconcile(self, key: ObjectKey) -> float | None:
        """Do what the build needs now; return in how many seconds to look again, if at all."""
        body = self._builds.get(key)
        if body is None or body["metadata"].get("deletionTimestamp"):
            return None
        now = datetime.now(UTC)
        build = _parse(body)
        if build is None or domain.is_settled(build):
            return None
        try:
            plan = await self._settle(body, build, now)
        except WaitingError as error:
            plan = domain.waiting_plan(
                build, error.reason, error.message, now, after_seconds=error.after_seconds
            )
        except TransientError as error:
            plan = domain.waiting_plan(
                build, error.reason, error.message, now, after_seconds=DEPENDENCY_RETRY_SECONDS
            )
        except ObjectStoreError as error:
            plan = domain.waiting_plan(
                build, "StorageUnavailable", str(error), now, after_seconds=DEPENDENCY_RETRY_SECONDS
            )
        return await self._write(body, build, plan)

    async def _settle(self, body: Body, build: ArtifactBuild, now: datetime) -> domain.Plan:
        """Decide and act, or decide to give up; return the plan whose status is to be written."""
        try:
            plan = await self._decide(build, now)
            await self._record.append(build, plan.facts, now)
            await self._act(body, build, plan)
        except StalledError as error:
            plan = domain.stalled_plan(build, error.reason, error.message, now)
            await self._record.append(build, plan.facts, now)
        return plan

    async def _decide(self, build: ArtifactBuild, now: datetime) -> domain.Plan:
        """Observe and decide; what a Job uploaded is published, and then decided upon."""
        observed = await self._observe(build)
        plan = domain.decide(observed, now)
        match plan.actions:
            case (domain.Publish() as publish,):
                return domain.decide(await self._publish(observed, publish), now)
            case _:
                return plan

    async def _act(self, body: Body, build: ArtifactBuild, plan: domain.Plan) -> None:
        for action in plan.actions:
            match action:
                case domain.StartJob():
                    await self._start_job(body, build, action)
                case domain.DeleteJob(name):
                    await self._job_storage.delete_job(build.metadata.namespace, name)
                case domain.Publish():
                    raise AssertionError("publishing is part of deciding")

    async def _observe(self, build: ArtifactBuild) -> domain.Observed:
        if domain.is_finished(build):
            return domain.Observed(build)
        attempt = domain.current_attempt(build)
        job = await self._observe_job(build, attempt)
        if isinstance(job, JobSucceeded):
            return domain.Observed(
                build, entry=await self._artifacts.cached(job.cache_key), job=job
            )
        if job is not None or build.spec.suspend:
            return domain.Observed(build, job=job)
        if domain.is_recorded(build, attempt):
            # The Job is gone; what it made may have been published before.
            cache_key = build.status.cache_key
            entry = await self._artifacts.cached(cache_key) if cache_key else None
            return domain.Observed(build, cache_key, entry)
        prepared = await self._sources.prepare(build)
        entry = None if build.spec.retry else await self._artifacts.cached(prepared.cache_key)
        return domain.Observed(build, prepared.cache_key, entry)

    async def _observe_job(self, build: ArtifactBuild, attempt: int) -> JobOutcome | None:
        name = domain.job_name(build, attempt)
        namespace = build.metadata.namespace
        job = self._jobs.get(ObjectKey(namespace, name))
        if job is None and domain.is_recorded(build, attempt):
            # The watch may lag behind; only the API server can say that a Job is gone.
            job = await self._job_storage.find(namespace, name)
        if job is None:
            return None
        return job_outcome(job, self._pods.labelled(name))

    async def _publish(self, observed: domain.Observed, action: domain.Publish) -> domain.Observed:
        try:
            entry: CacheEntry | None = await self._publisher.publish(observed.build, action)
            job = observed.job
        except UploadError as error:
            entry = None
            name = domain.job_name(observed.build, action.attempt)
            job = JobFailed(name, error.reason, str(error))
        except NotReproducibleError as error:
            raise StalledError("NotReproducible", str(error)) from error
        return replace(observed, entry=entry, job=job)

    async def _start_job(self, body: Body, build: ArtifactBuild, action: domain.StartJob) -> None:
        try:
            await self._create_job(body, build, action)
        except (ForbiddenError, InvalidError) as error:
            # A quota, an admission rule, a namespace that goes: the user sees which.
            raise WaitingError(
                "JobRefused", error.message, after_seconds=REFUSED_RETRY_SECONDS
            ) from error

    async def _create_job(self, body: Body, build: ArtifactBuild, action: domain.StartJob) -> None:
        prepared = await self._sources.prepare(build)
        if prepared.cache_key != action.cache_key:
            # The source changed between two looks: decide again with what it is now.
            raise TransientError("SourceChanged", "the document changed while the build started")
        await self._job_storage.ensure_fence(build.metadata.namespace)
        wanted = compile_job(
            body,
            name=domain.job_name(build, action.attempt),
            cache_key=prepared.cache_key,
            document_sha256=prepared.sha256,
            timeout_seconds=build.spec.timeout_seconds,
            pod=self._pod,
        )
        job, is_new = await self._job_storage.create_job(wanted, build.metadata.uid)
        request = await self._request(build, action.attempt)
        config_map = compile_input(job, request, prepared.document)
        await self._job_storage.create_input(config_map, job["metadata"]["uid"])
        self._jobs.put(job)
        if is_new:
            metrics.JOBS_CREATED.labels(KIND).inc()
            log.info("job_created", job=wanted["metadata"]["name"], attempt=action.attempt)

    async def _request(self, build: ArtifactBuild, attempt: int) -> CompileJobInput:
        namespace, spec = build.metadata.namespace, build.spec
        lifetime = timedelta(seconds=spec.timeout_seconds) + URL_GRACE
        assets = tuple(
            [
                JobAsset(
                    name=asset.name,
                    url=await self._artifacts.presign_input(
                        namespace, asset.object_ref.key, lifetime
                    ),
                    sha256=asset.object_ref.sha256,
                )
                for asset in spec.assets
            ]
        )
        return CompileJobInput(
            target=str(spec.target),
            gates=JobGates.from_settings(gate_settings(spec.gates)),
            assets=assets,
            upload_url=await self._artifacts.presign_upload(build.metadata.uid, attempt, lifetime),
            toolchain=PPTX_TOOLCHAIN.id,
            max_artifact_bytes=MAX_ARTIFACT_BYTES,
        )

    async def _write(self, body: Body, build: ArtifactBuild, plan: domain.Plan) -> float | None:
        """Write the status if it differs, then say on the object what happened."""
        if plan.status is None:
            return plan.requeue_after_seconds
        try:
            written = await self._build_storage.write_status(body, plan.status)
        except ConflictError:
            # The object changed meanwhile: its watch event wakes us, this only makes sure.
            return 1.0
        except NotFoundError:
            return None
        if written is not None:
            self._builds.put(written)
            await self._announce(written, build, plan)
        return plan.requeue_after_seconds

    async def _announce(self, body: Body, build: ArtifactBuild, plan: domain.Plan) -> None:
        if plan.transition is None or plan.status is None:
            return
        reason, message = plan.transition.reason, plan.transition.message
        log.info("transition", reason=reason, message=message)
        await self._build_storage.post_event(
            body, reason=reason, message=message, warning=plan.transition.warning
        )
        if plan.status.finished_at != build.status.finished_at:
            metrics.BUILDS_FINISHED.labels(reason).inc()
            if plan.status.job is not None:
                await self._artifacts.discard_upload(build.metadata.uid, plan.status.job.attempt)


def _parse(body: Body) -> ArtifactBuild | None:
    """Parse an object; None where the API server accepted what our types do not."""
    try:
        return ArtifactBuild.model_validate(body)
    except ValidationError as error:
        # Only an object of a newer schema can get here; a status would be written over it.
        log.exception("object_unreadable", errors=error.error_count(), fields=str(error)[:500])
        return None
