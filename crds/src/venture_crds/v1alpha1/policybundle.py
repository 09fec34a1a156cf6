"""PolicyBundle: what agents may do, use, reach and spend, as versions that never change."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from venture_crds.base import SpecModel
from venture_crds.markers import Cel, ListMap, ListSet, Matches
from venture_crds.resource import Column, KindInfo, Resource
from venture_crds.v1alpha1.lifecycle import LifecycleStatus
from venture_crds.v1alpha1.policybundleexamples import EXAMPLES
from venture_crds.v1alpha1.policymoney import ApprovalSeconds, Cents, MoneyPolicy, Quorum
from venture_crds.v1alpha1.reasons import DocumentedReason
from venture_crds.v1alpha1.scalars import DnsLabel, Timestamp
from venture_crds.v1alpha1.targets import Target

type ContentHash = Annotated[
    str,
    Field(max_length=71),
    Matches("^sha256:[0-9a-f]{64}$", "must be 'sha256:' and 64 lowercase hexadecimal digits"),
]
"""The content hash of a bundle: over its spec without `state` and `signature`."""

type BundleVersion = Annotated[
    str,
    Field(max_length=64),
    Matches(
        r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$",
        "must be a semantic version: major.minor.patch",
    ),
]
"""The semantic version of a bundle."""

type Expression = Annotated[str, Field(min_length=1, max_length=1024)]
"""A CEL expression that gives a boolean, without comprehensions and regular expressions."""


class BundleState(StrEnum):
    """What a bundle is good for."""

    DRAFT = "Draft"
    """It may change, and governs nothing."""
    PUBLISHED = "Published"
    """It governs, and never changes."""
    DEPRECATED = "Deprecated"
    """It governs what was pinned to it, and nothing new."""


class BundlePhase(StrEnum):
    """Where a bundle stands, for people. Programs read the conditions."""

    DRAFT = "Draft"
    """It governs nothing yet."""
    PUBLISHED = "Published"
    """It governs."""
    DEPRECATED = "Deprecated"
    """It governs what is pinned to it."""
    INVALID = "Invalid"
    """It cannot be compiled: its author must act."""


class RuleAction(StrEnum):
    """What a rule does where it applies."""

    ALLOW = "Allow"
    DENY = "Deny"
    REQUIRE_APPROVAL = "RequireApproval"
    ALERT = "Alert"


class RuleSeverity(StrEnum):
    """How much a rule's news matters."""

    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"
    CRITICAL = "Critical"


class Governed(StrEnum):
    """What rules judge: calls, connections and spends of agents, and objects."""

    TOOL_CALL = "ToolCall"
    MODEL_CALL = "ModelCall"
    CONNECTION = "Connection"
    SPEND = "Spend"
    ARTIFACT_BUILD = "ArtifactBuild"
    MONEY_INTENT = "MoneyIntent"
    WORKFLOW = "Workflow"


class Provider(StrEnum):
    """Who serves language models."""

    ANTHROPIC = "Anthropic"
    OPENAI = "OpenAI"
    SCRIPTED = "Scripted"
    """Replays a conversation that somebody wrote: for tests and the examples."""


class BundleReason(DocumentedReason):
    """Why a bundle is as it is."""

    DRAFT = "Draft", "it may change, and governs nothing", "when it is published"
    PUBLISHED = "Published", "it governs, and is kept by its hash for ever", ""
    DEPRECATED = "Deprecated", "it governs what was pinned to it, and nothing new", ""
    INVALID = "Invalid", "it cannot be compiled; the message says where and why", "no"


class ToolGrant(SpecModel):
    """A tool that a role may call."""

    name: Annotated[
        str,
        Field(max_length=64),
        Matches(
            r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$",
            "must be a tool's name: lowercase words joined by dots, as web.fetch",
        ),
    ]
    """The tool, for instance `web.fetch`."""

    when: Expression | None = None
    """What must hold for a call, over `args`, `tool`, `role`, `namespace` and `now`."""

    domains: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=261)], ...], Field(max_length=200)
    ] = ()
    """Where it may connect to: `example.com`, `*.example.com` for all below it, either with
    `:port`; else ports 80 and 443."""

    calls_per_minute: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """How many calls a workload may make in a minute. Unset: as many as it likes."""


