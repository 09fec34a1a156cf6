"""The MoneyIntent of a task: who may spend it, and what it says."""

from typing import TYPE_CHECKING, Any, Final

from venture_core.workflows.graph import descendants
from venture_crds.v1alpha1.conditions import ConditionType, find_condition
from venture_crds.v1alpha1.moneyintent import IntentPhase, MoneyIntent

from venture_operator.domain.conditions import is_true
from venture_operator.kinds.workflow.childobject import said
from venture_operator.kinds.workflow.outcome import Asked, Done, Failed, Working

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue
    from venture_crds.v1alpha1.conditions import Condition
    from venture_crds.v1alpha1.workflow import Workflow
    from venture_crds.v1alpha1.workflowtask import MoneyTask

    from venture_operator.kinds.workflow.outcome import Outcome

type Body = dict[str, Any]

_HELD: Final = frozenset({IntentPhase.APPROVED, IntentPhase.CONSUMED})


def intent_spec(workflow: Workflow, task: str, money: MoneyTask) -> Body:
    """Return the spec of the intent: those spend it that depend on the task, for who asked."""
    spec = workflow.spec
    after = descendants((task,), {each.name: each for each in spec.tasks})
    asked = money.to_json() | {
        "workflowRef": {"name": workflow.metadata.name, "tasks": sorted(after)}
    }
    if spec.policy_bundle_ref is not None:
        asked["policyBundleRef"] = spec.policy_bundle_ref.to_json()
    if spec.requester is not None:
        asked["requester"] = spec.requester.to_json()
    return asked


def intent_outcome(body: Mapping[str, Any]) -> Outcome:
    """Return what an intent says: it is done when its cap is held."""
    intent = MoneyIntent.model_validate(body)
    status = intent.status
    ready = find_condition(status.conditions, ConditionType.READY)
    if ready is None or status.observed_generation != intent.metadata.generation:
        return Working()
    at = status.finished_at or ready.last_transition_time
    if status.phase in _HELD:
        output: dict[str, JsonValue] = {
            "name": intent.metadata.name,
            "hold": intent.metadata.uid,
            "capCents": intent.spec.cap_cents,
            "currency": intent.spec.currency,
        }
        return Done(output, at)
    if is_true(status.conditions, ConditionType.STALLED):
        return Failed(ready.reason, ready.message, at)
    if status.phase is IntentPhase.AWAITING_APPROVAL and ready.reason == status.phase:
        return _asking(intent, ready)
    return Working(said(ready), reason=ready.reason)


def _asking(intent: MoneyIntent, ready: Condition) -> Working:
    status, name = intent.status, intent.metadata.name
    given, decision = status.approvals, status.decision
    required = given.required if given else max(decision.quorum if decision else 1, 1)
    asked = Asked(status.target_digest or "", required, given.by if given else ())
    return Working(f"{ready.message}: venture approve moneyintent/{name}", asked=asked)
