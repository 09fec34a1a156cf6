"""Workflows for people: their plan, their tasks as they go, what their agents said."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from venture_core.treasury.amounts import readable

from venture_cli.domain.conversation import said
from venture_cli.domain.standing import standing, text_at
from venture_cli.domain.table import GAP, align, row
from venture_cli.domain.workflow import HEADER, task_rows
from venture_cli.views.structured import print_data
from venture_cli.views.terminal import LiveBlock, Shown, err, out

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_cli.domain.choices import Format
    from venture_cli.domain.workflowplan import WorkflowPlan

_STYLES = {"task": "dim", "model": "bold", "calls": "cyan", "result": "dim"}


def print_plan(plan: WorkflowPlan, unknown: str, form: Format | None) -> None:
    """Print what would be done."""
    if form is not None:
        print_data(asdict(plan) | {"unknown": unknown}, form)
        return
    for step in plan.steps:
        after = f" after {', '.join(step.after)}" if step.after else ""
        out().print((step.name, "bold"), f"{after}: {step.does}")
        for line in step.may:
            out().print("  may   ", line)
        if step.asks:
            out().print("  asks  ", step.asks)
        if step.worst_cents:
            out().print("  costs ", f"at most {readable(step.worst_cents, plan.currency)}")
    out().print(("policy", "bold"), f": {plan.verdict}")
    cost = readable(plan.worst_cents, plan.currency) if plan.currency else "nothing"
    out().print(("worst case", "bold"), f": {cost}")
    if unknown:
        err().print(("note: ", "yellow"), unknown)


def print_conversations(found: Mapping[str, Mapping[str, Any]], form: Format | None) -> None:
    """Print what was said in each task."""
    if form is not None:
        print_data(found, form)
        return
    for task, transcript in found.items():
        out().print((task, "bold"), f": {text_at(transcript, 'ended') or 'goes on'}")
        for part in said(transcript):
            for number, line in enumerate(part.text.splitlines() or [""]):
                out().print((f"  {'' if number else part.who:<7}", _STYLES[part.who]), line)
    if not found:
        err().print("no agent of it has ended yet")


class Tree(Shown[LiveBlock]):
    """Shows a workflow's tasks: a table that changes on a terminal, a line for each change else."""

    def __init__(self) -> None:
        super().__init__(LiveBlock)
        self._told: dict[str, str] = {}

    def show(self, body: dict[str, Any]) -> None:
        """Show where the workflow and its tasks stand now."""
        rows = task_rows(body, datetime.now(UTC).isoformat())
        if self.live is not None:
            head = f"{body['metadata']['name']}  {standing(body).sentence()}"
            table = align([row(*HEADER), *map(_safe, rows)])
            self.live.show([head, *(GAP.join(each) for each in table)])
            return
        for name, phase, _, _, why in rows:
            line = f"{phase}  {why}".rstrip()
            if self._told.get(name) != line:
                self._told[name] = line
                err().print(f"{name.strip()}  {line}")


def _safe(cells: tuple[str, ...]) -> tuple[str, ...]:
    # The first cell keeps what it is indented by, which says what it comes after.
    first, *rest = cells
    indent = first[: len(first) - len(first.lstrip())]
    shown, *others = row(first.strip(), *rest)
    return (indent + shown, *others)