class ModelGrant(SpecModel):
    """Models of one provider that a role may use."""

    provider: Provider
    """Who serves them."""

    names: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=128)], ...],
        Field(min_length=1, max_length=50),
        ListSet(),
    ]
    """Names of models; one that ends with `*` stands for all that begin so."""


class Role(SpecModel):
    """What an agent of this role may do."""

    name: DnsLabel
    """The role's name."""

    tools: Annotated[tuple[ToolGrant, ...], Field(max_length=50), ListMap("name")] = ()
    """The tools it may call. No other."""

    models: Annotated[tuple[ModelGrant, ...], Field(max_length=10), ListMap("provider")] = ()
    """The models it may use. No other."""

    daily_budget_cents: Cents | None = None
    """The most that all its agents in a namespace may cost in a day (UTC)."""

    max_concurrent: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """How many of its agents may run in a namespace at the same time."""

    timeout_seconds: Annotated[int, Field(ge=10, le=86_400)] | None = None
    """How long one of its agents may run, in seconds."""


class PolicyRule(SpecModel):
    """A rule over requests of some kinds. The order of rules never matters."""

    id: DnsLabel
    """The rule's name, which every decision made by it gives."""

    applies_to: Annotated[tuple[Governed, ...], Field(min_length=1, max_length=7), ListSet()]
    """The kinds of requests it judges."""

    when: Expression | None = None
    """Where it applies. Unset: always. One that cannot be evaluated denies."""

    action: RuleAction
    """What it does. Deny beats RequireApproval, which beats Allow; Alert decides nothing."""

    severity: RuleSeverity | None = None
    """How much it matters, for events and alerts."""

    message: Annotated[str, Field(min_length=1, max_length=500)]
    """What a person is told: why, and what to do instead."""

    quorum: Quorum | None = None
    """How many people have to approve, where the action is RequireApproval. Unset: one."""

    ttl_seconds: ApprovalSeconds | None = None
    """How long their approval is waited for, in seconds. Unset: a day."""


class RequiredGates(SpecModel):
    """Quality gates that nobody may switch off."""

    contrast: bool | None = None
    """Text stands out from what is behind it."""

    alt_text: bool | None = None
    """Every picture and chart has an alternative text."""

    overflow: bool | None = None
    """Every text fits the box it is in."""

    empty_slides: bool | None = None
    """No slide is without content."""

    headings: bool | None = None
    """No heading of a text document skips a level or is empty."""

    links: bool | None = None
    """Every link within the artifact leads somewhere."""

    formulas: bool | None = None
    """Every formula of a sheet has a value, and no error."""

    loudness: bool | None = None
    """Sound is as loud as it should be, and every recording is heard."""

    duration: bool | None = None
    """No sound is longer than the video, and the video no longer than it may be."""

    captions: bool | None = None
    """Captions keep to what is said, and stay for as long as it takes to read them."""

    file_size: bool | None = None
    """The file of a video fits its bound without becoming ugly."""


class ArtifactPolicy(SpecModel):
    """What may be built."""

    targets: Annotated[tuple[Target, ...], Field(min_length=1, max_length=16), ListSet()]
    """The formats."""

    gates: RequiredGates = Field(default_factory=RequiredGates)
    """The quality gates that nobody may switch off."""

    warm_workers: bool | None = None
    """Whether builds may be given to Jobs that were started ahead of them. Unset: they may."""


class Defaults(SpecModel):
    """What happens where nothing is said."""

    action: Literal["Deny"]
    """What nothing allows is denied: there is no other default, and this says so."""


class Signature(SpecModel):
    """Somebody's signature over the content hash."""

    key_id: Annotated[str, Field(min_length=1, max_length=128)]
    """The key."""

    value: Annotated[
        str,
        Field(max_length=88),
        Matches(r"^[A-Za-z0-9+/]{86}==$", "must be an Ed25519 signature in base64"),
    ]
    """Ed25519 over the text of the content hash, in base64."""


