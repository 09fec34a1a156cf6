"""What wires PolicyBundles."""

from typing import TYPE_CHECKING

from venture_core.kubernetes.resources import POLICY_BUNDLES
from venture_crds.v1alpha1.policybundle import PolicyBundle

from venture_operator.kinds.policybundle.service import PolicyBundleService
from venture_operator.services.kind import Kind, Wired
from venture_operator.storage.objects import Objects
from venture_operator.storage.watched import WatchedObjects

if TYPE_CHECKING:
    from venture_operator.services.kind import Shared


def wire(shared: Shared) -> Wired:
    """Return the kind, ready to run."""

    def pinned_to(namespace: str, hash_: str) -> int:
        going_on = (body for each in shared.watched.values() for body in each.all(namespace))
        pins = (body.get("status", {}).get("policyBundle", {}) for body in going_on)
        return sum(pin.get("hash") == hash_ for pin in pins)

    return Wired(
        kind=Kind(resource=POLICY_BUNDLES, types=PolicyBundle),
        service=PolicyBundleService(shared.governing, shared.bundles, pinned_to),
        watched=WatchedObjects(keeps_deleted=True),
        objects=Objects(shared.client, POLICY_BUNDLES, reporter=shared.settings.pod_name),
    )
