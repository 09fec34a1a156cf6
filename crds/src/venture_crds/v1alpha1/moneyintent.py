"""MoneyIntent: leave to spend, asked for, decided on, and used up or taken back."""

from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, computed_field

from venture_crds.base import SpecModel, StatusModel
from venture_crds.markers import Cel, ImmutableExcept, ListSet, Matches, ModelRule
from venture_crds.resource import Column, Example, KindInfo, Resource
from venture_crds.v1alpha1.decision import PolicyDecision  # noqa: TC001  pydantic reads it
from venture_crds.v1alpha1.lifecycle import BoundedStatus
from venture_crds.v1alpha1.persons import Person, UserName
from venture_crds.v1alpha1.policybundle import ContentHash  # noqa: TC001  pydantic reads it
from venture_crds.v1alpha1.policymoney import Category, Currency
from venture_crds.v1alpha1.policyref import PinnedBundle, PolicyBundleRef
from venture_crds.v1alpha1.reasons import DocumentedReason
from venture_crds.v1alpha1.scalars import DnsLabel, ObjectName, Sha256, Timestamp

type Amount = Annotated[int, Field(ge=1, le=10**12)]
"""An amount of money in minor units of its currency, more than nothing."""

type AmountOrNothing = Annotated[int, Field(ge=0, le=10**12)]
"""An amount of money in minor units of its currency."""


class IntentPhase(StrEnum):
    """Where an intent stands, for people. Programs read the conditions."""

    REQUESTED = "Requested"
    """Accepted, and nothing decided yet."""
    AWAITING_APPROVAL = "AwaitingApproval"
    """People have to agree. Nothing is held meanwhile."""
    APPROVED = "Approved"
    """Its cap is held, and may be spent."""
    REJECTED = "Rejected"
    """It may not be spent."""
    CONSUMED = "Consumed"
    """All of it was spent."""
    EXPIRED = "Expired"
    """Its time is over; what was not spent is released."""
    REVOKED = "Revoked"
    """The leave was taken back; what was not spent is released."""


class IntentReason(DocumentedReason):
    """Why an intent is as it is."""

    APPROVED = "Approved", "its cap is held, and may be spent", "until it ends"
    CONSUMED = "Consumed", "done: all of it was spent", ""
    EXPIRED = "Expired", "its time is over, and what was not spent is released", "no"
    REVOKED = "Revoked", "people or a Freeze took it back, or its Workflow ended; it stays so", "no"

    AWAITING_APPROVAL = "AwaitingApproval", "people have to agree", "with each Approval"
    WAITING_FOR_FUNDS = (
        "WaitingForFunds",
        "the wallet or the workflow's budget has not enough that is free",
        "every 15 s, until its time is over",
    )
    FROZEN = "Frozen", "a Freeze holds: nothing is held for spending", "every 5 s"
    WAITING_FOR_WORKFLOW = (
        "WaitingForWorkflow",
        "the Workflow is not there, or has no budget yet",
        "every 5 s, until its time is over",
    )

    TREASURY_UNAVAILABLE = "TreasuryUnavailable", "the treasury does not answer", "every 5 s"

    DENIED = "Denied", "somebody said no", "no"
    NOT_APPROVED = "NotApproved", "people did not agree in time, which is a denial", "no"
    TERMS_REFUSED = "TermsRefused", "the treasury refused the terms; the message says why", "no"


class MerchantRef(SpecModel):
    """Who is to be paid."""

    id: Annotated[
        str,
        Field(max_length=63),
        Matches(
            "^[a-z0-9][a-z0-9._-]*$",
            "must be a merchant's name: lowercase letters, digits, '.', '_' and '-', starting "
            "with a letter or digit",
        ),
    ]
    """The merchant, by the name it has in the policy bundle."""


class SpendingWindow(SpecModel):
    """When it may be spent."""

    not_before: Timestamp | None = None
    """Not earlier. Unset: at once."""

    not_after: Timestamp | None = None
    """Not later. Unset: until `ttlSeconds` are over."""


class MoneyTerms(SpecModel):
    """What may be spent, on what, and when: the part of an intent that people write."""

    schema_rules: ClassVar[tuple[ModelRule, ...]] = (
        Cel(
            "self.perTransactionCents <= self.capCents",
            "perTransactionCents is no more than capCents",
            field_path=".perTransactionCents",
        ),
    )

    role: DnsLabel
    """The role of the agents that may spend it."""

    purpose: Annotated[str, Field(min_length=1, max_length=500)]
    """What it is for, for those who decide."""

    currency: Currency
    """The currency. Amounts are in its minor units: cents, yen, thousandths of a dinar."""

    cap_cents: Amount
    """The most that may be spent in all."""

    per_transaction_cents: Amount
    """The most that may be spent at once."""

    merchant: MerchantRef
    """Who is to be paid, and nobody else."""

    categories: Annotated[tuple[Category, ...], Field(min_length=1, max_length=32), ListSet()]
    """What for: merchant category codes."""

    window: SpendingWindow | None = None
    """When it may be spent. The earlier of its end and `ttlSeconds` counts."""

    ttl_seconds: Annotated[int, Field(ge=60, le=604_800)] = 3600
    """How long it lives from its creation, in seconds, the wait for people included."""

    evidence_sha256: Sha256 | None = None
    """The digest of what justifies it. Whoever approves, approves that too."""


