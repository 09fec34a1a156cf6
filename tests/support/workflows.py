"""Workflows for tests, and a world in which their decisions are carried out, crashes included."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from venture_crds.v1alpha1.workflow import Workflow
from venture_crds.v1alpha1.workflowstatus import Spent, TaskPhase
from venture_operator.kinds.workflow.board import EndChild, Release, StartTask
from venture_operator.kinds.workflow.childobject import takes_budget
from venture_operator.kinds.workflow.costs import Costs
from venture_operator.kinds.workflow.decide import Observed, decide, is_finished
from venture_operator.kinds.workflow.outcome import Done, Exhausted, Failed, Working
from venture_operator.kinds.workflow.plans import owes_budget

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from venture_crds.v1alpha1.workflowstatus import TaskChild, TaskStatus, WorkflowStatus
    from venture_crds.v1alpha1.workflowtask import Task
    from venture_operator.domain.facts import Fact
    from venture_operator.kinds.workflow.outcome import Outcome
    from venture_operator.kinds.workflow.plans import Plan

type Body = dict[str, Any]

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
UID = "6622053a-5ec9-49b4-bf2a-069588e7037f"
DECK: Body = {"target": "Pptx", "source": {"inline": {"title": "A"}}}
AGENT: Body = {
    "role": "researcher",
    "model": {"provider": "Anthropic", "name": "claude"},
    "instructions": "Look.",
}
APPROVAL: Body = {"quorum": 1}
MONEY: Body = {
    "role": "buyer",
    "purpose": "Ads",
    "currency": "USD",
    "capCents": 100,
    "perTransactionCents": 50,
    "merchant": {"id": "acme-ads"},
    "categories": ["7311"],
}
QUIET = 12
"""After so many rounds in which nothing changes a workflow waits for its user."""


def task(name: str, *depends_on: str, **more: Any) -> Body:
    """Return a task that builds a deck, unless `more` says what else it is."""
    kinds = {"agent", "artifact", "approval", "money"}
    body: Body = {"name": name, "dependsOn": list(depends_on), **more}
    return body if kinds & more.keys() else body | {"artifact": DECK}


def workflow(*tasks: Body, **spec: Any) -> Workflow:
    """Return a Workflow that nobody has looked at."""
    body = {
        "metadata": {
            "name": "launch",
            "namespace": "default",
            "uid": UID,
            "resourceVersion": "1",
            "generation": 1,
        },
        "spec": {"objective": "Launch", "tasks": list(tasks), **spec},
    }
    return Workflow.model_validate(body)


@dataclass(slots=True)
class World:
    """Where plans are carried out: what was created, and what each attempt of a task comes to."""

    workflow: Workflow
    script: Callable[[str, int], Outcome]
    """What the attempt of a task comes to."""
    now: datetime = NOW
    created: dict[str, str] = field(default_factory=dict)
    """The uids of the children that were created, by name."""
    attempts: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Whose attempt a child is, by name."""
    ended: set[str] = field(default_factory=set)
    """The children that are at their end, or were deleted."""
    facts: list[Fact] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    """The tasks in the order in which their children were created."""
    price: Callable[[str, int], int] = lambda _task, _attempt: 0
    """What the attempt of a task costs, in cents."""
    set_aside: bool = False
    """Whether the budget is set aside, as it is before an agent, or what asks for money, starts."""
    frozen: str = ""
    """Why nothing may start, where a freeze holds."""
    killed: bool = False
    """Whether it ends agents, too."""
    law: Callable[[World], None] = lambda _world: None
    """What has to hold after every look."""

    @property
    def status(self) -> WorkflowStatus:
        """What the Workflow's status says."""
        return self.workflow.status

    def task(self, name: str) -> TaskStatus:
        """Return where a task stands."""
        return next(each for each in self.status.tasks if each.name == name)

    def spec_of(self, name: str) -> Task:
        """Return what a task is."""
        return next(each for each in self.workflow.spec.tasks if each.name == name)

    def phases(self) -> dict[str, str]:
        """Return where each task stands."""
        return {each.name: each.phase.value for each in self.status.tasks}

    def reason(self) -> str:
        """Return the reason in the conditions."""
        return self.status.conditions[0].reason

    def change(self, **spec: Any) -> None:
        """Change the spec, as a user does."""
        body = self.workflow.to_json()
        body["metadata"]["generation"] += 1
        body["spec"] |= spec
        body["status"] = self.status.to_json()
        self.workflow = Workflow.model_validate(body)

    def outcomes(self) -> Mapping[str, Outcome]:
        """Return what the children of running tasks say."""
        found: dict[str, Outcome] = {}
        for each in self.status.tasks:
            if each.phase is not TaskPhase.RUNNING or each.child is None or not each.child.uid:
                continue
            name = each.child.name
            if self.created.get(name) == each.child.uid:
                outcome = self.script(each.name, each.attempt)
                found[each.name] = outcome if name in self.ended else Working()
        return found

    def costs(self) -> Costs:
        """Return what the attempts that ended have cost."""
        spent: Counter[str] = Counter()
        for child, (name, attempt) in self.attempts.items():
            spent[name] += self.price(name, attempt) if child in self.ended else 0
        return Costs(spent, Spent(llm_cents=spent.total()))

    def look(self, crash: Random | None = None) -> Plan:
        """Decide and carry it out; with `crash`, perhaps only a part of it."""
        plan = self._carry_out(crash)
        self.law(self)
        return plan

    def _carry_out(self, crash: Random | None) -> Plan:
        seen = Observed(
            self.workflow,
            self.outcomes(),
            costs=self.costs(),
            frozen=self.frozen,
            killed=self.killed,
        )
        plan = decide(seen, self.now)
        self.facts += plan.facts
        if crash and crash.random() < 0.1:
            return plan
        if plan.intent is not None:
            self._write(plan.intent)
        status = plan.status
        for action in plan.actions:
            if crash and crash.random() < 0.1:
                return plan
            match action:
                case StartTask(name):
                    assert status is not None
                    status = self._start(status, name)
                case EndChild(child):
                    self.delete(child)
                case Release():
                    self.set_aside = False
                case _:
                    raise AssertionError(action)
        if status is not None and not (crash and crash.random() < 0.1):
            self._write(status)
        return plan

    def delete(self, child: TaskChild) -> None:
        """Delete a child."""
        self.created.pop(child.name, None)

    def end(self, name: str) -> None:
        """Have the child of a task come to what is in the script."""
        child = self.task(name).child
        assert child is not None
        self.ended.add(child.name)

    def run(self, chooser: Random, *, crashes: bool = False) -> None:
        """Look again and again, in any order, until the workflow is finished or waits."""
        crash = chooser if crashes else None
        quiet = 0
        while (not is_finished(self.workflow) or owes_budget(self.workflow)) and quiet < QUIET:
            before = (self.status, len(self.ended))
            running = [each.name for each in self.status.tasks if self._runs(each)]
            if running and (quiet or chooser.random() < 0.7):
                self.end(chooser.choice(running))
            for _ in range(chooser.randint(1, 3)):
                self.look(crash)
            self.now += timedelta(seconds=chooser.choice((0, 1, 7, 130)))
            quiet = quiet + 1 if before == (self.status, len(self.ended)) else 0

    def _runs(self, each: TaskStatus) -> bool:
        return (
            each.phase is TaskPhase.RUNNING
            and each.child is not None
            and bool(each.child.uid)
            and each.child.name not in self.ended
        )

    def _start(self, status: WorkflowStatus, name: str) -> WorkflowStatus:
        started = next(each for each in status.tasks if each.name == name)
        assert started.child is not None
        child = started.child
        self.set_aside |= takes_budget(self.spec_of(name)) and self.workflow.spec.budget is not None
        if child.name not in self.created:
            assert child.name not in self.attempts, "a child is created once"
            self.created[child.name] = f"uid-{len(self.attempts)}"
            self.attempts[child.name] = (name, started.attempt)
            self.order.append(name)
        known = child.model_copy(update={"uid": self.created[child.name]})
        tasks = tuple(
            each.model_copy(update={"child": known}) if each.name == name else each
            for each in status.tasks
        )
        return status.model_copy(update={"tasks": tasks})

    def _write(self, status: WorkflowStatus) -> None:
        self.workflow = self.workflow.model_copy(update={"status": status})


def done(name: str, attempt: int) -> Outcome:
    """Have every attempt succeed."""
    return Done({"name": name, "attempt": attempt}, NOW)


def failing(*names: str, may_pass: bool = False) -> Callable[[str, int], Outcome]:
    """Have these tasks fail, and all others succeed."""

    def script(name: str, attempt: int) -> Outcome:
        if name in names:
            return Failed("GateFailed", "it went wrong", NOW, may_pass=may_pass)
        return done(name, attempt)

    return script


def exhausting(name: str) -> Callable[[str, int], Outcome]:
    """Have the first attempt of a task end for want of money."""

    def script(asked: str, attempt: int) -> Outcome:
        if asked == name and attempt == 1:
            return Exhausted(NOW)
        return done(asked, attempt)

    return script
