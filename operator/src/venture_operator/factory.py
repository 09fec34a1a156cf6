"""The composition root: every long-lived object is made here, once, from the settings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.artifacts.provenance import load_private_key
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, JOBS, PODS
from venture_core.objectstore import ObjectStore

from venture_operator.builders.compilejob import CompilerPod
from venture_operator.domain.labels import COMPILE_SELECTOR
from venture_operator.services.artifactbuild import KIND, ArtifactBuildReconciler
from venture_operator.services.controller import Controller
from venture_operator.services.intake import Intake, its_owner, itself
from venture_operator.services.kind import whole
from venture_operator.services.publish import Publisher
from venture_operator.services.resync import Resync
from venture_operator.services.source import SourceReader
from venture_operator.services.watches import Streams, Watch
from venture_operator.storage.artifacts import ArtifactStorage
from venture_operator.storage.builds import BuildStorage
from venture_operator.storage.compilejobs import CompileJobStorage
from venture_operator.storage.record import Record
from venture_operator.storage.watched import ObjectKey, WatchedObjects

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from venture_core.kubernetes.client import KubernetesClient

    from venture_operator.domain.references import Reference
    from venture_operator.settings import OperatorSettings

JOB_NAME_LABEL = "batch.kubernetes.io/job-name"


@dataclass(frozen=True, slots=True)
class Operator:
    """What runs while this replica leads."""

    controller: Controller
    resync: Resync
    streams: Streams
    record: Record
    signing_key: Ed25519PrivateKey


def build_operator(settings: OperatorSettings, client: KubernetesClient) -> Operator:
    """Wire everything; reads the signing key. Raises OSError, ProvenanceError for a bad key."""
    signing_key = load_private_key(settings.signing_key_file.read_bytes())
    artifacts = ArtifactStorage(ObjectStore(settings.s3()))
    build_storage = BuildStorage(client, reporter=settings.pod_name)
    record = Record(settings.postgres_url, reporter=settings.pod_name)
    builds, jobs = WatchedObjects(), WatchedObjects()
    pods = WatchedObjects(index_label=JOB_NAME_LABEL)
    reconciler = ArtifactBuildReconciler(
        builds=builds,
        jobs=jobs,
        pods=pods,
        build_storage=build_storage,
        job_storage=CompileJobStorage(
            client, egress=settings.compile_egress, cluster_role=settings.cluster_role
        ),
        artifacts=artifacts,
        sources=SourceReader(build_storage, artifacts),
        publisher=Publisher(artifacts, signing_key),
        record=record,
        pod=CompilerPod(
            image=settings.compiler_image,
            pull_policy=settings.compiler_image_pull_policy,
            pull_secrets=settings.compiler_image_pull_secrets,
            resources=settings.compiler_resources,
            scheduling=settings.compiler_scheduling,
        ),
    )
    controller = Controller(KIND, reconciler.reconcile, workers=settings.workers)

    def wake(reference: Reference) -> None:
        if reference.kind == KIND:
            controller.wake(ObjectKey(reference.namespace, reference.name))

    served = settings.watch_namespaces
    streams = Streams(
        [
            Watch(ARTIFACT_BUILDS, Intake(builds, wake, itself), whole, served),
            Watch(JOBS, Intake(jobs, wake, its_owner), whole, served, COMPILE_SELECTOR),
            Watch(PODS, Intake(pods, wake, its_owner), whole, served, COMPILE_SELECTOR),
        ]
    )
    resync = Resync(client, streams, artifacts=artifacts, every_seconds=settings.resync_seconds)
    return Operator(
        controller=controller,
        resync=resync,
        streams=streams,
        record=record,
        signing_key=signing_key,
    )