class PolicyBundleSpec(SpecModel):
    """What may be done. Nothing else may."""

    schema_rules: ClassVar = (
        Cel(
            "oldSelf.state == 'Draft' || self.state != 'Draft'",
            "a bundle that was published cannot become a draft again; create another bundle",
            field_path=".state",
            reason="FieldValueForbidden",
        ),
        Cel(
            "oldSelf.state != 'Deprecated' || self.state == 'Deprecated'",
            "a deprecated bundle stays so; create another bundle",
            field_path=".state",
            reason="FieldValueForbidden",
        ),
        *(
            Cel(
                f"oldSelf.state == 'Draft' || (has(self.{name}) == has(oldSelf.{name}) && "
                f"(!has(self.{name}) || self.{name} == oldSelf.{name}))",
                f"{name} cannot change once the bundle is published; create another version",
                field_path=f".{name}",
                reason="FieldValueForbidden",
            )
            for name in ("version", "defaults", "roles", "rules", "money", "artifacts", "signature")
        ),
    )

    version: BundleVersion
    """The version. Taking something away is a major step."""

    state: BundleState
    """Draft, Published or Deprecated. A published bundle never changes."""

    defaults: Defaults | None = None
    """What happens where nothing is said: it is denied."""

    roles: Annotated[tuple[Role, ...], Field(max_length=50), ListMap("name")] = ()
    """What agents may do, by their role."""

    rules: Annotated[tuple[PolicyRule, ...], Field(max_length=200), ListMap("id")] = ()
    """Further rules."""

    money: MoneyPolicy | None = None
    """What may be spent. Unset: nothing."""

    artifacts: ArtifactPolicy | None = None
    """What may be built. Unset: nothing."""

    signature: Signature | None = None
    """A signature over the content hash."""


class PolicyBundleStatus(LifecycleStatus):
    """What became of a bundle."""

    phase: BundlePhase | None = None
    """Where it stands, for people. Programs read `conditions`."""

    content_hash: ContentHash | None = None
    """The hash of what it says: over the spec's canonical JSON without state and signature."""

    published_at: Timestamp | None = None
    """When it was found published, and stored."""

    used_by: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    """How much work of its namespace goes on under it, counted each minute."""


class PolicyBundle(Resource):
    """What agents may do, use, reach and spend in a namespace; all else is denied.

    A bundle is a draft until it is published; from then on it never changes, and whatever it
    governs is pinned to the hash of its content, which is kept for ever. A new version is another
    bundle, or takes the place of this one under its name.
    """

    schema_rules: ClassVar = (
        Cel(
            "self.metadata.name.size() <= 63",
            "the name of a PolicyBundle can have at most 63 characters",
        ),
    )
    kind_info: ClassVar = KindInfo(
        version="v1alpha1",
        plural="policybundles",
        short_names=("pb",),
        columns=(
            Column(name="Version", path=".spec.version", description="The version."),
            Column(name="State", path=".spec.state", description="Draft, Published, Deprecated."),
            Column(name="Phase", path=".status.phase", description="Where it stands."),
            Column(
                name="Hash", path=".status.contentHash", description="The hash of what it says."
            ),
            Column(
                name="Used by",
                path=".status.usedBy",
                type="integer",
                description="How much work goes on under it.",
            ),
            Column(
                name="Age",
                path=".metadata.creationTimestamp",
                type="date",
                description="How long ago it was created.",
            ),
            Column(
                name="Message",
                path='.status.conditions[?(@.type=="Ready")].message',
                description="Why it governs, or does not.",
                wide=True,
            ),
        ),
        selectable=(".spec.state",),
        edit=False,
        reasons=BundleReason,
        examples=EXAMPLES,
    )

    api_version: Literal["venture.parpour.dev/v1alpha1"] = "venture.parpour.dev/v1alpha1"
    """The group and version of the schema."""

    kind: Literal["PolicyBundle"] = "PolicyBundle"
    """The kind of the object."""

    spec: PolicyBundleSpec
    """What may be done. It can change while its state is Draft."""

    status: PolicyBundleStatus = Field(default_factory=PolicyBundleStatus)
    """What became of it. Only the operator writes it."""
