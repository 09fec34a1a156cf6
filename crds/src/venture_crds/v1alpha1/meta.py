"""The part of a Kubernetes object's metadata that Venture reads and writes."""

from pydantic import Field

from venture_crds.base import StatusModel
from venture_crds.v1alpha1.scalars import Timestamp


def _is_empty(value: object) -> bool:
    return not value


class ObjectMeta(StatusModel):
    """Metadata of an object. An empty field is one that the API server has not set."""

    name: str = Field(default="", exclude_if=_is_empty)
    """The name, unique within the namespace for its kind."""

    namespace: str = Field(default="", exclude_if=_is_empty)
    """The namespace; empty for cluster-scoped objects."""

    uid: str = Field(default="", exclude_if=_is_empty)
    """The identity, unique over the cluster's life."""

    resource_version: str = Field(default="", exclude_if=_is_empty)
    """The opaque version for optimistic locking."""

    generation: int = Field(default=0, exclude_if=_is_empty)
    """The number of the spec's state, counted from 1."""

    creation_timestamp: Timestamp | None = None
    """When the object was created."""

    deletion_timestamp: Timestamp | None = None
    """When its deletion was asked for; None while it lives on."""

    labels: dict[str, str] = Field(default_factory=dict, exclude_if=_is_empty)
    """Labels, to select by."""

    annotations: dict[str, str] = Field(default_factory=dict, exclude_if=_is_empty)
    """Annotations, for tools and people."""
