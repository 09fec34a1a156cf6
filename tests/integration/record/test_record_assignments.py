"""What agents are assigned to: written once, read by services, the proof of who calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import pytest
from venture_core.agents.assignment import AgentAssignment
from venture_core.events.envelope import Service
from venture_core.identity.callers import Owner, Workload
from venture_core.record.assignments import (
    JOB_LABEL,
    Assignments,
    AssignmentUnavailableError,
    NotAssignedError,
)

if TYPE_CHECKING:
    from pydantic import SecretStr

UID = UUID("6622053a-5ec9-49b4-bf2a-069588e7037f")
JOB = "launch-research-1-0123abcd"


def assignment(**changes: Any) -> AgentAssignment:
    return AgentAssignment.model_validate(
        {
            "namespace": "team-a",
            "workflow": "launch",
            "workflow_uid": UID,
            "trace_id": UID,
            "task": "research",
            "task_id": UID,
            "attempt": 1,
            "role": "researcher",
            "bundle_hash": "sha256:" + "0" * 64,
            "model": {"provider": "Anthropic", "name": "claude"},
            "limits": {"max_turns": 3, "max_tokens": 100, "timeout_seconds": 60},
            "currency": "USD",
            "llm_cap_cents": 10,
            "instructions": "Look.",
            **changes,
        }
    )


def pod(job: str, uid: str) -> Workload:
    owner = Owner(kind="Workflow", namespace="team-a", name="launch", uid=uid)
    return Workload("work", "agent", "pod", "1", owner, {JOB_LABEL: job} if job else {})


async def test_the_first_assignment_stands_and_proves_who_calls(database: SecretStr) -> None:
    operator = Assignments(database, service=Service.ORCHESTRATOR, name="test")
    gateway = Assignments(database, service=Service.LLM_GATEWAY, name="test")
    with pytest.raises(NotAssignedError):
        await gateway.of_job(JOB)
    first = assignment()
    assert await operator.assign(JOB, first) == first
    assert await operator.assign(JOB, assignment(role="solver")) == first
    assert await gateway.of_job(JOB) == first

    assert await gateway.of(pod(JOB, str(UID))) == first
    for stranger in (pod("", str(UID)), pod("other", str(UID)), pod(JOB, "another")):
        with pytest.raises(NotAssignedError):
            await gateway.of(stranger)
    await operator.close()
    await gateway.close()


async def test_nobody_else_assigns_and_nothing_changes_it(
    database: SecretStr, superuser: asyncpg.Connection
) -> None:
    operator = Assignments(database, service=Service.ORCHESTRATOR, name="test")
    await operator.assign(JOB, assignment())
    await operator.close()
    for service in (Service.LLM_GATEWAY, Service.CONTROL_PLANE_API):
        other = Assignments(database, service=service, name="test")
        with pytest.raises(AssignmentUnavailableError, match="InsufficientPrivilege"):
            await other.assign("mine", assignment())
        await other.close()
    for statement in ("UPDATE", "DELETE FROM"):
        rest = " SET job = 'x'" if statement == "UPDATE" else ""
        with pytest.raises(asyncpg.PostgresError):
            await superuser.execute(f"{statement} record.assignments{rest}")


def test_a_script_is_for_the_provider_that_replays_it() -> None:
    scripted = {"provider": "Scripted", "name": "replay"}
    assert assignment(model=scripted, script=[]).script == []
    for wrong in ({"model": scripted}, {"script": []}):
        with pytest.raises(ValueError, match="a script is for the provider Scripted"):
            assignment(**wrong)
