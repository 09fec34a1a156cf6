"""Which agent calls, and what governs it: by its token, and by nothing that it says."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from venture_core.policy.ceilings import calls_per_minute
from venture_core.policy.decision import Decision, ReasonCode, refusal
from venture_core.policy.evaluate import evaluate
from venture_core.policy.request import ToolCall
from venture_core.record.assignments import JOB_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from venture_core.agents.assignment import AgentAssignment
    from venture_core.freezes import Frozen
    from venture_core.identity.workload import Workloads
    from venture_core.policy.snapshot import Snapshot
    from venture_core.record.assignments import Assignments
    from venture_core.record.bundles import Bundles


@dataclass(frozen=True, slots=True)
class Agent:
    """A running agent."""

    job: str
    assignment: AgentAssignment
    snapshot: Snapshot | None
    """What governs it: the bundles that its Workflow is pinned to."""


def judge_call(
    agent: Agent, frozen: Frozen | None, tool: str, arguments: Mapping[str, Any], now: datetime
) -> Decision:
    """Return whether an agent may call a tool now: freezes, its task's tools, then policy."""
    assignment = agent.assignment
    if frozen is not None:
        return refusal("freeze", ReasonCode.FREEZE_MODE_ACTIVE, frozen.sentence)
    if tool not in assignment.tools:
        message = f"the task does not list the tool {tool}"
        return refusal("task/tools", ReasonCode.NOT_IN_ALLOWLIST, message)
    call = ToolCall(
        namespace=assignment.namespace,
        role=assignment.role,
        now=now,
        tool=tool,
        arguments=dict(arguments),
    )
    return evaluate(agent.snapshot, call)


def call_limit(agent: Agent, tool: str) -> int | None:
    """Return how often an agent may call a tool within a minute; None for no bound."""
    if agent.snapshot is None:
        return None
    return calls_per_minute(agent.snapshot, agent.assignment.role, tool)


def called_too_often(agent: Agent, tool: str, limit: int) -> Decision:
    """Return the refusal of a call beyond the limit."""
    rule = f"roles/{agent.assignment.role}/tools/{tool}/callsPerMinute"
    message = f"{tool} was called {limit} times within a minute"
    return refusal(rule, ReasonCode.RATE_LIMITED, message)


class Agents:
    """Names the agent behind a token. `workloads.run` has to run beside."""

    def __init__(self, workloads: Workloads, assignments: Assignments, bundles: Bundles) -> None:
        self._workloads = workloads
        self._assignments = assignments
        self._bundles = bundles

    async def of(self, token: str) -> Agent:
        """Return the agent that holds a token.

        Raises UnauthenticatedError and NotAssignedError for whoever is none; UnverifiableError,
        AssignmentUnavailableError and BundleUnavailableError while nobody can say.
        """
        workload = await self._workloads.verify(token)
        assignment = await self._assignments.of(workload)
        snapshot = await self._bundles.governing(assignment.bundle_hash, assignment.baseline_hash)
        return Agent(workload.labels[JOB_LABEL], assignment, snapshot)

    async def close(self) -> None:
        """Drop the connections."""
        await self._assignments.close()
        await self._bundles.close()
