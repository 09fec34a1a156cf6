"""Workflow: tasks that depend on each other, done by agents, builds, people and money."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from venture_crds.base import SpecModel
from venture_crds.markers import Cel, ImmutableExcept, ListMap
from venture_crds.resource import Column, KindInfo, Resource
from venture_crds.v1alpha1.lifecycle import RerunnableSpec
from venture_crds.v1alpha1.persons import Person
from venture_crds.v1alpha1.policymoney import Cents, Currency
from venture_crds.v1alpha1.policyref import PolicyBundleRef
from venture_crds.v1alpha1.scalars import DnsLabel
from venture_crds.v1alpha1.workflowexamples import EXAMPLES
from venture_crds.v1alpha1.workflowstatus import Shutdown, WorkflowReason, WorkflowStatus
from venture_crds.v1alpha1.workflowtask import Task

MAX_TASKS: Final = 100

_KNOWN_DEPENDENCIES: Final = Cel(
    "self.all(task, !has(task.dependsOn) || task.dependsOn.all(name, "
    "name != task.name && self.exists(other, other.name == name)))",
    "each name in dependsOn must be that of another task",
)


class Budget(SpecModel):
    """The most that all tasks may cost together. It can be raised, and never lowered."""

    schema_rules: ClassVar = (
        Cel(
            "self.currency == oldSelf.currency",
            "the currency cannot change after creation",
            field_path=".currency",
            reason="FieldValueForbidden",
        ),
        Cel(
            "(has(self.cashCents) ? self.cashCents : 0) >= "
            "(has(oldSelf.cashCents) ? oldSelf.cashCents : 0)",
            "cashCents can only be raised",
            field_path=".cashCents",
            reason="FieldValueForbidden",
        ),
        Cel(
            "(has(self.llmCents) ? self.llmCents : 0) >= "
            "(has(oldSelf.llmCents) ? oldSelf.llmCents : 0)",
            "llmCents can only be raised",
            field_path=".llmCents",
            reason="FieldValueForbidden",
        ),
    )

    currency: Currency
    """The currency of all its amounts, by ISO 4217: `USD`."""

    cash_cents: Cents = 0
    """The most that may be spent through money tasks, in hundredths of the currency's unit."""

    llm_cents: Cents = 0
    """The most that language models may cost, in hundredths of the currency's unit."""


class Input(SpecModel):
    """A value that tasks use as `${inputs.<name>}`."""

    name: DnsLabel
    """The name by which tasks refer to it."""

    value: Annotated[str, Field(max_length=4096)]
    """The text. It is never read as an expression."""


class WorkflowSpec(RerunnableSpec):
    """What is to be done, by whom, and for how much."""

    schema_rules: ClassVar = (
        ImmutableExcept(("suspend", "shutdown", "retry", "budget", "ttlSecondsAfterFinished")),
        Cel(
            "has(self.budget) == has(oldSelf.budget) || !has(oldSelf.budget)",
            "the budget cannot be taken away",
            field_path=".budget",
            reason="FieldValueForbidden",
        ),
    )

    objective: Annotated[str, Field(min_length=1, max_length=2000)]
    """What it is for, in a sentence or two for people and agents."""

    policy_bundle_ref: PolicyBundleRef | None = None
    """The PolicyBundle that governs it. Unset: the namespace's bundle named `default`."""

    requester: Person | None = None
    """Who asked for it: the request's own user, filled in where it is left out."""

    budget: Budget | None = None
    """The most that it may cost. Unset: nothing."""

    parallelism: Annotated[int, Field(ge=1, le=100)] = 10
    """How many agents and builds may run at the same time. Approvals and money do not count."""

    deadline_seconds: Annotated[int, Field(ge=10, le=31_536_000)] = 86_400
    """Seconds after its start at which everything that runs is ended."""

    suspend: bool = False
    """While true no task starts. What runs goes on to its end."""

    shutdown: Shutdown | None = None
    """`Stop` lets what runs come to its end and starts nothing else; `Terminate` ends that too."""

    inputs: Annotated[tuple[Input, ...], Field(max_length=32), ListMap("name")] = ()
    """Values for the tasks."""

    tasks: Annotated[
        tuple[Task, ...],
        Field(min_length=1, max_length=MAX_TASKS),
        ListMap("name"),
        _KNOWN_DEPENDENCIES,
    ]
    """What is to be done. A task starts when all that it depends on have succeeded."""


class Workflow(Resource):
    """Work that is done in steps, by agents, builds and people, within a budget.

    A task starts when those it depends on have succeeded, and may use what came out of them. One
    that fails blocks those that depend on it, and no others. `spec.retry` runs again what failed.
    """

    schema_rules: ClassVar = (
        # The name becomes the value of a label on everything that the workflow creates.
        Cel(
            "self.metadata.name.size() <= 63",
            "the name of a Workflow can have at most 63 characters",
        ),
    )
    kind_info: ClassVar = KindInfo(
        version="v1alpha1",
        plural="workflows",
        short_names=("wf",),
        columns=(
            Column(name="Phase", path=".status.phase", description="Where the workflow stands."),
            Column(
                name="Progress",
                path=".status.progress",
                description="How many of its tasks are done.",
            ),
            Column(
                name="Cost",
                path=".status.spent",
                description="What it has cost so far, for people.",
            ),
            Column(
                name="Reason",
                path='.status.conditions[?(@.type=="Ready")].reason',
                description="Why it stands there.",
            ),
            Column(
                name="Age",
                path=".metadata.creationTimestamp",
                type="date",
                description="How long ago the workflow was created.",
            ),
            Column(
                name="Message",
                path='.status.conditions[?(@.type=="Ready")].message',
                description="Why it stands there, in a sentence.",
                wide=True,
            ),
        ),
        selectable=(".status.phase",),
        # At the end of their time.
        operator=("delete",),
        reasons=WorkflowReason,
        examples=EXAMPLES,
    )

    api_version: Literal["venture.parpour.dev/v1alpha1"] = "venture.parpour.dev/v1alpha1"
    """The group and version of the schema."""

    kind: Literal["Workflow"] = "Workflow"
    """The kind of the object."""

    spec: WorkflowSpec
    """What to do. `suspend`, `shutdown`, `retry` and the budget can change, nothing else."""

    status: WorkflowStatus = Field(default_factory=WorkflowStatus)
    """What became of it. Only the operator writes it."""
