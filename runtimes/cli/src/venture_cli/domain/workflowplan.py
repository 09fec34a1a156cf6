"""What a workflow would do, before it does: step by step, by which rule, and what it may cost."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from venture_core.policy.evaluate import evaluate
from venture_core.policy.request import ModelCall, ObjectRequest, ToolCall
from venture_core.treasury.amounts import readable
from venture_crds.v1alpha1.policybundle import Governed

if TYPE_CHECKING:
    from datetime import datetime

    from venture_core.policy.decision import Decision
    from venture_core.policy.request import Request
    from venture_core.policy.snapshot import Snapshot
    from venture_crds.v1alpha1.workflow import Workflow
    from venture_crds.v1alpha1.workflowtask import AgentTask, MoneyTask, Task

_NOT_SAID: Final = "no bundle was read"


@dataclass(frozen=True, slots=True)
class Step:
    """One task, as it would go."""

    name: str
    after: tuple[str, ...]
    does: str
    may: tuple[str, ...]
    """What policy says to each thing that it would do, and by which rule."""
    asks: str
    """Whom it asks; empty where nobody."""
    worst_cents: int
    """The most that it may cost."""


@dataclass(frozen=True, slots=True)
class WorkflowPlan:
    """What would come of a workflow."""

    steps: tuple[Step, ...]
    verdict: str
    """What policy says to all of it."""
    allowed: bool | None
    """None where no bundle could be read."""
    worst_cents: int
    currency: str


def plan_workflow(
    workflow: Workflow, namespace: str, snapshot: Snapshot | None, now: datetime
) -> WorkflowPlan:
    """Return the plan by a namespace's own bundle; None: nothing is said about rules."""
    planner = _Planner(workflow, namespace, snapshot, now)
    steps = tuple(planner.step(task) for task in workflow.spec.tasks)
    budget = workflow.spec.budget
    llm = sum(each.worst_cents for each, task in _with(steps, workflow) if task.agent is not None)
    cash = sum(each.worst_cents for each, task in _with(steps, workflow) if task.money is not None)
    verdict, allowed = planner.verdict()
    return WorkflowPlan(
        steps=steps,
        verdict=verdict,
        allowed=allowed,
        # What is set aside bounds it, whatever the tasks ask for.
        worst_cents=min(llm, budget.llm_cents) + min(cash, budget.cash_cents) if budget else 0,
        currency=budget.currency if budget else "",
    )


def _with(steps: tuple[Step, ...], workflow: Workflow) -> list[tuple[Step, Task]]:
    return list(zip(steps, workflow.spec.tasks, strict=True))


class _Planner:
    def __init__(
        self, workflow: Workflow, namespace: str, snapshot: Snapshot | None, now: datetime
    ) -> None:
        self._workflow = workflow
        self._namespace = namespace
        self._snapshot = snapshot
        self._now = now

    def verdict(self) -> tuple[str, bool | None]:
        spec = self._workflow.spec.to_json()
        return self._judged(Governed.WORKFLOW, spec)

    def step(self, task: Task) -> Step:
        does, asks, cents = "", "", 0
        may: tuple[str, ...] = ()
        if task.agent is not None:
            does, may = self._agent(task.agent)
            budget = self._workflow.spec.budget
            left = budget.llm_cents if budget else 0
            cents = left if task.agent.llm_cents is None else task.agent.llm_cents
        elif task.artifact is not None:
            does = f"builds a {task.artifact.target}"
            spec: dict[str, Any] = task.artifact.to_json()
            may = (self._judged(Governed.ARTIFACT_BUILD, spec)[0],)
        elif task.approval is not None:
            groups = task.approval.approvers.groups if task.approval.approvers else ()
            who = " or ".join(groups) or "whoever may approve, but who asks"
            does = "waits for people"
            asks = f"{task.approval.quorum} of {who}, within {task.approval.ttl_seconds} s"
        elif task.money is not None:
            does, may, asks = self._money(task.money)
            cents = task.money.cap_cents
        return Step(task.name, task.depends_on, does, may, asks, cents)

    def _agent(self, agent: AgentTask) -> tuple[str, tuple[str, ...]]:
        model = f"{agent.model.provider} {agent.model.name}"
        does = f"an agent as {agent.role} with {model}, at most {agent.max_turns} turns"
        if self._snapshot is None:
            return does, ()
        asked: list[Request] = [
            ModelCall(
                namespace=self._namespace,
                role=agent.role,
                now=self._now,
                provider=agent.model.provider,
                model=agent.model.name,
            ),
            *(
                ToolCall(namespace=self._namespace, role=agent.role, now=self._now, tool=tool)
                for tool in agent.tools
            ),
        ]
        whats = ("model", *agent.tools)
        return does, tuple(
            f"{what}: {self._of_tool(agent.role, what) or _said(evaluate(self._snapshot, each))}"
            for what, each in zip(whats, asked, strict=True)
        )

    def _of_tool(self, role: str, tool: str) -> str:
        """Return what arguments decide, which are not known yet; empty where the rule is plain."""
        if self._snapshot is None:
            return ""
        for layer in self._snapshot.layers:
            granted = layer.roles[role].tools.get(tool) if role in layer.roles else None
            if granted is not None and (granted.when is not None or granted.domains):
                return f"by its arguments, rule roles/{role}/tools/{tool}"
        return ""

    def _money(self, money: MoneyTask) -> tuple[str, tuple[str, ...], str]:
        cap = readable(money.cap_cents, money.currency)
        does = f"leave to spend {cap} at {money.merchant.id}"
        if self._snapshot is None:
            return does, (), ""
        decision = self._decision(Governed.MONEY_INTENT, money.to_json())
        quorum = decision.quorum
        asks = f"{quorum} who may approve it, but who asks" if quorum else ""
        return does, (_said(decision),), asks

    def _judged(self, kind: Governed, spec: dict[str, Any]) -> tuple[str, bool | None]:
        if self._snapshot is None:
            return _NOT_SAID, None
        decision = self._decision(kind, spec)
        return _said(decision), not decision.denials

    def _decision(self, kind: Governed, spec: dict[str, Any]) -> Decision:
        name = self._workflow.metadata.name
        return evaluate(
            self._snapshot,
            ObjectRequest(
                kind=kind, namespace=self._namespace, name=name, spec=spec, now=self._now
            ),
        )


def _said(decision: Decision) -> str:
    return f"{decision.action}, rule {decision.rule}: {decision.message}"
