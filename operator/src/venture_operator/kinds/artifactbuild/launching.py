"""From a plan that starts an attempt to the Job that does it, with all that it needs."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog
from venture_core.artifacts.jobcontract import (
    Assignment,
    CompileJobInput,
    JobAsset,
    JobGates,
    JobUpload,
)
from venture_core.artifacts.limits import ARTIFACT_MAX_BYTES, CONFIG_MAP_MAX_BYTES
from venture_core.artifacts.targets import target_named
from venture_crds.v1alpha1.lifecycle import JobStatus

from venture_operator import metrics
from venture_operator.domain.facts import Subject
from venture_operator.domain.references import Reference
from venture_operator.kinds.artifactbuild import facts, plans
from venture_operator.kinds.artifactbuild.compilejob import compile_input, compile_job
from venture_operator.kinds.artifactbuild.plans import KIND
from venture_operator.kinds.artifactbuild.source import gate_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from venture_core.artifacts.target import JobImage
    from venture_core.postpolicy import PostForm
    from venture_crds.v1alpha1.artifactbuild import ArtifactBuild, ArtifactBuildStatus

    from venture_operator.builders.job import PodSettings
    from venture_operator.kinds.artifactbuild.bucket import Bucket
    from venture_operator.kinds.artifactbuild.pool import Pool
    from venture_operator.storage.children import Body, Children
    from venture_operator.storage.record import Record
    from venture_operator.storage.watched import WatchedObjects

URL_GRACE: Final = timedelta(seconds=60)
"""How much longer than its Job may wait and run its URLs live."""

log = structlog.get_logger(__name__)


class Starter:
    """Starts attempts, in a Job of their own or in one that waits. Every step may be repeated."""

    def __init__(
        self,
        *,
        children: Children,
        jobs: WatchedObjects,
        bucket: Bucket,
        record: Record,
        pool: Pool,
        makers: Mapping[JobImage, PodSettings],
    ) -> None:
        self._children = children
        self._jobs = jobs
        self._bucket = bucket
        self._record = record
        self._pool = pool
        self._makers = makers

    async def start(
        self,
        build: ArtifactBuild,
        action: plans.StartJob,
        status: ArtifactBuildStatus | None,
        now: datetime,
    ) -> ArtifactBuildStatus | None:
        """Have a Job, record that it was started, and only then give it what it waits for."""
        metadata, attempt = build.metadata, action.attempt
        owner = Reference(KIND, metadata.namespace, metadata.name, metadata.uid)
        job = None
        if action.worker:
            job = await self._pool.claim(action.worker, owner, attempt, now)
        if job is None:
            job = await self._own(build, owner, attempt)
            await self._record_start(build, action, job, now)
            await self._give_input(build, action, job)
        else:
            await self._record_start(build, action, job, now)
            await self._assign(build, action, job)
        self._jobs.put(job)
        name, uid = job["metadata"]["name"], job["metadata"]["uid"]
        known = JobStatus(name=name, attempt=attempt, uid=uid)
        return status and status.model_copy(update={"job": known})

    async def _own(self, build: ArtifactBuild, owner: Reference, attempt: int) -> Body:
        """Create a Job for the attempt, or find it created before."""
        name = plans.job_name(build, attempt)
        wanted = compile_job(
            owner,
            name=name,
            namespace=self._children.namespace,
            deadline_seconds=int(_lifetime(build).total_seconds()),
            pod=self._makers[target_named(build.spec.target).image],
        )
        job, is_new = await self._children.create_job(wanted)
        if is_new:
            metrics.JOBS_CREATED.labels(KIND).inc()
            log.info("job_created", job=name, attempt=attempt)
        return job

    async def _record_start(
        self, build: ArtifactBuild, action: plans.StartJob, job: Body, now: datetime
    ) -> None:
        key, name = action.prepared.cache_key, job["metadata"]["name"]
        fact = facts.started(build, key, name, action.attempt)
        await self._record.append(Subject(UUID(build.metadata.uid)), (fact,), now)

    async def _give_input(self, build: ArtifactBuild, action: plans.StartJob, job: Body) -> None:
        request = await self._request(build, action, _lifetime(build))
        document = None if request.ir_url else action.prepared.document
        secret = compile_input(job, request, document)
        await self._children.create_input(secret, job["metadata"]["uid"])

    async def _assign(self, build: ArtifactBuild, action: plans.StartJob, job: Body) -> None:
        lifetime = timedelta(seconds=build.spec.timeout_seconds) + URL_GRACE
        end = await self._bucket.end_form(build.metadata.uid, action.attempt, lifetime)
        assignment = Assignment(
            request=await self._request(build, action, lifetime),
            document=action.prepared.document.decode(),
            end=_upload(end),
        )
        await self._bucket.assign(job["metadata"]["uid"], assignment.to_json())
        log.info("warm_worker_assigned", job=job["metadata"]["name"], attempt=action.attempt)

    async def _request(
        self, build: ArtifactBuild, action: plans.StartJob, lifetime: timedelta
    ) -> CompileJobInput:
        bucket, spec, prepared = self._bucket, build.spec, action.prepared
        namespace, uid = build.metadata.namespace, build.metadata.uid
        assets = [
            JobAsset(
                name=asset.name,
                url=await bucket.presign_input(namespace, asset.object_ref.key, lifetime),
                sha256=asset.object_ref.sha256,
            )
            for asset in spec.assets
        ]
        ir_url = None
        if spec.source.object_ref and len(prepared.document) > CONFIG_MAP_MAX_BYTES:
            # Too large for a Secret: the Job fetches it.
            ir_url = await bucket.presign_input(namespace, spec.source.object_ref.key, lifetime)
        return CompileJobInput(
            target=str(spec.target),
            gates=JobGates.from_settings(gate_settings(spec.gates)),
            ir_url=ir_url,
            ir_sha256=prepared.sha256,
            assets=tuple(assets),
            upload=_upload(await bucket.upload_form(uid, action.attempt, lifetime)),
            thumbnail=_upload(await bucket.thumbnail_form(uid, action.attempt, lifetime)),
            toolchain=prepared.toolchain,
            max_artifact_bytes=ARTIFACT_MAX_BYTES,
            authorities=bucket.authorities,
        )


def _lifetime(build: ArtifactBuild) -> timedelta:
    """Return for how long a Job of the build's own may wait and run, with some time to spare."""
    return plans.WAITING_LIMIT + timedelta(seconds=build.spec.timeout_seconds) + URL_GRACE


def _upload(form: PostForm) -> JobUpload:
    return JobUpload(url=form.url, fields=dict(form.fields))
