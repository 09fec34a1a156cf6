"""The composition root: every long-lived object is made here, once, from the settings."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from venture_core.artifacts.provenance import load_private_key
from venture_core.events.envelope import Service
from venture_core.freezes import Freezes
from venture_core.kubernetes.resources import JOBS, PODS
from venture_core.objectstore import ObjectStore
from venture_core.policy.governing import Governing
from venture_core.record.bundles import Bundles

from venture_operator.domain.childstubs import job_stub, pod_stub
from venture_operator.domain.conditions import is_at_work
from venture_operator.domain.labels import JOB_LABEL, MANAGED_BY, MANAGED_BY_LABEL
from venture_operator.domain.references import Reference, reference_to
from venture_operator.kinds.approval import wiring as approval
from venture_operator.kinds.artifactbuild import wiring as artifactbuild
from venture_operator.kinds.freeze import wiring as freeze
from venture_operator.kinds.moneyintent import wiring as moneyintent
from venture_operator.kinds.policybundle import wiring as policybundle
from venture_operator.kinds.workflow import wiring as workflow
from venture_operator.services.controller import Controller
from venture_operator.services.intake import Intake, its_jobs_owner, its_owner, itself
from venture_operator.services.kind import Housekeeping, Shared, Wired
from venture_operator.services.orphans import Orphans
from venture_operator.services.reconciler import Reconciler
from venture_operator.services.resync import Resync
from venture_operator.services.serving import Serving
from venture_operator.services.watches import Streams, Watch
from venture_operator.storage.children import Children
from venture_operator.storage.record import Record
from venture_operator.storage.serving import ServingStore
from venture_operator.storage.watched import ObjectKey, WatchedObjects

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from venture_core.kubernetes.client import Body, KubernetesClient

    from venture_operator.settings import OperatorSettings

type Wire = Callable[[Shared], Wired]

KINDS: Final[tuple[Wire, ...]] = (
    policybundle.wire,
    freeze.wire,
    approval.wire,
    artifactbuild.wire,
    moneyintent.wire,
    workflow.wire,
)
"""The kinds that this operator reconciles."""

JOB_NAME_LABEL: Final = "batch.kubernetes.io/job-name"
CHILDREN: Final = f"{MANAGED_BY_LABEL}={MANAGED_BY},{JOB_LABEL}"
"""What is watched in the work namespace: our Jobs and their pods, with an owner or not yet."""


@dataclass(frozen=True, slots=True)
class Operator:
    """What runs while this replica leads."""

    controllers: tuple[Controller, ...]
    beside: tuple[Callable[[], Coroutine[Any, Any, None]], ...]
    """What kinds have running besides."""
    resync: Resync
    streams: Streams
    record: Record
    freezes: Freezes
    signing_key: Ed25519PrivateKey
    serving: Serving | None
    """None where the release serves nothing."""


def build_operator(
    settings: OperatorSettings, client: KubernetesClient, kinds: tuple[Wire, ...] = KINDS
) -> Operator:
    """Wire everything; reads the signing key. Raises OSError, ProvenanceError for a bad key."""
    controllers: dict[str, Controller] = {}

    def wake(reference: Reference) -> None:
        if (controller := controllers.get(reference.kind)) is not None:
            controller.wake(ObjectKey(reference.namespace, reference.name))

    wired: list[Wired] = []
    watched: dict[str, WatchedObjects] = {}

    def wake_all_at_work() -> None:
        for each in wired:
            for body in filter(is_at_work, each.watched.all()):
                wake(reference_to(body))

    shared = Shared(
        settings=settings,
        client=client,
        record=Record(settings.postgres_url, reporter=settings.pod_name, on_lost=wake_all_at_work),
        store=ObjectStore(settings.s3()),
        governing=Governing(settings.baseline()),
        bundles=Bundles(
            settings.postgres_url, service=Service.ORCHESTRATOR, name=settings.pod_name
        ),
        freezes=Freezes(client, on_change=wake_all_at_work),
        approvals=WatchedObjects(keeps_deleted=True),
        signing_key=load_private_key(settings.signing_key_file.read_bytes()),
        children=Children(client, settings.work_namespace),
        jobs=WatchedObjects(),
        pods=WatchedObjects(index_label=JOB_NAME_LABEL),
        wake=wake,
        watched=watched,
    )
    wired += [wire(shared) for wire in kinds]
    for each in wired:
        watched[each.kind.name] = each.watched
        controllers[each.kind.name] = _controller(each, shared)
    streams = Streams(_watches(wired, shared))
    return Operator(
        controllers=tuple(controllers.values()),
        beside=tuple(task for each in wired for task in each.beside),
        resync=_resync(wired, shared, streams),
        streams=streams,
        record=shared.record,
        freezes=shared.freezes,
        signing_key=shared.signing_key,
        serving=_serving(settings, client),
    )


def _serving(settings: OperatorSettings, client: KubernetesClient) -> Serving | None:
    if settings.serving is None:
        return None
    return Serving(ServingStore(client, settings.namespace), settings.serving)


def _controller(wired: Wired, shared: Shared) -> Controller:
    reconciler: Reconciler[Any, Any, Any] = Reconciler(
        wired.kind,
        wired.service,
        watched=wired.watched,
        objects=wired.objects,
        record=shared.record,
        wake=shared.wake,
    )
    return Controller(wired.kind.name, reconciler.reconcile, workers=shared.settings.workers)


def _watches(wired: Iterable[Wired], shared: Shared) -> list[Watch]:
    served, work = shared.settings.watch_namespaces, (shared.children.namespace,)
    watches = [
        Watch(
            each.kind.resource,
            Intake(each.watched, shared.wake, _concerned(each)),
            each.kind.stub,
            served if each.kind.resource.namespaced else (),
        )
        for each in wired
    ]
    jobs = Intake(shared.jobs, shared.wake, its_owner)
    pods = Intake(shared.pods, shared.wake, its_jobs_owner(shared.jobs, JOB_NAME_LABEL))
    watches.append(Watch(JOBS, jobs, job_stub, work, CHILDREN))
    watches.append(Watch(PODS, pods, pod_stub, work, CHILDREN))
    return watches


def _concerned(wired: Wired) -> Callable[[Body], tuple[Reference, ...]]:
    """Return who is woken by an object of the kind: itself, and whom it concerns besides."""
    return lambda body: (*itself(body), *wired.kind.also_wakes(body))


def _resync(wired: list[Wired], shared: Shared, streams: Streams) -> Resync:
    orphans = Orphans(shared.children, shared.jobs, {each.kind.name: each for each in wired})
    return Resync(
        shared.client,
        streams,
        housekeeping=(
            Housekeeping("orphans", orphans.sweep),
            *(job for each in wired for job in each.housekeeping),
        ),
        every_seconds=shared.settings.resync_seconds,
    )
