"""Agents that tasks of Workflows ask for: assigned, started, looked at and ended."""

import asyncio
import json
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import structlog
from venture_core.agents.assignment import MAX_SCRIPT_BYTES
from venture_core.policy.ceilings import role_ceilings
from venture_core.record.assignments import AssignmentUnavailableError
from venture_core.record.bundles import BundleUnavailableError
from venture_crds.v1alpha1.reasons import CommonReason
from venture_crds.v1alpha1.workflowstatus import WorkflowReason

from venture_operator.domain.podoutcome import pod_outcome
from venture_operator.domain.references import Reference
from venture_operator.errors import StalledError, TransientError, WaitingError
from venture_operator.kinds.workflow.agentjob import (
    CONTAINER,
    agent_input,
    agent_job,
    agent_outcome,
)
from venture_operator.kinds.workflow.assigning import assignment_of
from venture_operator.kinds.workflow.errors import RefusedError
from venture_operator.kinds.workflow.outcome import Working
from venture_operator.services.turns import Share
from venture_operator.storage.watched import ObjectKey

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pydantic import JsonValue
    from venture_core.policy.ceilings import RoleCeilings
    from venture_core.record.assignments import Assignments
    from venture_core.record.bundles import Bundles
    from venture_crds.v1alpha1.workflow import Workflow
    from venture_crds.v1alpha1.workflowstatus import TaskChild, TaskStatus, WorkflowStatus
    from venture_crds.v1alpha1.workflowtask import AgentTask, Task

    from venture_operator.domain.agentsettings import AgentSettings
    from venture_operator.kinds.workflow.budgets import Budgets
    from venture_operator.kinds.workflow.outcome import Outcome
    from venture_operator.kinds.workflow.transcripts import Transcripts
    from venture_operator.storage.children import Body, Children
    from venture_operator.storage.configmaps import ConfigMaps
    from venture_operator.storage.watched import WatchedObjects

