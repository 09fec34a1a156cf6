"""Freeze: while one exists, nothing new starts where it holds, and nothing is spent."""

from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from venture_crds.base import SpecModel
from venture_crds.markers import Cel, ExactlyOneOf
from venture_crds.resource import Column, Example, KindInfo, Resource
from venture_crds.v1alpha1.lifecycle import LifecycleStatus
from venture_crds.v1alpha1.reasons import DocumentedReason
from venture_crds.v1alpha1.scalars import DnsLabel

REMEDIATION: Final = "venture.parpour.dev/remediation"
"""The annotation without which a Freeze cannot be deleted: what was done about its cause."""


class FreezeMode(StrEnum):
    """How far a freeze goes."""

    FREEZE = "Freeze"
    """Nothing new starts or is spent; what runs may finish."""
    KILL = "Kill"
    """What runs is ended too, and leave to spend is taken back."""


class FreezePhase(StrEnum):
    """Where a freeze stands, for people."""

    HOLDS = "Holds"
    """Everybody who can start or spend something heeds it."""


class FreezeReason(DocumentedReason):
    """Why a freeze is as it is."""

    HOLDS = "Holds", "it holds until it is deleted", ""


class FreezeScope(SpecModel):
    """Where a freeze holds: exactly one of its fields is set."""

    schema_rules: ClassVar = (ExactlyOneOf(("namespace", "all")),)

    namespace: DnsLabel | None = None
    """The one namespace."""

    all: Literal[True] | None = None
    """True: everywhere."""


class FreezeSpec(SpecModel):
    """What is frozen, and why."""

    scope: FreezeScope
    """Where it holds: one namespace, or all."""

    mode: FreezeMode
    """Freeze or Kill."""

    reason: Annotated[str, Field(min_length=20, max_length=1000)]
    """Why, in at least 20 characters."""


class FreezeStatus(LifecycleStatus):
    """What became of a freeze."""

    phase: FreezePhase | None = None
    """Where it stands, for people. Programs read `conditions`."""


EXAMPLES: Final = (
    Example(
        title="A namespace frozen",
        manifest="""\
apiVersion: venture.parpour.dev/v1alpha1
kind: Freeze
metadata:
  name: team-a
spec:
  scope:
    namespace: team-a
  mode: Freeze
  reason: The research agent pays a merchant nobody knows.
""",
    ),
)


class Freeze(Resource):
    """While it exists, nothing new starts where it holds, and nothing is spent.

    To delete it, first say what was done about its cause, in the annotation
    `venture.parpour.dev/remediation`. Creating, changing and deleting it needs the verb `freeze` on
    `freezes` in the namespace it names, or in the whole cluster.
    """

    schema_rules: ClassVar = (
        Cel(
            "self.metadata.name.size() <= 63",
            "the name of a Freeze can have at most 63 characters",
        ),
        Cel(
            "self.spec == oldSelf.spec",
            "a Freeze never changes; create another one",
            field_path=".spec",
            reason="FieldValueForbidden",
        ),
    )
    kind_info: ClassVar = KindInfo(
        version="v1alpha1",
        plural="freezes",
        short_names=(),
        scope="Cluster",
        columns=(
            Column(name="Namespace", path=".spec.scope.namespace", description="Where it holds."),
            Column(
                name="All",
                path=".spec.scope.all",
                type="boolean",
                description="Everywhere.",
            ),
            Column(name="Mode", path=".spec.mode", description="Freeze or Kill."),
            Column(name="Reason", path=".spec.reason", description="Why."),
            Column(
                name="Age",
                path=".metadata.creationTimestamp",
                type="date",
                description="Since when.",
            ),
        ),
        edit=False,
        reasons=FreezeReason,
        examples=EXAMPLES,
    )

    api_version: Literal["venture.parpour.dev/v1alpha1"] = "venture.parpour.dev/v1alpha1"
    """The group and version of the schema."""

    kind: Literal["Freeze"] = "Freeze"
    """The kind of the object."""

    spec: FreezeSpec
    """What is frozen, and why. It never changes."""

    status: FreezeStatus = Field(default_factory=FreezeStatus)
    """What became of it. Only the operator writes it."""
