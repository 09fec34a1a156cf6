"""Decisions: what is to happen with a request, by which rule of which bundle, and why."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from venture_crds.v1alpha1.policybundle import RuleSeverity

NO_BUNDLE: Final = ""
"""The hash where no bundle decided."""


class Action(StrEnum):
    """What is to happen with a request."""

    ALLOW = "Allow"
    DENY = "Deny"
    REQUIRE_APPROVAL = "RequireApproval"


STRICTNESS: Final = {Action.ALLOW: 0, Action.REQUIRE_APPROVAL: 1, Action.DENY: 2}


class ReasonCode(StrEnum):
    """Why, in a word for programs."""

    WITHIN_POLICY = "WITHIN_POLICY"
    RULE_DENIES = "RULE_DENIES"
    RULE_REQUIRES_APPROVAL = "RULE_REQUIRES_APPROVAL"
    APPROVAL_THRESHOLD = "APPROVAL_THRESHOLD"
    EVALUATION_ERROR = "EVALUATION_ERROR"
    REQUEST_TOO_LARGE = "REQUEST_TOO_LARGE"
    NO_BUNDLE = "NO_BUNDLE"
    NOT_ALLOWED = "NOT_ALLOWED"
    """Nothing in the bundle allows it."""
    UNKNOWN_ROLE = "UNKNOWN_ROLE"
    NOT_IN_ALLOWLIST = "NOT_IN_ALLOWLIST"
    ARGUMENTS_NOT_ALLOWED = "ARGUMENTS_NOT_ALLOWED"
    DOMAIN_NOT_ALLOWLISTED = "DOMAIN_NOT_ALLOWLISTED"
    MODEL_NOT_ALLOWED = "MODEL_NOT_ALLOWED"
    TARGET_NOT_ALLOWED = "TARGET_NOT_ALLOWED"
    GATE_REQUIRED = "GATE_REQUIRED"
    CURRENCY_NOT_ALLOWED = "CURRENCY_NOT_ALLOWED"
    MERCHANT_NOT_ALLOWED = "MERCHANT_NOT_ALLOWED"
    CATEGORY_NOT_ALLOWED = "CATEGORY_NOT_ALLOWED"
    WORKFLOW_CAP_EXCEEDED = "WORKFLOW_CAP_EXCEEDED"
    TRANSACTION_CAP_EXCEEDED = "TRANSACTION_CAP_EXCEEDED"
    FREEZE_MODE_ACTIVE = "FREEZE_MODE_ACTIVE"
    RATE_LIMITED = "RATE_LIMITED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule says to a request.

    `rule` is the id of one of the bundle's rules, or the path of the list or limit that speaks:
    `roles/researcher/tools/web.fetch`. `quorum` and `ttl_seconds` are how many people have to
    approve, and within what time.
    """

    action: Action
    rule: str
    reason_code: ReasonCode
    message: str
    bundle_hash: str = NO_BUNDLE
    quorum: int = 0
    ttl_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Alert:
    """News of a rule that decides nothing."""

    rule: str
    message: str
    severity: RuleSeverity
    bundle_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to happen with a request: the strictest of its findings, which are all here."""

    action: Action
    rule: str
    reason_code: ReasonCode
    message: str
    bundle_hash: str
    quorum: int = 0
    ttl_seconds: int = 0
    findings: tuple[Finding, ...] = ()
    """What every rule said that applied, of every bundle, the deciding one first."""
    alerts: tuple[Alert, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether it may happen at once."""
        return self.action is Action.ALLOW

    @property
    def denials(self) -> tuple[Finding, ...]:
        """Everything that stands against it."""
        return tuple(each for each in self.findings if each.action is Action.DENY)


def decide(findings: tuple[Finding, ...], alerts: tuple[Alert, ...] = ()) -> Decision:
    """Return what the strictest finding says; their order makes no difference.

    Of several that ask for people, the largest quorum counts and the shortest time. Raises
    ValueError where there is none: silence is nobody's leave.
    """
    if not findings:
        raise ValueError("nothing was found, and nothing may follow from that")
    ordered = tuple(sorted(findings, key=_weight))
    first = ordered[0]
    asking = [each for each in findings if each.action is Action.REQUIRE_APPROVAL]
    waits = first.action is Action.REQUIRE_APPROVAL
    return Decision(
        action=first.action,
        rule=first.rule,
        reason_code=first.reason_code,
        message=first.message,
        bundle_hash=first.bundle_hash,
        quorum=max(each.quorum for each in asking) if waits else 0,
        ttl_seconds=min(each.ttl_seconds for each in asking) if waits else 0,
        findings=ordered,
        alerts=tuple(sorted(alerts, key=lambda each: (each.bundle_hash, each.rule))),
    )


def refusal(rule: str, reason_code: ReasonCode, message: str) -> Decision:
    """Return the denial of something that no bundle was asked about."""
    return decide(
        (Finding(action=Action.DENY, rule=rule, reason_code=reason_code, message=message),)
    )


def _weight(finding: Finding) -> tuple[int, int, str, str]:
    return -STRICTNESS[finding.action], -finding.quorum, finding.bundle_hash, finding.rule
