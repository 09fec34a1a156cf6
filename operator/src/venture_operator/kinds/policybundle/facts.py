"""What the record says of a bundle."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from venture_core.events.types import policy as events

from venture_operator.domain.facts import Fact

if TYPE_CHECKING:
    from venture_crds.v1alpha1.policybundle import PolicyBundle


def published(bundle: PolicyBundle, hash_: str) -> Fact:
    """Return that it governs from now on."""
    return Fact("policy.bundle.published.v1", events.BundlePublishedV1(**_about(bundle, hash_)))


def deprecated(bundle: PolicyBundle, hash_: str) -> Fact:
    """Return that it governs nothing new any more."""
    return Fact("policy.bundle.deprecated.v1", events.BundleDeprecatedV1(**_about(bundle, hash_)))


def _about(bundle: PolicyBundle, hash_: str) -> dict[str, Any]:
    metadata = bundle.metadata
    return {
        "namespace": metadata.namespace,
        "name": metadata.name,
        "uid": UUID(metadata.uid),
        "version": bundle.spec.version,
        "bundle_hash": hash_,
    }
