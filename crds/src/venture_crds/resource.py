"""The base class of the kinds, and what a kind tells Kubernetes about itself."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, override

from pydantic import Field

from venture_crds.base import SpecModel, StatusModel
from venture_crds.v1alpha1.meta import ObjectMeta

if TYPE_CHECKING:
    from venture_crds.v1alpha1.reasons import DocumentedReason

GROUP: Final = "venture.parpour.dev"
CATEGORY: Final = "venture"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of ``kubectl get``.

    ``path`` is a JSONPath; ``wide`` shows the column with ``-o wide`` only.
    """

    name: str
    path: str
    description: str
    type: Literal["string", "integer", "boolean", "date"] = "string"
    wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A manifest for the reference page. It must be valid as it stands."""

    title: str
    manifest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KindInfo:
    """Names and presentation of one version of a kind.

    ``selectable`` are JSON paths (at most eight) that ``--field-selector`` accepts. Of all the
    versions of a kind exactly one is ``storage``. ``reasons`` are those of its own that conditions
    give, beside the common ones.

    The chart's roles follow from ``edit``, whether the cluster's role `edit` may change objects of
    the kind (if not, a role of their own may), and ``operator``, the verbs that the operator needs
    for them besides reading them and writing their status.
    """

    version: str
    plural: str
    short_names: tuple[str, ...]
    columns: tuple[Column, ...]
    selectable: tuple[str, ...] = ()
    scope: Literal["Namespaced", "Cluster"] = "Namespaced"
    served: bool = True
    storage: bool = True
    edit: bool = True
    operator: tuple[Literal["create", "update", "patch", "delete"], ...] = ()
    examples: tuple[Example, ...] = ()
    reasons: type[DocumentedReason] | None = None


class Resource(StatusModel):
    """A custom resource; a kind is a subclass with its ``kind_info``, ``spec`` and ``status``."""

    kind_info: ClassVar[KindInfo]

    api_version: str
    """The group and version of the schema, `venture.parpour.dev/<version>`."""

    kind: str
    """The kind of the object."""

    metadata: ObjectMeta = Field(default_factory=ObjectMeta)
    """The standard metadata of a Kubernetes object."""

    spec: SpecModel
    """What a person asks for."""

    status: StatusModel = Field(default_factory=StatusModel)
    """What the operator observed."""

    @override
    def to_json(self) -> dict[str, Any]:
        """Give the object as the API server stores it: the spec as its author wrote it.

        The status is left out where none was set, as in an object that is yet to be created.
        """
        body = {
            "apiVersion": self.api_version,
            "kind": self.kind,
            "metadata": self.metadata.to_json(),
            "spec": self.spec.to_json(),
        }
        return body | ({"status": self.status.to_json()} if self.has_status else {})

    @property
    def has_status(self) -> bool:
        """Whether a status was given, be it empty."""
        return "status" in self.model_fields_set
