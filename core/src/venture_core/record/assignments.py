"""What every agent's Job was assigned to, for ever: the proof of who a calling agent is.

An assignment never changes, so what was read once is good for ever.
"""

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from venture_core.agents.assignment import AgentAssignment, parse_assignment
from venture_core.record.calls import Calls, NoAnswerError
from venture_core.record.database import program_role

if TYPE_CHECKING:
    from pydantic import SecretStr

    from venture_core.events.envelope import Service
    from venture_core.identity.callers import Workload

MAX_KNOWN: Final = 1000
"""How many assignments are kept in memory."""
JOB_LABEL: Final = "batch.kubernetes.io/job-name"
"""Written by the Job controller, in a namespace where nobody else may."""

_ASSIGN: Final = "SELECT record.assign($1, $2)"
_READ: Final = "SELECT record.assignment($1)"


class AssignmentUnavailableError(Exception):
    """The database does not answer, or holds what this version cannot read."""


class NotAssignedError(Exception):
    """The caller is no agent that the operator assigned to anything."""


class Assignments:
    """The assignments that the operator makes and services read, each with its own login."""

    def __init__(self, url: SecretStr, *, service: Service, name: str) -> None:
        """Connect as `service`, whose role the login has; `name` shows in the list of sessions."""
        self._calls = Calls(url, role=program_role(service), name=name)
        self._known: OrderedDict[str, AgentAssignment] = OrderedDict()

    async def assign(self, job: str, assignment: AgentAssignment) -> AgentAssignment:
        """Assign a Job that is yet to be created; return what it is assigned to.

        That is what it was assigned to first, whatever comes later. Raises
        AssignmentUnavailableError.
        """
        return self._take(job, await self._ask(_ASSIGN, job, assignment.to_json()))

    async def of_job(self, job: str) -> AgentAssignment:
        """Return what a Job is assigned to.

        Raises NotAssignedError, and AssignmentUnavailableError.
        """
        if (known := self._known.get(job)) is not None:
            self._known.move_to_end(job)
            return known
        return self._take(job, await self._ask(_READ, job))

    async def of(self, workload: Workload) -> AgentAssignment:
        """Return what a caller is assigned to, by the Job that its pod belongs to.

        Raises NotAssignedError, and AssignmentUnavailableError.
        """
        job = workload.labels.get(JOB_LABEL, "")
        if not job:
            raise NotAssignedError(f"{workload.name} belongs to no Job")
        assignment = await self.of_job(job)
        owner = workload.owner
        if owner is None or owner.uid != str(assignment.workflow_uid):
            raise NotAssignedError(f"{workload.name} works for another owner than its Job")
        return assignment

    async def close(self) -> None:
        """Drop the connection."""
        await self._calls.close()

    def _take(self, job: str, data: bytes | None) -> AgentAssignment:
        if data is None:
            raise NotAssignedError(f"Job {job} is assigned to nothing")
        try:
            found = parse_assignment(data)
        except ValidationError as error:
            raise AssignmentUnavailableError(
                f"this version cannot read the assignment of Job {job}"
            ) from error
        self._known[job] = found
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
        return found

    async def _ask(self, statement: str, *arguments: object) -> bytes | None:
        try:
            return await self._calls.ask(statement, *arguments)
        except NoAnswerError as error:
            raise AssignmentUnavailableError(
                f"the database does not give assignments: {error}"
            ) from error
