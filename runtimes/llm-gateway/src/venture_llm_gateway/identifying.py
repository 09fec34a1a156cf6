"""Who calls: from the workload token to the task that the operator assigned to its Job."""

from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from pydantic import ValidationError
from venture_core.identity.callers import UnverifiableError
from venture_core.llm.errors import LlmError
from venture_core.llm.scripts import Script
from venture_core.record.assignments import AssignmentUnavailableError, NotAssignedError

from venture_llm_gateway.assigned import Assigned

if TYPE_CHECKING:
    from venture_core.agents.assignment import AgentAssignment
    from venture_core.identity.workload import Workloads
    from venture_core.record.assignments import Assignments

log = structlog.get_logger(__name__)


class Identification:
    """Names the task for which the holder of a token works."""

    def __init__(self, workloads: Workloads, assignments: Assignments) -> None:
        self._workloads = workloads
        self._assignments = assignments

    async def __call__(self, token: str) -> Assigned:
        """Return the task. Raises UnauthenticatedError, UnverifiableError, LlmError."""
        workload = await self._workloads.verify(token)
        try:
            return assigned_of(await self._assignments.of(workload))
        except NotAssignedError as error:
            log.warning("a caller works for no task", caller=workload.name, reason=str(error))
            raise LlmError(
                HTTPStatus.FORBIDDEN, "not_assigned", "This pod works for no task of a Workflow."
            ) from error
        except AssignmentUnavailableError as error:
            raise UnverifiableError("the record of assignments does not answer") from error


def assigned_of(assignment: AgentAssignment) -> Assigned:
    """Return what the gateway has to know of an assignment. Raises LlmError."""
    scripted = assignment.model.provider == "Scripted"
    return Assigned(
        namespace=assignment.namespace,
        workflow=assignment.workflow,
        workflow_uid=assignment.workflow_uid,
        trace_id=assignment.trace_id,
        task=assignment.task,
        attempt=assignment.attempt,
        role=assignment.role,
        currency=assignment.currency,
        bundle_hash=assignment.bundle_hash,
        baseline_hash=assignment.baseline_hash,
        scripted_model=assignment.model.name if scripted else None,
        script=_script(assignment) if scripted else None,
    )


def _script(assignment: AgentAssignment) -> Script:
    try:
        return Script.model_validate(assignment.script)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in found["loc"])
        raise LlmError(
            HTTPStatus.BAD_REQUEST,
            "script",
            f"The script of task {assignment.task} is none: {where}: {found['msg']}.",
        ) from None
