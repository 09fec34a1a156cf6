"""What tasks of Workflows may use of their namespace's wallet, in the treasury."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

from venture_core.treasury.client import TreasuryRefusedError, TreasuryUnavailableError
from venture_core.treasury.models import (
    TaskBudgetRequest,
    VoidIntentRequest,
    WorkflowBudgetRequest,
)
from venture_core.treasury.reasons import ReasonCode
from venture_crds.v1alpha1.workflowstatus import WorkflowReason

from venture_operator.errors import WaitingError
from venture_operator.kinds.workflow.costs import costs_of
from venture_operator.kinds.workflow.errors import RefusedError

if TYPE_CHECKING:
    from venture_core.treasury.client import TreasuryClient
    from venture_crds.v1alpha1.workflow import Budget, Workflow
    from venture_crds.v1alpha1.workflowtask import AgentTask, Task

    from venture_operator.kinds.workflow.costs import Costs

LOOK_AGAIN_SECONDS: Final = 5.0


class Budgets:
    """Opens and ends budgets. Without a treasury it does nothing, and no model is paid."""

    def __init__(self, treasury: TreasuryClient | None) -> None:
        self._treasury = treasury

    async def open(self, workflow: Workflow, task: Task) -> None:
        """Set a workflow's budget aside in the wallet, and bound what a task's agent uses.

        Safe to repeat; a raised `spec.budget` raises it. Raises RefusedError, and WaitingError
        where the wallet has not enough or the treasury does not answer.
        """
        metadata, budget = workflow.metadata, workflow.spec.budget
        if self._treasury is None or budget is None:
            return
        uid = UUID(metadata.uid)
        whole = WorkflowBudgetRequest(
            namespace=metadata.namespace,
            workflow=metadata.name,
            generation=metadata.generation,
            currency=budget.currency,
            cash_cents=budget.cash_cents,
            llm_cents=budget.llm_cents,
        )
        try:
            await self._treasury.open(uid, whole)
            if task.agent is not None:
                await self._treasury.reserve(uid, task.name, _own(workflow, budget, task.agent))
        except TreasuryUnavailableError as error:
            raise _unavailable(error) from error
        except TreasuryRefusedError as error:
            raise _refused(error, metadata.namespace) from error

    async def costs(self, workflow: Workflow) -> Costs | None:
        """Return what a workflow has cost; None without a treasury. Raises WaitingError."""
        if self._treasury is None or workflow.spec.budget is None:
            return None
        try:
            budgets = await self._treasury.budgets(UUID(workflow.metadata.uid))
        except (TreasuryUnavailableError, TreasuryRefusedError) as error:
            raise _unavailable(error) from error
        return costs_of(workflow, budgets)

    async def release(self, uid: str) -> None:
        """End a workflow's budgets: what was not spent is free again. Raises WaitingError.

        So does its leave to spend, each on record. Safe to repeat; `open` sets them aside again.
        """
        if self._treasury is None:
            return
        try:
            for each in await self._treasury.budgets(UUID(uid)):
                if each.kind == "Intent" and each.state == "Open":
                    await self._treasury.void(each.id, VoidIntentRequest(reason="Released"))
            await self._treasury.release(UUID(uid))
        except (TreasuryUnavailableError, TreasuryRefusedError) as error:
            raise _unavailable(error) from error


def _own(workflow: Workflow, budget: Budget, agent: AgentTask) -> TaskBudgetRequest:
    return TaskBudgetRequest(
        namespace=workflow.metadata.namespace,
        generation=workflow.metadata.generation,
        currency=budget.currency,
        llm_cents=budget.llm_cents if agent.llm_cents is None else agent.llm_cents,
    )


def _refused(error: TreasuryRefusedError, namespace: str) -> RefusedError | WaitingError:
    if error.code is None:
        # No decision about money: it does not take the operator for who it is.
        return _unavailable(error)
    if error.code is ReasonCode.INSUFFICIENT_FUNDS:
        return WaitingError(
            WorkflowReason.WAITING_FOR_FUNDS,
            f"the wallet of {namespace} has less than spec.budget: pay into it",
            after_seconds=LOOK_AGAIN_SECONDS,
        )
    return RefusedError(WorkflowReason.CHILD_REFUSED, str(error))


def _unavailable(error: Exception) -> WaitingError:
    reason = WorkflowReason.TREASURY_UNAVAILABLE
    return WaitingError(reason, str(error), after_seconds=LOOK_AGAIN_SECONDS)
