"""Approval: one person's word on something that waits for people."""

from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from venture_crds.base import SpecModel
from venture_crds.markers import Cel
from venture_crds.resource import Column, Example, KindInfo, Resource
from venture_crds.v1alpha1.lifecycle import LifecycleStatus
from venture_crds.v1alpha1.persons import Person
from venture_crds.v1alpha1.policybundle import ContentHash
from venture_crds.v1alpha1.reasons import DocumentedReason
from venture_crds.v1alpha1.scalars import DnsLabel, ObjectName


class ApprovalDecision(StrEnum):
    """What a person says."""

    APPROVE = "Approve"
    DENY = "Deny"


class ApprovalPhase(StrEnum):
    """Where an approval stands, for people. Programs read the conditions."""

    GIVEN = "Given"
    """Its target is there; the target's own status says whether it counts."""
    VOID = "Void"
    """It does not count: the reason says why."""


class ApprovalReason(DocumentedReason):
    """Why an approval is as it is."""

    GIVEN = "Given", "its target is there; the target's status says whether it counts", ""
    TARGET_NOT_FOUND = "TargetNotFound", "there is no such target", "no"
    TARGET_REPLACED = "TargetReplaced", "another object has the target's name by now", "no"
    CHANGED_SINCE = "ChangedSince", "what is asked is not what was decided on", "no"
    OWN_REQUEST = "OwnRequest", "who asked for it has no say in it", "no"
    NO_PERSON = "NoPerson", "it names nobody, or a user of the system", "no"


class TargetRef(SpecModel):
    """What is approved or denied: an object in the namespace of the approval."""

    kind: Literal["MoneyIntent", "Workflow"]
    """The kind of the object."""

    name: ObjectName
    """Its name."""

    uid: Annotated[str, Field(min_length=36, max_length=36)]
    """Its uid: another object of that name needs another approval."""

    task_name: DnsLabel | None = None
    """The approval task, of a Workflow."""


class ApprovalSpec(SpecModel):
    """What one person says of one thing."""

    target_ref: TargetRef
    """What is approved or denied."""

    target_digest: ContentHash
    """The digest that the target's status shows: of its spec, and for a task of what it depends on.
    After any change another approval is needed."""

    decision: ApprovalDecision
    """Approve or Deny."""

    comment: Annotated[str, Field(max_length=1000)] = ""
    """Why, for other people."""

    approver: Person | None = None
    """Who says so: the request's own user. Admission fills it in, and refuses another name."""


class ApprovalStatus(LifecycleStatus):
    """What became of an approval."""

    phase: ApprovalPhase | None = None
    """Where it stands, for people. Programs read `conditions`."""


EXAMPLES: Final = (
    Example(
        title="A payment approved",
        manifest="""\
apiVersion: venture.parpour.dev/v1alpha1
kind: Approval
metadata:
  name: ads-48-by-alice
spec:
  targetRef:
    kind: MoneyIntent
    name: ads-48
    uid: 6a4c8a10-5b7e-4d0a-9d7e-1f2a3b4c5d6e
  targetDigest: sha256:7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730
  decision: Approve
  comment: As discussed on Monday.
""",
    ),
)


class Approval(Resource):
    """One person's word on something that waits for people: a MoneyIntent, or a Workflow's task.

    It names the target, the target's uid and the digest of what is approved, so that it dies with
    any change. Whoever asked for the target cannot approve it, and one person counts once.
    """

    schema_rules: ClassVar = (
        Cel(
            "self.metadata.name.size() <= 63",
            "the name of an Approval can have at most 63 characters",
        ),
        Cel(
            "self.spec == oldSelf.spec",
            "an Approval never changes; create another one",
            field_path=".spec",
            reason="FieldValueForbidden",
        ),
    )
    kind_info: ClassVar = KindInfo(
        version="v1alpha1",
        plural="approvals",
        short_names=("apr",),
        columns=(
            Column(name="Kind", path=".spec.targetRef.kind", description="What is decided on."),
            Column(name="Target", path=".spec.targetRef.name", description="Its name."),
            Column(name="Task", path=".spec.targetRef.taskName", description="The task."),
            Column(name="Decision", path=".spec.decision", description="Approve or Deny."),
            Column(name="By", path=".spec.approver.user", description="Who says so."),
            Column(name="Phase", path=".status.phase", description="Where it stands."),
            Column(
                name="Age",
                path=".metadata.creationTimestamp",
                type="date",
                description="When it was said.",
            ),
        ),
        edit=False,
        reasons=ApprovalReason,
        examples=EXAMPLES,
    )

    api_version: Literal["venture.parpour.dev/v1alpha1"] = "venture.parpour.dev/v1alpha1"
    """The group and version of the schema."""

    kind: Literal["Approval"] = "Approval"
    """The kind of the object."""

    spec: ApprovalSpec
    """What is said. It never changes."""

    status: ApprovalStatus = Field(default_factory=ApprovalStatus)
    """What became of it. Only the operator writes it."""
