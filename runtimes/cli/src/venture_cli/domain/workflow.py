"""Workflows as the command line speaks of them."""

from typing import TYPE_CHECKING, Any, Final

from venture_core.kubernetes.resources import WORKFLOWS
from venture_core.treasury.amounts import readable

from venture_cli.domain.durations import between, elapsed
from venture_cli.domain.noun import Control, Noun
from venture_cli.domain.standing import at, items_at, text_at

if TYPE_CHECKING:
    from collections.abc import Mapping

type Body = dict[str, Any]
type Row = tuple[str, ...]

HEADER: Final[Row] = ("TASK", "PHASE", "TOOK", "COST", "WHY")
INDENT: Final = "  "
_AGAIN: Final = "and submit it under another name."
MENDABLE: Final[Mapping[str, str]] = {
    "InvalidWorkflow": f"Mend the tasks that the message names, {_AGAIN}",
    "PolicyDenies": f"Ask for what the PolicyBundle allows, {_AGAIN}",
    "RequesterUnknown": f"Say who asks in spec.requester, {_AGAIN}",
    "DeadlineExceeded": f"Give it a longer spec.deadlineSeconds, {_AGAIN}",
}


def task_rows(body: Body, now: str = "") -> list[Row]:
    """Return a line for each task below those it depends on; `now` ends what still runs."""
    depths = _depths(items_at(body, "spec", "tasks"))
    currency = text_at(body, "spec", "budget", "currency")
    known = {text_at(each, "name"): each for each in items_at(body, "status", "tasks")}
    return [
        _row(f"{INDENT * depth}{name}", known.get(name, {}), now, currency)
        for name, depth in depths.items()
    ]


def _row(shown: str, task: Any, now: str, currency: str) -> Row:  # noqa: ANN401  as JSON has it
    began, ended = text_at(task, "startedAt"), text_at(task, "finishedAt") or now
    seconds = between(began, ended)
    cents = at(task, "costCents")
    return (
        shown,
        text_at(task, "phase") or "Queued",
        "" if seconds is None else elapsed(seconds),
        readable(cents, currency) if cents else "",
        text_at(task, "message") or text_at(task, "reason"),
    )


def _depths(tasks: list[Any]) -> dict[str, int]:
    """Return the tasks in the order in which they can run, each with how many come before it."""
    waiting = {text_at(each, "name"): set(items_at(each, "dependsOn")) for each in tasks}
    depths: dict[str, int] = {}
    while waiting:
        free = [name for name, before in waiting.items() if not before & waiting.keys()]
        # A circle, which no workflow of the cluster has: its tasks stand as they are.
        for name in free or list(waiting):
            before = waiting.pop(name)
            depths[name] = 1 + max((depths.get(each, 0) for each in before), default=-1)
    return depths


def facts(body: Body) -> dict[str, str]:
    """Return what there is to know of a workflow besides where it stands."""
    found = {"objective": text_at(body, "spec", "objective")}
    if progress := text_at(body, "status", "progress"):
        found["progress"] = progress
    if cost := at(body, "status", "cost"):
        parts = (at(cost, each) for each in ("cashCents", "llmCents"))
        spent = sum(each for each in parts if isinstance(each, int))
        found["cost"] = readable(spent, text_at(body, "spec", "budget", "currency"))
    if who := text_at(body, "spec", "requester", "user"):
        found["requester"] = who
    if name := text_at(body, "status", "policyBundle", "name"):
        bundle = at(body, "status", "policyBundle")
        found["policy"] = f"{name} {text_at(bundle, 'version')}, {text_at(bundle, 'hash')[:19]}"
    for row in task_rows(body):
        found[f"task {row[0].strip()}"] = "  ".join(each for each in row[1:] if each)
    return found


def findings(body: Body) -> tuple[str, ...]:
    """Return a line for each task that did not succeed by itself."""
    return tuple(
        f"{text_at(each, 'name')}: {text_at(each, 'reason')}: {text_at(each, 'message')}"
        for each in items_at(body, "status", "tasks")
        if text_at(each, "phase") == "Failed"
    )


WORKFLOW: Final = Noun(
    name="workflow",
    resource=WORKFLOWS,
    one="workflow",
    doing="running",
    held="what runs comes to its end",
    aliases=("wf",),
    phases=("Pending", "Running", "Waiting", "Suspended", "Succeeded", "Failed", "Cancelled"),
    controls=frozenset({Control.SUSPEND, Control.RETRY, Control.SHUTDOWN}),
    facts=facts,
    findings=findings,
    mendable=MENDABLE,
)
