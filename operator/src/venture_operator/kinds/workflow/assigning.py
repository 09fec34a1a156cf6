"""What an agent is assigned to: its task, with all values filled in."""

from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import JsonValue, ValidationError
from venture_core.agents.assignment import (
    AgentAssignment,
    AssignedModel,
    Limits,
    Requester,
)
from venture_core.events.types.task import task_id
from venture_core.workflows.graph import ancestors
from venture_core.workflows.references import (
    MissingValueError,
    ReferenceSyntaxError,
    TooMuchError,
    fill,
    fill_text,
)
from venture_crds.v1alpha1.workflowstatus import WorkflowReason

from venture_operator.domain.facts import Subject
from venture_operator.kinds.workflow.errors import RefusedError
from venture_operator.kinds.workflow.values import values_of

if TYPE_CHECKING:
    from venture_crds.v1alpha1.workflow import Workflow
    from venture_crds.v1alpha1.workflowstatus import TaskStatus, WorkflowStatus
    from venture_crds.v1alpha1.workflowtask import AgentTask, Task


def assignment_of(
    workflow: Workflow, task: Task, status: WorkflowStatus, script: JsonValue
) -> AgentAssignment:
    """Return what the current attempt of an agent task is assigned to. Raises RefusedError."""
    agent, pinned = task.agent, status.policy_bundle
    if agent is None or pinned is None:
        raise AssertionError("asked for agents of workflows that are pinned to their bundle")
    try:
        values = values_of(workflow, status)
        instructions = fill_text(agent.instructions, values)
        return _assignment(workflow, task, agent, status, instructions, fill(script, values))
    except ReferenceSyntaxError as error:
        # Admission has read everything but the script.
        message = f"its script cannot be filled in: {error}"
        raise RefusedError(WorkflowReason.CHILD_REFUSED, message) from error
    except (MissingValueError, TooMuchError) as error:
        raise RefusedError(WorkflowReason.OUTPUT_MISSING, str(error)) from error
    except ValidationError as error:
        message = f"the agent cannot be told that: {error.errors()[0]['msg']}"
        raise RefusedError(WorkflowReason.CHILD_REFUSED, message) from error


def _assignment(
    workflow: Workflow,
    task: Task,
    agent: AgentTask,
    status: WorkflowStatus,
    instructions: str,
    script: JsonValue,
) -> AgentAssignment:
    metadata, spec, pinned = workflow.metadata, workflow.spec, status.policy_bundle
    if pinned is None:
        raise AssertionError("looked at by the caller")
    uid = UUID(metadata.uid)
    current: TaskStatus = next(each for each in status.tasks if each.name == task.name)
    before = ancestors(task.name, {each.name: each for each in spec.tasks})
    requester = spec.requester
    return AgentAssignment(
        namespace=metadata.namespace,
        workflow=metadata.name,
        workflow_uid=uid,
        trace_id=Subject(uid).trace_id,
        task=task.name,
        task_id=task_id(uid, task.name),
        attempt=current.attempt,
        after=tuple(sorted(before)),
        requester=(Requester(user=requester.user, groups=requester.groups) if requester else None),
        role=agent.role,
        bundle_hash=pinned.hash,
        baseline_hash=pinned.baseline_hash,
        model=AssignedModel(provider=str(agent.model.provider), name=agent.model.name),
        tools=agent.tools,
        limits=Limits(
            max_turns=agent.max_turns,
            max_tokens=agent.max_tokens,
            timeout_seconds=task.timeout_seconds,
        ),
        currency=spec.budget.currency if spec.budget else "USD",
        llm_cap_cents=current.cap_cents,
        instructions=instructions,
        output_schema=agent.output_schema,
        script=script,
    )
