"""What is refused when people try it with kubectl, by whom, and in which words: one table.

`tests/integration/test_refusals.py` tries each line; docs/reference/refusals.md shows them all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from policybundles import bundle

if TYPE_CHECKING:
    from collections.abc import Mapping

type Json = dict[str, Any]

API_VERSION: Final = "venture.parpour.dev/v1alpha1"
FOUNDER, AUTHOR = "venture:maya", "venture:petra"
"""Who may `edit`, and who may also write bundles."""
CONTROLLER, SECOND = "venture:noor", "venture:olga"
"""Who may approve."""
ASKS_AND_APPROVES = "venture:theo"
APPROVES_NOTHING = "venture:ivan"
"""Who may make Approvals and has the verb `approve` on nothing."""
FREEZES_HERE = "venture:frida"
"""Who may make Freezes, with the verb `freeze` in one other namespace only."""
ADMINISTRATOR = ""
"""Who runs the test, and may do anything else."""
ROBOT = "system:serviceaccount:<namespace>:robot"
"""A service account that was given the role of who approves."""
DIGEST: Final = f"sha256:{'0' * 64}"
UID: Final = "6a4c8a10-5b7e-4d0a-9d7e-1f2a3b4c5d6e"


class Guard(StrEnum):
    """Who refuses, as docs/policy.md calls them."""

    RIGHTS = "rights"
    WEBHOOK = "webhook"
    API_POLICY = "admission policy"
    DEFINITION = "definition"
    OPERATOR = "operator"
    """The object is taken, nothing comes of it, and its conditions say why."""


@dataclass(frozen=True, slots=True)
class Act:
    """What kubectl is told to do; the object's name is given by whoever tries it."""

    kind: str
    verb: str = "create"
    body: Json | None = None
    name: str = ""
    """Of the object that is changed or deleted."""

    def filled(self, values: Mapping[str, str]) -> Act:
        """Return it with `<namespace>` and the like in place."""
        text = json.dumps(self.body)
        for name, value in values.items():
            text = text.replace(f"<{name}>", value)
        return replace(self, body=json.loads(text))


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that is tried, and what has to come of it, with the webhooks and without."""

    tries: str
    act: Act
    guard: Guard
    words: str
    """What the refusal says, among other things."""
    reason: str = ""
    """The operator's, in the object's conditions, where nobody refuses its creation."""
    without: tuple[Guard, str] | None = None
    """Who refuses in which words while the webhooks are away, where that is somebody else."""
    who: str = FOUNDER
    where: str = "<namespace>"

    def away(self) -> Refusal:
        """Return what is to come of it while every webhook is away."""
        if self.without is not None:
            guard, words = self.without
            return replace(self, guard=guard, words=words)
        return replace(self, guard=Guard.OPERATOR) if self.guard is Guard.WEBHOOK else self


def create(kind: str, **spec: Any) -> Act:
    """Create an object."""
    return Act(kind, body={"spec": spec})


def change(kind: str, name: str, **spec: Any) -> Act:
    """Change the spec of one."""
    return Act(kind, "patch", {"spec": spec}, name)


def agent(**changes: Any) -> Json:
    """Return a task for an agent, within the bundle but for the changes."""
    model = {"provider": "Anthropic", "name": "claude-sonnet"}
    work = {"role": "researcher", "model": model, "instructions": "Look.", "tools": ["web.fetch"]}
    return {"name": "research", "agent": work | changes}


def deck(**changes: Any) -> Json:
    """Return an order for a deck, within the bundle but for the changes."""
    slides = [{"type": "title", "title": "A"}]
    inline = {"kind": "SlideSpec", "version": 1, "title": "A", "slides": slides}
    return {"target": "Pptx", "source": {"inline": inline}} | changes


def spending(**changes: Any) -> Json:
    """Return leave to spend, within the bundle but for the changes."""
    terms = {
        "role": "researcher",
        "purpose": "Ads",
        "currency": "USD",
        "capCents": 5000,
        "perTransactionCents": 500,
        "merchant": {"id": "acme-ads"},
        "categories": ["7311"],
    }
    return terms | changes


def asks(*names: str, message: str = "May it be?") -> list[Json]:
    """Return tasks that ask people, each after the one that is named next, the last after none."""
    return [
        {"name": name, "dependsOn": list(names[at + 1 : at + 2]), "approval": {"message": message}}
        for at, name in enumerate(names)
    ]


def flow(*tasks: Json, requester: str = FOUNDER, cash: int = 0, **spec: Any) -> Act:
    """Create a Workflow."""
    return create(
        "Workflow",
        objective=spec.pop("objective", "Launch"),
        requester={"user": requester},
        budget={"currency": "USD", "cashCents": cash, "llmCents": 100},
        tasks=list(tasks),
        **spec,
    )


def intent(requester: str = FOUNDER, **changes: Any) -> Act:
    """Create a MoneyIntent."""
    return create("MoneyIntent", requester={"user": requester}, **spending(**changes))


def policy(**changes: Any) -> Act:
    """Create a PolicyBundle that is published at once."""
    return create("PolicyBundle", **bundle(**changes), state="Published")


def rule(**changes: Any) -> Json:
    """Return a rule of a bundle."""
    said = {"id": "odd", "appliesTo": ["ToolCall"], "action": "Deny", "message": "Never."}
    return said | changes


def word(by: str, **changes: Any) -> Act:
    """Create an Approval of the MoneyIntent `asked`."""
    target = {"kind": "MoneyIntent", "name": "asked", "uid": "<uid>"}
    said = {"targetRef": target, "targetDigest": "<digest>", "decision": "Approve"}
    return create("Approval", **(said | {"approver": {"user": by}} | changes))


def freeze(scope: Json, reason: str = "somebody is paid whom nobody knows") -> Act:
    """Create a Freeze."""
    return create("Freeze", scope=scope, mode="Freeze", reason=reason)


GOVERNS: Final = bundle(
    rules=[
        rule(
            id="no-secret-plans",
            appliesTo=["Workflow"],
            when="spec.objective.contains('in secret')",
            message="Plans are open here.",
        )
    ],
    money={**bundle()["money"], "approvals": [{"aboveCents": 10_000, "quorum": 3}]},
)
"""The bundle under which all of this is tried."""
