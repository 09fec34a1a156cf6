"""The tasks of a Workflow: what an agent, a build, people or money do in one step."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, JsonValue

from venture_crds.base import SpecModel
from venture_crds.markers import Cel, ExactlyOneOf, FreeForm, ListMap, ListSet, Matches
from venture_crds.v1alpha1.artifactbuild import ArtifactOrder, Asset, ConfigMapRef
from venture_crds.v1alpha1.moneyintent import MoneyTerms
from venture_crds.v1alpha1.policybundle import Provider
from venture_crds.v1alpha1.policymoney import ApprovalSeconds, Cents, Quorum
from venture_crds.v1alpha1.scalars import DnsLabel

type TaskName = Annotated[
    str,
    Field(max_length=40),
    Matches(
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        "must consist of lowercase letters, digits and '-', and start and end with a letter "
        "or digit",
    ),
]
"""A task's name within its Workflow."""

type ToolName = Annotated[
    str,
    Field(max_length=64),
    Matches(
        "^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)*$",
        "must be the name of a tool: lowercase words joined by dots",
    ),
]
"""A tool's name, such as `web.fetch`."""


class Level(StrEnum):
    """Where an agent runs."""

    L3 = "L3"
    """In a disposable Job of its own."""


class Model(SpecModel):
    """A language model."""

    schema_rules: ClassVar = (
        Cel(
            "(self.provider == 'Scripted') == has(self.script)",
            "script is for the provider Scripted, which needs it, and for no other",
        ),
    )

    provider: Provider
    """Who serves it."""

    name: Annotated[str, Field(min_length=1, max_length=128)]
    """Its name, as its provider has it."""

    script: ConfigMapRef | None = None
    """The conversation that the provider `Scripted` replays, as JSON."""


class AgentTask(SpecModel):
    """Work for an agent: a model that answers, by way of tools."""

    role: DnsLabel
    """The role of the PolicyBundle that the agent takes. It decides what the agent may do."""

    level: Level = Level.L3
    """Where it runs."""

    model: Model
    """The model that thinks."""

    instructions: Annotated[str, Field(min_length=1, max_length=8192)]
    """What to do. `${inputs.<name>}` and `${tasks.<task>.output.<field>}` stand for values."""

    tools: Annotated[tuple[ToolName, ...], Field(max_length=32), ListSet()] = ()
    """The tools that it may ask for; the role must have them too."""

    max_turns: Annotated[int, Field(ge=1, le=100)] = 20
    """How many times the model may answer, tools and repairs included."""

    max_tokens: Annotated[int, Field(ge=64, le=64_000)] = 4096
    """The most tokens of one answer."""

    llm_cents: Cents | None = None
    """The most that its model may cost, in hundredths of the budget's currency.

    Unset: what is left of the budget.
    """

    output_schema: Annotated[dict[str, JsonValue], FreeForm(max_properties=32)] | None = None
    """The JSON Schema that its answer meets. Unset: the answer is `text`."""


class ArtifactTask(ArtifactOrder):
    """A deliverable: an ArtifactBuild of the workflow's own.

    Strings of an inline source may hold `${tasks.<task>.output.<field>}`.
    """

    assets: Annotated[tuple[Asset, ...], Field(max_length=20), ListMap("name")] = ()
    """Images and other files that the document names."""


class Approvers(SpecModel):
    """Who may approve. Whoever is asked also needs the verb `approve` on the workflow."""

    groups: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=253)], ...],
        Field(min_length=1, max_length=32),
        ListSet(),
    ]
    """Groups, of which they are in one."""


class ApprovalTask(SpecModel):
    """A question to people. It waits for as many Approvals as it asks for."""

    quorum: Quorum = 1
    """How many people have to approve. One who denies decides it."""

    approvers: Approvers | None = None
    """Who may answer. Unset: whoever may `approve` the workflow, but who asked for it."""

    ttl_seconds: ApprovalSeconds = 86_400
    """Seconds after which no answer counts as a denial."""

    message: Annotated[str, Field(max_length=1024)] = ""
    """What they are asked. May hold `${…}`."""


class MoneyTask(MoneyTerms):
    """Leave to spend: a MoneyIntent of the workflow's own.

    The tasks that depend on it may spend it, in its role, out of the budget's `cashCents`. It
    succeeds when its cap is held.
    """


class Retries(SpecModel):
    """What is tried again by itself."""

    limit: Annotated[int, Field(ge=0, le=10)] = 3
    """How many more attempts a failure that may pass gets, such as a lost node."""


class Task(SpecModel):
    """One step: exactly one of `agent`, `artifact`, `approval` and `money`."""

    schema_rules: ClassVar = (ExactlyOneOf(("agent", "artifact", "approval", "money")),)

    name: TaskName
    """Its name, unique within the workflow."""

    depends_on: Annotated[tuple[TaskName, ...], Field(max_length=20), ListSet()] = ()
    """The tasks that must have succeeded before it starts."""

    retries: Retries = Field(default_factory=Retries)
    """How often an attempt that failed is followed by another."""

    timeout_seconds: Annotated[int, Field(ge=10, le=86_400)] = 600
    """How long one attempt of an agent or a build may run, in seconds."""

    agent: AgentTask | None = None
    """An agent does it."""

    artifact: ArtifactTask | None = None
    """A build makes it."""

    approval: ApprovalTask | None = None
    """People decide it."""

    money: MoneyTask | None = None
    """Leave to spend is asked for."""
