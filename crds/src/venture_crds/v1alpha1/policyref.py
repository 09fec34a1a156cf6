"""How an object names the bundle that governs it, and how that is pinned."""

from pydantic import Field

from venture_crds.base import SpecModel, StatusModel
from venture_crds.v1alpha1.policybundle import BundleVersion, ContentHash
from venture_crds.v1alpha1.scalars import ObjectName


class PolicyBundleRef(SpecModel):
    """The bundle that governs an object: one of its own namespace."""

    name: ObjectName
    """The name of the PolicyBundle. Unset with the whole reference: `default`."""

    hash: ContentHash | None = None
    """The content hash that it had when the object was accepted. Admission fills it in; an object
    that names another one than governs is refused."""


class PinnedBundle(StatusModel):
    """The bundle that governs an object from its acceptance to its end."""

    name: str = Field(max_length=253)
    """The name of the PolicyBundle; empty where only the platform's baseline governs."""

    version: BundleVersion
    """Its version, or that of the baseline."""

    hash: ContentHash
    """Its content hash, or that of the baseline."""

    baseline_hash: ContentHash | None = None
    """The content hash of the platform's baseline that governs beside it."""
