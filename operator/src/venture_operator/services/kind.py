"""What a kind brings, and all that the shared machinery knows of it.

A kind is its types, a stub of its objects, and a service that observes, decides and acts
(`kinds/<kind>`). The list of kinds drives everything else: what is watched and kept in memory, who
is woken, what a resync compares, which CRDs must be there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from venture_core.kubernetes.resources import Resource as Served
    from venture_crds.resource import Resource

    from venture_operator.domain.references import Reference

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
