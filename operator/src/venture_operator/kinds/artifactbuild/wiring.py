"""What wires ArtifactBuilds."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from venture_core.kubernetes.resources import ARTIFACT_BUILDS
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild

from venture_operator import metrics
from venture_operator.builders.job import PodSettings
from venture_operator.domain.references import Reference
from venture_operator.domain.stubs import is_settled
from venture_operator.kinds.artifactbuild.bucket import Bucket
from venture_operator.kinds.artifactbuild.launching import Starter
from venture_operator.kinds.artifactbuild.plans import KIND
from venture_operator.kinds.artifactbuild.pool import Pool, PoolSize
from venture_operator.kinds.artifactbuild.publish import Publisher
from venture_operator.kinds.artifactbuild.service import ArtifactBuildService, Tools
from venture_operator.kinds.artifactbuild.source import SourceReader
from venture_operator.kinds.artifactbuild.stub import stub
from venture_operator.kinds.artifactbuild.vanished import Vanished
from venture_operator.services.admission import Admitting
from venture_operator.services.intake import its_controller
from venture_operator.services.kind import Housekeeping, Kind, Wired
from venture_operator.services.turns import Turns
from venture_operator.storage.configmaps import ConfigMaps
from venture_operator.storage.objects import Objects
from venture_operator.storage.watched import ObjectKey, WatchedObjects

if TYPE_CHECKING:
    from venture_core.artifacts.target import JobImage

    from venture_operator.services.kind import Shared
    from venture_operator.settings import OperatorSettings

SWEEP_EVERY_ROUNDS: Final = 10


def wire(shared: Shared) -> Wired:
    """Return the kind, ready to run."""
    settings = shared.settings
    watched = WatchedObjects(keeps_deleted=True)
    objects = Objects(shared.client, ARTIFACT_BUILDS, reporter=settings.pod_name)
    bucket = Bucket(shared.store, cache_scope=settings.cache_scope)

    def wake(key: ObjectKey) -> None:
        shared.wake(Reference(KIND, key.namespace, key.name))

    turns: Turns[ObjectKey] = Turns(
        at_once=settings.jobs_at_once, per_namespace=settings.jobs_per_namespace, wake=wake
    )
    metrics.JOBS_RUNNING.labels(KIND).set_function(turns.running)
    metrics.JOBS_WAITING.labels(KIND).set_function(lambda: turns.waiting)
    makers = _makers(settings)
    images = {name: pod.image for name, pod in makers.items()}
    pool = _pool(shared, bucket, makers)
    tools = Tools(
        builds=objects,
        jobs=shared.jobs,
        pods=shared.pods,
        children=shared.children,
        bucket=bucket,
        sources=SourceReader(objects, ConfigMaps(shared.client), bucket, images=images),
        publisher=Publisher(bucket, shared.signing_key),
        turns=turns,
        admitting=Admitting(shared.client, shared.governing),
        freezes=shared.freezes,
        makers=makers,
        governing=shared.governing,
        starter=_starter(shared, bucket, pool, makers),
        pool=pool,
        default_ttl_seconds=settings.build_ttl_seconds,
    )

    vanished = Vanished(shared.record, watched, objects)

    async def sweep_staging() -> int:
        unfinished = {body["metadata"]["uid"] for body in watched.all() if not is_settled(body)}
        return await bucket.sweep_staging(unfinished.__contains__)

    return Wired(
        kind=Kind(
            resource=ARTIFACT_BUILDS, types=ArtifactBuild, stub=stub, also_wakes=its_controller
        ),
        service=ArtifactBuildService(tools),
        watched=watched,
        objects=objects,
        housekeeping=(
            Housekeeping("staging", sweep_staging, SWEEP_EVERY_ROUNDS),
            Housekeeping("vanished builds", vanished.sweep, SWEEP_EVERY_ROUNDS),
        ),
        beside=(pool.run,),
    )


def _pool(shared: Shared, bucket: Bucket, makers: dict[JobImage, PodSettings]) -> Pool:
    settings = shared.settings
    return Pool(
        PoolSize(settings.warm_most, timedelta(seconds=settings.warm_idle_seconds)),
        children=shared.children,
        jobs=shared.jobs,
        pods=shared.pods,
        bucket=bucket,
        pod=makers["compiler"],
    )


def _starter(
    shared: Shared, bucket: Bucket, pool: Pool, makers: dict[JobImage, PodSettings]
) -> Starter:
    return Starter(
        children=shared.children,
        jobs=shared.jobs,
        bucket=bucket,
        record=shared.record,
        pool=pool,
        makers=makers,
    )


def _makers(settings: OperatorSettings) -> dict[JobImage, PodSettings]:
    """Return the pods of Jobs by the image that a target asks for."""
    usual = PodSettings(
        image=settings.compiler_image,
        pull_policy=settings.compiler_image_pull_policy,
        pull_secrets=settings.compiler_image_pull_secrets,
        resources=settings.compiler_resources,
        scheduling=settings.compiler_scheduling,
        labels=settings.compiler_labels,
    )
    media = settings.compiler_media
    if media is None:
        return {"compiler": usual}
    pod = replace(
        usual, image=media.image, pull_policy=media.pull_policy, resources=media.resources
    )
    return {"compiler": usual, "media": pod}
