"""What wires Freezes."""

from typing import TYPE_CHECKING

from venture_core.kubernetes.resources import FREEZES
from venture_crds.v1alpha1.freeze import Freeze

from venture_operator.kinds.freeze.service import FreezeService
from venture_operator.services.kind import Kind, Wired
from venture_operator.storage.objects import Objects
from venture_operator.storage.watched import WatchedObjects

if TYPE_CHECKING:
    from venture_operator.services.kind import Shared


def wire(shared: Shared) -> Wired:
    """Return the kind, ready to run."""
    return Wired(
        kind=Kind(resource=FREEZES, types=Freeze),
        service=FreezeService(),
        watched=WatchedObjects(keeps_deleted=True),
        objects=Objects(shared.client, FREEZES, reporter=shared.settings.pod_name),
    )
