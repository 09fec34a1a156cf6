"""What waits for people, as the status of objects shows it."""

from dataclasses import dataclass
from typing import Any, Final

from venture_core.kubernetes.resources import Resource

type Body = dict[str, Any]

GROUP: Final = "venture.parpour.dev"
TARGETS: Final = {
    "moneyintent": Resource(GROUP, "v1alpha1", "moneyintents", "MoneyIntent"),
    "workflow": Resource(GROUP, "v1alpha1", "workflows", "Workflow"),
}
SHORT: Final = {"mi": "moneyintent", "wf": "workflow"}
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
        what = f"{spec.get('capCents')} cents {spec.get('currency')}: {spec.get('purpose', '')}"
        return [_waiting(body, status, what)]
    tasks = {each.get("name"): each for each in spec.get("tasks", [])}
    waiting = [
        _waiting(body, task, _question(tasks.get(task["name"], {})), task["name"])
        for task in status.get("tasks", [])
        if _AWAITING in (task.get("phase"), task.get("reason"))
        and "money" not in tasks.get(task["name"], {})
    ]
    if status.get("targetDigest"):
        waiting.append(_waiting(body, status, str(spec.get("objective", ""))))
    return waiting


def _question(task: Body) -> str:
    return str(task.get("approval", {}).get("message", ""))


def _waiting(body: Body, status: Body, what: str, task: str | None = None) -> Waiting:
    metadata, counts = body["metadata"], status.get("approvals", {})
    return Waiting(
        kind=body["kind"],
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        digest=str(status.get("targetDigest", "")),
        what=what,
        granted=f"{counts.get('granted', 0)}/{counts.get('required', '?')}",
        task=task,
    )
