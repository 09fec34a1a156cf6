"""What the record says of a refused call."""

import re
from typing import TYPE_CHECKING, Final
from uuid import uuid7

from venture_core.events.types import REGISTRY
from venture_core.events.types.policy import CheckDeniedV1

if TYPE_CHECKING:
    from datetime import datetime

    from venture_core.events.envelope import EventEnvelopeV1
    from venture_core.policy.decision import Decision
    from venture_core.record.agents import Agent

_TOOL: Final = re.compile(r"[a-z][a-z0-9_.]{0,63}")


def refused(agent: Agent, tool: str, decision: Decision, now: datetime) -> EventEnvelopeV1:
    """Return the event of a refusal. What is not named like a tool is not repeated."""
    assignment = agent.assignment
    payload = CheckDeniedV1(
        namespace=assignment.namespace,
        role=assignment.role,
        job=agent.job,
        tool=tool if _TOOL.fullmatch(tool) else "",
        rule=decision.rule,
        reason_code=str(decision.reason_code),
        bundle_hash=decision.bundle_hash,
    )
    return REGISTRY.new_event(
        payload,
        event_id=uuid7(),
        trace_id=assignment.trace_id,
        workflow_id=assignment.workflow_uid,
        task_id=assignment.task_id,
        created_at=now,
    )
