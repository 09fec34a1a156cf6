"""What a bundle says to one request, in the words of findings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from venture_core.policy.decision import Action, Finding, ReasonCode

if TYPE_CHECKING:
    from venture_core.policy.expressions import EvaluationError, Expression, Facts
    from venture_core.policy.snapshot import Layer

DAY_SECONDS: Final = 86_400
"""How long people are waited for where a bundle does not say."""


@dataclass(frozen=True, slots=True)
class Judge:
    """One bundle, and the request as its expressions see it."""

    layer: Layer
    facts: Facts

    def holds(self, when: Expression | None) -> bool:
        """Return whether a condition holds; one that is not there does. Raises EvaluationError."""
        return when is None or when.holds(self.facts)

    def say(self, action: Action, rule: str, code: ReasonCode, message: str) -> Finding:
        """Return a finding of this bundle."""
        return Finding(
            action=action,
            rule=rule,
            reason_code=code,
            message=message,
            bundle_hash=self.layer.hash,
        )

    def allow(self, rule: str, message: str) -> Finding:
        """Return that it may happen."""
        return self.say(Action.ALLOW, rule, ReasonCode.WITHIN_POLICY, message)

    def deny(self, rule: str, code: ReasonCode, message: str) -> Finding:
        """Return that it may not happen."""
        return self.say(Action.DENY, rule, code, message)

    def failed(self, rule: str, error: EvaluationError) -> Finding:
        """Return that it may not happen since nobody can say whether it may."""
        message = f"the rule could not be evaluated: {error}"
        return self.deny(rule, ReasonCode.EVALUATION_ERROR, message)

    def ask(
        self,
        rule: str,
        code: ReasonCode,
        message: str,
        quorum: int | None,
        ttl_seconds: int | None,
    ) -> Finding:
        """Return that people have to approve it."""
        return Finding(
            action=Action.REQUIRE_APPROVAL,
            rule=rule,
            reason_code=code,
            message=message,
            bundle_hash=self.layer.hash,
            quorum=quorum or 1,
            ttl_seconds=ttl_seconds or DAY_SECONDS,
        )
