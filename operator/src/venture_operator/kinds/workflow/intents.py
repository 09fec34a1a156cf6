"""MoneyIntents that tasks of Workflows ask for."""

from typing import TYPE_CHECKING, Any, Final

from venture_crds.v1alpha1.moneyintent import IntentReason

from venture_operator.errors import WaitingError
from venture_operator.kinds.workflow.childintent import intent_outcome, intent_spec
from venture_operator.kinds.workflow.childobject import child_object
from venture_operator.kinds.workflow.errors import RefusedError
from venture_operator.kinds.workflow.outcome import Working

if TYPE_CHECKING:
    from datetime import datetime

    from venture_crds.v1alpha1.workflow import Workflow
    from venture_crds.v1alpha1.workflowstatus import TaskStatus, WorkflowStatus
    from venture_crds.v1alpha1.workflowtask import Task

    from venture_operator.kinds.workflow.budgets import Budgets
    from venture_operator.kinds.workflow.outcome import Outcome
    from venture_operator.kinds.workflow.ownobjects import OwnObjects

type Body = dict[str, Any]

KIND: Final = "MoneyIntent"
_SHORT: Final = frozenset({IntentReason.WAITING_FOR_FUNDS, IntentReason.WAITING_FOR_WORKFLOW})
"""Why an intent waits whose workflow has no budget with room for it in the treasury."""


class Intents:
    """The intents of Workflows. Everything may raise KubernetesError."""

    def __init__(self, objects: OwnObjects, budgets: Budgets) -> None:
        self._objects = objects
        self._budgets = budgets

    async def outcome(
        self, workflow: Workflow, task: Task, status: TaskStatus, now: datetime
    ) -> Outcome | None:
        """Return what the intent of a task says; None where it is not there, or is another one.

        Where it waits for money, the treasury is told of the budget as it is now: a raised one
        lets it go on.
        """
        del now
        if status.child is None:
            return None
        found = await self._objects.find(workflow.metadata.namespace, status.child)
        if found is None:
            return None
        outcome = intent_outcome(found)
        if isinstance(outcome, Working) and outcome.reason in _SHORT:
            try:
                await self._budgets.open(workflow, task)
            except (WaitingError, RefusedError) as error:
                return Working(error.message, reason=error.reason)
        return outcome

    async def create(
        self, workflow: Workflow, task: Task, status: WorkflowStatus, name: str
    ) -> Body:
        """Create the intent of a task, or find it created before. Raises RefusedError."""
        del status
        if task.money is None:
            raise AssertionError("asked for money tasks")
        await self._budgets.open(workflow, task)
        spec = intent_spec(workflow, task.name, task.money)
        wanted = child_object(workflow, task.name, kind=KIND, name=name, spec=spec)
        return await self._objects.create(workflow, wanted)
