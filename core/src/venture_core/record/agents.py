"""Which agent calls, and what governs it: by its token, and by nothing that it says."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.record.assignments import JOB_LABEL

if TYPE_CHECKING:
    from venture_core.agents.assignment import AgentAssignment
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