class SpendingWorkflow(SpecModel):
    """The Workflow that spends it."""

    name: ObjectName
    """The Workflow, in the namespace of the intent. Its budget pays."""

    tasks: Annotated[tuple[DnsLabel, ...], Field(max_length=100), ListSet()] = ()
    """The tasks that may spend it, in the intent's role. No other may."""


class MoneyIntentSpec(MoneyTerms):
    """Leave to spend, as it is asked for. It never changes; it can only be taken back."""

    schema_rules: ClassVar = (
        ImmutableExcept(("revoke",)),
        Cel(
            "!(has(oldSelf.revoke) && oldSelf.revoke) || (has(self.revoke) && self.revoke)",
            "what was revoked stays so; ask for another MoneyIntent",
            field_path=".revoke",
            reason="FieldValueForbidden",
        ),
        *MoneyTerms.schema_rules,
    )

    policy_bundle_ref: PolicyBundleRef | None = None
    """The bundle that governs it. Unset: the one named `default`."""

    workflow_ref: SpendingWorkflow | None = None
    """The Workflow whose tasks spend it. Unset: the wallet pays, and no agent spends it."""

    requester: Person | None = None
    """Who asks: the request's own user. Admission fills it in; their own word does not approve."""

    revoke: bool = False
    """True takes the leave back, for ever: nothing more is spent, and what is held is released."""


class IntentApprovals(StatusModel):
    """What people said."""

    required: Annotated[int, Field(ge=0, le=10)]
    """How many have to agree."""

    granted: Annotated[int, Field(ge=0, le=10)]
    """How many did."""

    by: Annotated[tuple[UserName, ...], Field(max_length=10)] = ()
    """Who did, in the order of their words."""


class IntentHold(StatusModel):
    """What is set aside for it in the ledger."""

    pending_cents: AmountOrNothing
    """What is held and not spent."""

    posted_cents: AmountOrNothing
    """What was spent."""

    expires_at: Timestamp
    """When what is left is released."""


class MoneyIntentStatus(BoundedStatus):
    """What became of the leave. It follows the ledger."""

    phase: IntentPhase | None = None
    """Where it stands, for people. Programs read `conditions`."""

    policy_bundle: PinnedBundle | None = None
    """The bundle that governs it from its acceptance to its end."""

    decision: PolicyDecision | None = None
    """What the policy said."""

    target_digest: ContentHash | None = None
    """The digest of what people are asked to approve; their Approvals name it."""

    approvals: IntentApprovals | None = None
    """What people said."""

    hold: IntentHold | None = None
    """What is set aside for it, from its approval on."""

    @computed_field(  # type: ignore[prop-decorator]
        description="What was spent, for people, from `hold.postedCents`."
    )
    @property
    def spent_cents(self) -> AmountOrNothing | None:
        """What was spent, for people."""
        return self.hold.posted_cents if self.hold else None


EXAMPLES: Final = (
    Example(
        title="500 dollars for search ads, spent by one task of a workflow",
        manifest="""\
apiVersion: venture.parpour.dev/v1alpha1
kind: MoneyIntent
metadata:
  name: ads-48
spec:
  workflowRef:
    name: launch
    tasks: [place]
  role: finance-controller
  purpose: Search ads, week 48
  currency: USD
  capCents: 50000
  perTransactionCents: 5000
  merchant:
    id: acme-ads
  categories: ["7311"]
  ttlSeconds: 86400
""",
    ),
)


class MoneyIntent(Resource):
    """Leave to spend up to a cap, with one merchant, for a time.

    The policy allows it, forbids it, or asks people. From its approval on its cap is held in the
    namespace's wallet and the workflow's budget; the treasury decides each purchase anew. What is
    not spent when it ends is released.
    """

    schema_rules: ClassVar = (
        Cel(
            "self.metadata.name.size() <= 63",
            "the name of a MoneyIntent can have at most 63 characters",
        ),
    )
    kind_info: ClassVar = KindInfo(
        version="v1alpha1",
        plural="moneyintents",
        short_names=("mi",),
        columns=(
            Column(
                name="Cap",
                path=".spec.capCents",
                type="integer",
                description="The most that may be spent, in minor units.",
            ),
            Column(
                name="Currency", path=".spec.currency", description="The currency of its amounts."
            ),
            Column(
                name="Spent",
                path=".status.spentCents",
                type="integer",
                description="What was spent, in minor units.",
            ),
            Column(name="Phase", path=".status.phase", description="Where it stands."),
            Column(name="Merchant", path=".spec.merchant.id", description="Who is to be paid."),
            Column(
                name="Reason",
                path='.status.conditions[?(@.type=="Ready")].reason',
                description="Why it stands there.",
            ),
            Column(
                name="Age",
                path=".metadata.creationTimestamp",
                type="date",
                description="How long ago it was asked for.",
            ),
            Column(
                name="Message",
                path='.status.conditions[?(@.type=="Ready")].message',
                description="Why it stands there, in a sentence.",
                wide=True,
            ),
        ),
        selectable=(".status.phase",),
        # Those of money tasks of Workflows.
        operator=("create", "delete"),
        reasons=IntentReason,
        examples=EXAMPLES,
    )

    api_version: Literal["venture.parpour.dev/v1alpha1"] = "venture.parpour.dev/v1alpha1"
    """The group and version of the schema."""

    kind: Literal["MoneyIntent"] = "MoneyIntent"
    """The kind of the object."""

    spec: MoneyIntentSpec
    """What may be spent. Only `revoke` can change."""

    status: MoneyIntentStatus = Field(default_factory=MoneyIntentStatus)
    """What became of it. Only the operator writes it."""
