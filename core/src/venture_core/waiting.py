"""What waits for people, as the status of objects shows it. Pure."""

from dataclasses import dataclass
from typing import Any, Final

from venture_core.kubernetes.resources import MONEY_INTENTS, WORKFLOWS
from venture_core.treasury.amounts import readable

type Body = dict[str, Any]

TARGETS: Final = {"moneyintent": MONEY_INTENTS, "workflow": WORKFLOWS}
"""What may wait, by how its targets are called."""
_AWAITING: Final = "AwaitingApproval"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits."""

    kind: str
    namespace: str
    name: str
    uid: str
    digest: str
    what: str
    granted: str
    requester: str
    """The user who asked for it; empty where that is not known."""
    by: tuple[str, ...] = ()
    """Who has approved it so far."""
    groups: tuple[str, ...] = ()
    """Of which one an approver has to be a member; empty: anybody may approve who has the right."""
    task: str | None = None

    @property
    def target(self) -> str:
        """Its name for `approve` and `deny`."""
        parts = (self.kind.lower(), self.name, *((self.task,) if self.task else ()))
        return "/".join(parts)


def waiting_in(body: Body) -> list[Waiting]:
    """Return what waits in an object: a MoneyIntent, a Workflow that may not begin, its approvals.

    Of a money task its MoneyIntent waits, which is listed itself.
    """
    status, spec = body.get("status", {}), body.get("spec", {})
    if body["kind"] == "MoneyIntent":
        if status.get("phase") != _AWAITING:
            return []
        cap = readable(spec.get("capCents"), str(spec.get("currency")))
        what = f"{cap}: {spec.get('purpose', '')}"
        return [_waiting(body, status, what)]
    tasks = {each.get("name"): each for each in spec.get("tasks", [])}
    waiting = [
        _waiting(body, task, _question(task, tasks), tasks.get(task["name"], {}))
        for task in status.get("tasks", [])
        if _AWAITING in (task.get("phase"), task.get("reason"))
        and "money" not in tasks.get(task["name"], {})
    ]
    if status.get("targetDigest"):
        waiting.append(_waiting(body, status, str(spec.get("objective", ""))))
    return waiting


def _question(task: Body, specs: dict[str, Body]) -> str:
    """Return what people are asked, with the values in it that the operator has filled in."""
    written = specs.get(task["name"], {}).get("approval", {}).get("message", "")
    return str(task.get("message") or written)


def _waiting(body: Body, status: Body, what: str, task: Body | None = None) -> Waiting:
    metadata, counts, asked = body["metadata"], status.get("approvals", {}), task or {}
    return Waiting(
        kind=body["kind"],
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        digest=str(status.get("targetDigest", "")),
        what=what,
        granted=f"{counts.get('granted', 0)}/{counts.get('required', '?')}",
        requester=str(body.get("spec", {}).get("requester", {}).get("user", "")),
        by=tuple(counts.get("by", ())),
        groups=tuple(asked.get("approval", {}).get("approvers", {}).get("groups", ())),
        task=asked.get("name"),
    )
