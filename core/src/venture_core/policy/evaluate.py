"""Judge a request by what governs it: `evaluate(snapshot, request) -> Decision`. Pure.

Every bundle judges by itself: what its lists and limits say, and each of its rules that applies.
Deny beats RequireApproval, which beats Allow; what nothing allows is denied; what cannot be
evaluated denies. Of two bundles the stricter decides.
"""

from typing import TYPE_CHECKING, Final

from venture_crds.v1alpha1.policybundle import RuleAction, RuleSeverity

from venture_core.policy.decision import (
    Action,
    Alert,
    Decision,
    Finding,
    ReasonCode,
    decide,
    refusal,
)
from venture_core.policy.expressions import EvaluationError, facts_of
from venture_core.policy.judging import Judge
from venture_core.policy.limits import RequestTooLargeError, require_bounded
from venture_core.policy.lists import default_denial, findings_of_lists

if TYPE_CHECKING:
    from venture_core.policy.expressions import Facts
    from venture_core.policy.request import Request
    from venture_core.policy.snapshot import CompiledRule, Layer, Snapshot

_ACTIONS: Final = {
    RuleAction.ALLOW: (Action.ALLOW, ReasonCode.WITHIN_POLICY),
    RuleAction.DENY: (Action.DENY, ReasonCode.RULE_DENIES),
    RuleAction.REQUIRE_APPROVAL: (Action.REQUIRE_APPROVAL, ReasonCode.RULE_REQUIRES_APPROVAL),
}


def evaluate(snapshot: Snapshot | None, request: Request) -> Decision:
    """Return what is to happen with a request, and by which rule; without a bundle it is denied.

    Never raises for what a request holds. It takes some microseconds for each rule.
    """
    if snapshot is None:
        message = "no PolicyBundle governs the namespace: publish one named default"
        return refusal("default", ReasonCode.NO_BUNDLE, message)
    variables = request.variables()
    try:
        require_bounded(variables)
    except RequestTooLargeError as error:
        message = f"the request is too large to be judged: {error}"
        return refusal("limits", ReasonCode.REQUEST_TOO_LARGE, message)
    facts = facts_of(request.kind, variables)
    findings: list[Finding] = []
    alerts: list[Alert] = []
    for layer in snapshot.layers:
        found, news = _judge(layer, request, facts)
        findings += found
        alerts += news
    return decide(tuple(findings), tuple(alerts))


def _judge(layer: Layer, request: Request, facts: Facts) -> tuple[list[Finding], list[Alert]]:
    """Return everything that one bundle says; at least one finding."""
    judge = Judge(layer, facts)
    findings = list(findings_of_lists(judge, request))
    alerts: list[Alert] = []
    for compiled in layer.rules.get(request.kind, ()):
        said = _said_by(judge, compiled)
        if isinstance(said, Alert):
            alerts.append(said)
        elif said is not None:
            findings.append(said)
    return findings or [default_denial(judge, request)], alerts


def _said_by(judge: Judge, compiled: CompiledRule) -> Finding | Alert | None:
    """Return what a rule says to the request, None where it does not apply."""
    rule = compiled.rule
    try:
        if not judge.holds(compiled.when):
            return None
    except EvaluationError as error:
        return judge.failed(rule.id, error)
    if rule.action is RuleAction.ALERT:
        severity = rule.severity or RuleSeverity.MEDIUM
        return Alert(rule.id, rule.message, severity, judge.layer.hash)
    action, code = _ACTIONS[rule.action]
    if action is Action.REQUIRE_APPROVAL:
        return judge.ask(rule.id, code, rule.message, rule.quorum, rule.ttl_seconds)
    return judge.say(action, rule.id, code, rule.message)