OWNER: Final = "Workflow"
LOOK_AGAIN_SECONDS: Final = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Agents:
    """The agents of Workflows. Everything may raise KubernetesError."""

    settings: AgentSettings | None
    """None where the installation runs no agents."""
    children: Children
    jobs: WatchedObjects
    pods: WatchedObjects
    assignments: Assignments
    config_maps: ConfigMaps
    budgets: Budgets
    transcripts: Transcripts
    bundles: Bundles

    async def outcome(
        self, workflow: Workflow, task: Task, status: TaskStatus, now: datetime
    ) -> Outcome | None:
        """Return what became of an agent; None where its Job is not there, or is another one."""
        child = status.child
        if child is None or not child.uid or task.agent is None:
            return None
        job = self.jobs.get(ObjectKey(self.children.namespace, child.name))
        if job is None or job["metadata"]["uid"] != child.uid:
            # The watch may lag behind; only the API server can say that a Job is gone.
            job = await self.children.find_job(child.name)
        if job is None or job["metadata"]["uid"] != child.uid:
            return None
        pod = pod_outcome(job, self.pods.labelled(child.name), CONTAINER)
        outcome = agent_outcome(pod, task.agent.output_schema, now)
        if isinstance(outcome, Working):
            return outcome
        uid = workflow.metadata.uid
        said = await self.transcripts.of(uid, task.name, status.attempt)
        return replace(outcome, transcript=said)

    async def create(
        self, workflow: Workflow, task: Task, status: WorkflowStatus, name: str
    ) -> Body:
        """Assign and start the agent of a task, or find it started before. Raises RefusedError."""
        settings, agent, metadata = self.settings, task.agent, workflow.metadata
        if settings is None or agent is None:
            raise RefusedError(WorkflowReason.CHILD_REFUSED, "this installation runs no agents")
        script = await self._script(metadata.namespace, agent)
        await self.budgets.open(workflow, task)
        task = within(task, await self._ceilings(status, agent))
        assignment = assignment_of(workflow, task, status, script)
        try:
            # What the Job was assigned to first stands, also against us.
            assignment = await self.assignments.assign(name, assignment)
        except AssignmentUnavailableError as error:
            raise TransientError(CommonReason.RECORD_UNAVAILABLE, str(error)) from error
        owner = Reference(OWNER, metadata.namespace, metadata.name, metadata.uid)
        wanted = agent_job(
            owner,
            name=name,
            namespace=self.children.namespace,
            timeout_seconds=task.timeout_seconds,
            settings=settings,
            hosts=await _addresses(settings),
        )
        try:
            job, _ = await self.children.create_job(wanted)
        except StalledError as error:
            raise RefusedError(WorkflowReason.CHILD_REFUSED, error.message) from error
        await self.children.create_input(agent_input(job, assignment), job["metadata"]["uid"])
        self.jobs.put(job)
        return job

    async def share(self, status: WorkflowStatus, agent: AgentTask) -> Share:
        """Return how many agents of a role may run in a namespace."""
        ceilings = await self._ceilings(status, agent)
        return Share(agent.role, None if ceilings is None else ceilings.max_concurrent)

    async def _ceilings(self, status: WorkflowStatus, agent: AgentTask) -> RoleCeilings | None:
        """Return the limits of a role, by what the workflow pinned. Raises TransientError."""
        pinned = status.policy_bundle
        try:
            snapshot = await self.bundles.governing(
                pinned.hash if pinned else None, pinned.baseline_hash if pinned else None
            )
        except BundleUnavailableError as error:
            raise TransientError(CommonReason.RECORD_UNAVAILABLE, str(error)) from error
        return None if snapshot is None else role_ceilings(snapshot, agent.role)

    async def delete(self, child: TaskChild) -> None:
        """End an agent: five seconds after the signal it is killed."""
        await self.children.delete_job(child.name)

    async def _script(self, namespace: str, agent: AgentTask) -> JsonValue:
        """Read the conversation that the provider Scripted replays, None for any other."""
        reference = agent.model.script
        if reference is None:
            return None
        where = f"ConfigMap {reference.name}, key {reference.key}"
        try:
            data = await self.config_maps.read(namespace, reference.name, reference.key)
            if data is None:
                raise WaitingError(
                    WorkflowReason.SCRIPT_NOT_FOUND,
                    f"there is no {where} in {namespace} yet",
                    after_seconds=LOOK_AGAIN_SECONDS,
                )
            if len(data) > MAX_SCRIPT_BYTES:
                raise RefusedError(
                    WorkflowReason.CHILD_REFUSED, f"{where} has more than {MAX_SCRIPT_BYTES} bytes"
                )
            script: JsonValue = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise RefusedError(WorkflowReason.CHILD_REFUSED, f"{where} is no JSON") from error
        return script


def within(task: Task, ceilings: RoleCeilings | None) -> Task:
    """Return the task with no more time than its role has."""
    most = None if ceilings is None else ceilings.timeout_seconds
    if most is None or task.timeout_seconds <= most:
        return task
    return task.model_copy(update={"timeout_seconds": most})


async def _addresses(settings: AgentSettings) -> Mapping[str, str]:
    """Return the addresses of the services that agents call. Raises WaitingError."""
    urls = (
        settings.llm_gateway_url,
        settings.egress_proxy_url,
        settings.tool_gateway_url,
        settings.treasury_url,
    )
    hosts = {host for url in urls if url and (host := urlsplit(url).hostname)}
    found: dict[str, str] = {}
    for host in sorted(hosts):
        try:
            known = await asyncio.get_running_loop().getaddrinfo(
                host, None, type=socket.SOCK_STREAM
            )
        except OSError as error:
            raise WaitingError(
                WorkflowReason.SERVICE_MISSING,
                f"the service {host} has no address yet",
                after_seconds=LOOK_AGAIN_SECONDS,
            ) from error
        found[host] = str(known[0][4][0])
    return found
