"""What a kind brings, and all that the shared machinery knows of it.

A kind is its types, a stub of its objects, and a service that observes, decides and acts
(`kinds/<kind>`). The list of kinds drives everything else: what is watched and kept in memory, who
is woken, what a resync compares, which CRDs must be there.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from venture_core.freezes import Freezes
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.kubernetes.resources import Resource as Served
    from venture_core.objectstore import ObjectStore
    from venture_core.policy.governing import Governing
    from venture_core.record.bundles import Bundles
    from venture_crds.resource import Resource

    from venture_operator.domain.references import Reference
    from venture_operator.services.reconciler import Service
    from venture_operator.settings import OperatorSettings
    from venture_operator.storage.children import Children
    from venture_operator.storage.objects import Objects
    from venture_operator.storage.record import Record
    from venture_operator.storage.watched import WatchedObjects

type Body = dict[str, Any]

type Stub = Callable[[Body], Body]
"""Reduces an object to what decisions need; what is left out is read again when it is needed.

It is pure, keeps `apiVersion`, `kind` and the metadata's name, namespace, uid, resourceVersion,
generation and timestamps, never raises, and is applied to whatever a watch or list tells.
"""


def whole(body: Body) -> Body:
    """Keep the object as it is: the stub of kinds whose objects are small."""
    return body


def nobody(body: Body) -> tuple[Reference, ...]:
    """Wake nobody else: what most kinds do."""
    del body
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind: what of it is watched and kept, and who is woken when an object of it changes.

    An object always wakes itself. A Job or pod in the work namespace wakes the owner that its
    labels name (`domain.references.owner_of`), of whatever kind. `also_wakes` names further
    objects: what an Approval approves, the Workflow of a task.
    """

    resource: Served
    types: type[Resource]
    stub: Stub = whole
    also_wakes: Callable[[Body], tuple[Reference, ...]] = nobody

    @property
    def name(self) -> str:
        """The CamelCase name, as in `kind` and in metrics."""
        return self.resource.kind


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """What is swept now and then: `sweep` returns how many things went."""

    what: str
    sweep: Callable[[], Awaitable[int]]
    every_rounds: int = 1
    """Resyncs between two sweeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the factory hands to every kind."""

    settings: OperatorSettings
    client: KubernetesClient
    record: Record
    store: ObjectStore
    governing: Governing
    """The PolicyBundles of the cluster, and which of them governs."""
    bundles: Bundles
    """What published bundles say, by their hash."""
    freezes: Freezes
    """What is frozen now."""
    approvals: WatchedObjects
    """All Approvals. Whose target they name is woken."""
    signing_key: Ed25519PrivateKey
    children: Children
    """The work namespace."""
    jobs: WatchedObjects
    """The Jobs of all owners there."""
    pods: WatchedObjects
    """The pods of all owners there, by the name of their Job."""
    wake: Callable[[Reference], None]
    """Has an object looked at soon, whatever its kind."""
    watched: Mapping[str, WatchedObjects]
    """What is known of the objects of every kind, by its name; there once all are wired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """One kind, ready to run."""

    kind: Kind
    service: Service[Any, Any, Any]
    watched: WatchedObjects
    objects: Objects
    beside: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = ()
    """What runs beside the reconciler while this replica leads, until it is cancelled."""
    housekeeping: tuple[Housekeeping, ...] = ()
