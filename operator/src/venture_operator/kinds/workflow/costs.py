"""What a Workflow and its tasks have cost, as the treasury's budgets of it say."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.treasury.amounts import to_minor
from venture_crds.v1alpha1.workflowstatus import Spent

from venture_operator.kinds.workflow.childobject import child_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from venture_core.treasury.models import Budget
    from venture_crds.v1alpha1.workflow import Workflow


@dataclass(frozen=True, slots=True)
class Costs:
    """Whole minor units of the budget's currency; what is less than one waits in the treasury.

    So the tasks' costs may come to a little less than the whole.
    """

    tasks: Mapping[str, int]
    whole: Spent


def costs_of(workflow: Workflow, budgets: Iterable[Budget]) -> Costs:
    """Return what was spent: by agents on models, and out of the intents of money tasks."""
    owners = {
        child_of(workflow, each.name, attempt): each.name
        for each in workflow.status.tasks
        for attempt in range(1, each.attempt + 1)
    }
    tasks: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    currency = workflow.spec.budget.currency if workflow.spec.budget else ""
    for each in budgets:
        if each.currency != currency:
            continue
        match each.kind:
            case "Workflow":
                whole[each.purpose] += each.spent_micros
            case "Task":
                tasks[each.name] += each.spent_micros
            case "Intent" if each.name in owners:
                tasks[owners[each.name]] += each.spent_micros
            case _:
                pass
    return Costs(
        {name: to_minor(micros, currency) for name, micros in tasks.items()},
        Spent(
            cash_cents=to_minor(whole["Cash"], currency) if currency else 0,
            llm_cents=to_minor(whole["Usage"], currency) if currency else 0,
        ),
    )
