"""Events of MoneyIntents: leave to spend asked for, decided on, and used up or taken back.

Their workflow id is the uid of the MoneyIntent, unless a Workflow asked for it. What becomes of the
object is the operator's to say; what becomes of the money the treasury says, in the transaction in
which it moves. Who approved is personal data and no part of them.
"""

from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from venture_core.events.envelope import Service
from venture_core.events.models import (
    MAX_NUMBER,
    Cents,
    DigestUri,
    EventPayload,
    Id,
    Name,
    UtcTime,
)
from venture_core.events.registry import EventType

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""A currency's ISO 4217 code."""

ReasonCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]
"""Why a decision about money was made, as one of the treasury's codes: WITHIN_POLICY."""


class IntentPayload(EventPayload):
    """Which MoneyIntent an event is about."""

    namespace: Name
    """The namespace of the MoneyIntent."""

    name: Name
    """Its name."""

    uid: Id
    """Its uid: a name may be used again, a uid never is."""

    generation: Annotated[int, Field(ge=1, le=MAX_NUMBER)]
    """The generation of the object that was acted on."""


class IntentRequestedV1(IntentPayload):
    """What was asked for."""

    currency: Currency
    """The currency of all its amounts, by ISO 4217."""

    cap_cents: Cents
    """The most that may be spent in all."""

    per_transaction_cents: Cents
    """The most that may be spent at once; no more than the cap."""

    merchant_id: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    """The merchant, by the name it has in the policy bundle."""

    expires_at: UtcTime
    """When the leave ends: the earlier end of its window and its life."""

    @model_validator(mode="after")
    def _check_cap(self) -> Self:
        if self.per_transaction_cents > self.cap_cents:
            raise ValueError("perTransactionCents is no more than capCents")
        return self


class Decision(EventPayload):
    """What was decided by, and why."""

    reason_code: ReasonCode
    """Why."""

    rule: Name | None = None
    """The rule of the bundle that decided; absent where none had to."""

    bundle_hash: DigestUri
    """The content hash of the policy bundle the rule is of."""


class Hold(EventPayload):
    """What is set aside for the intent, and what of it was spent."""

    pending_cents: Cents
    """What is held and not spent."""

    posted_cents: Cents
    """What was spent."""


class IntentAwaitingApprovalV1(IntentPayload):
    """Why people have to agree."""

    decision: Decision
    """What asks for them."""

    hold: Hold
    """What is held meanwhile."""


class IntentApprovedV1(IntentPayload):
    """What may be spent from now on."""

    decision: Decision
    """What allows it."""

    hold: Hold
    """What is held for it."""


class IntentRejectedV1(IntentPayload):
    """Why it may not be spent. What was held is released."""

    decision: Decision
    """What forbids it."""


class IntentConsumedV1(IntentPayload):
    """That it was spent."""

    hold: Hold
    """What was spent, and what is left that cannot be."""


class IntentExpiredV1(IntentPayload):
    """That its time is over."""

    hold: Hold
    """What was spent until then."""


class IntentRevokedV1(IntentPayload):
    """Why the leave was taken back."""

    reason_code: ReasonCode
    """Why."""

    hold: Hold
    """What was spent until then."""


def _type(
    name: str,
    payload: type[EventPayload],
    description: str,
    owner: Service = Service.TREASURY_API,
) -> EventType:
    return EventType(f"money.intent.{name}.v1", payload, owner, description)


EVENT_TYPES: Final = (
    _type(
        "requested",
        IntentRequestedV1,
        "A MoneyIntent was accepted, and nothing decided yet.",
        Service.ORCHESTRATOR,
    ),
    _type(
        "awaiting_approval",
        IntentAwaitingApprovalV1,
        "A rule asks for people's approval.",
        Service.ORCHESTRATOR,
    ),
    _type("approved", IntentApprovedV1, "The policy, or people where it asked, allowed the spend."),
    _type(
        "rejected",
        IntentRejectedV1,
        "Policy, people or the lack of their answer forbade it.",
        Service.ORCHESTRATOR,
    ),
    _type("consumed", IntentConsumedV1, "As much was spent as may be."),
    _type("expired", IntentExpiredV1, "The time to spend is over."),
    _type(
        "revoked",
        IntentRevokedV1,
        "The user, a freeze or the end of its Workflow took the leave back.",
    ),
)
