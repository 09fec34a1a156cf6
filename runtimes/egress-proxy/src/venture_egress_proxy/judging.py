"""Who may connect where: the caller by its token, the domain by its role."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid7

import structlog
from venture_core.events.types import REGISTRY
from venture_core.events.types.policy import ConnectionClosedV1
from venture_core.identity.callers import UnauthenticatedError, UnverifiableError
from venture_core.policy.decision import ReasonCode, refusal
from venture_core.policy.evaluate import evaluate
from venture_core.policy.request import Connection
from venture_core.record.assignments import AssignmentUnavailableError, NotAssignedError
from venture_core.record.bundles import BundleUnavailableError

from venture_egress_proxy import metrics

if TYPE_CHECKING:
    from venture_core.events.envelope import EventEnvelopeV1
    from venture_core.freezes import Freezes
    from venture_core.policy.decision import Decision
    from venture_core.record.agents import Agent, Agents

    from venture_egress_proxy.head import Head

log = structlog.get_logger(__name__)


class UnknownCallerError(Exception):
    """The caller is no agent, or nobody can say now whether it is."""


@dataclass(slots=True)
class Judged:
    """A connection that was asked for, and what came of it."""

    agent: Agent
    head: Head
    decision: Decision
    sent: int = 0
    received: int = 0

    def event(self) -> EventEnvelopeV1:
        """Return what the record says of it, at its end."""
        assignment, decision = self.agent.assignment, self.decision
        payload = ConnectionClosedV1(
            namespace=assignment.namespace,
            role=assignment.role,
            job=self.agent.job,
            host=self.head.host,
            port=self.head.port,
            allowed=decision.allowed,
            rule=decision.rule,
            reason_code=str(decision.reason_code),
            bundle_hash=decision.bundle_hash,
            sent_bytes=self.sent,
            received_bytes=self.received,
        )
        return REGISTRY.new_event(
            payload,
            event_id=uuid7(),
            trace_id=assignment.trace_id,
            workflow_id=assignment.workflow_uid,
            task_id=assignment.task_id,
            created_at=datetime.now(UTC),
        )


class Judging:
    """Judges connections, and counts those that are open."""

    def __init__(self, agents: Agents, freezes: Freezes, *, in_all: int, per_agent: int) -> None:
        self._agents = agents
        self._freezes = freezes
        self._in_all = in_all
        self._per_agent = per_agent
        self._open: Counter[str] = Counter()

    async def judge(self, head: Head) -> Judged:
        """Say whether the holder of the head's token may connect. Raises UnknownCallerError."""
        if head.token is None:
            raise UnknownCallerError("Proxy-Authorization with the agent's token is required")
        try:
            agent = await self._agents.of(head.token)
        except (UnauthenticatedError, NotAssignedError) as error:
            raise UnknownCallerError(str(error)) from error
        except (
            UnverifiableError,
            AssignmentUnavailableError,
            BundleUnavailableError,
        ) as error:
            log.warning("caller_not_verified", error=str(error))
            raise UnknownCallerError("who calls cannot be verified now") from error
        return Judged(agent, head, self._decide(agent, head))

    def take(self, judged: Judged) -> bool:
        """Count a connection as open, unless as many are as may be."""
        job = judged.agent.job
        if self._open.total() >= self._in_all or self._open[job] >= self._per_agent:
            message = "as many connections are open as may be"
            judged.decision = refusal("limits", ReasonCode.RATE_LIMITED, message)
            return False
        self._open[job] += 1
        metrics.OPEN.set(self._open.total())
        return True

    def give(self, judged: Judged) -> None:
        """Count it no more."""
        job = judged.agent.job
        self._open[job] -= 1
        if not self._open[job]:
            del self._open[job]
        metrics.OPEN.set(self._open.total())

    def _decide(self, agent: Agent, head: Head) -> Decision:
        assignment = agent.assignment
        if (frozen := self._freezes.standing(assignment.namespace)) is not None:
            return refusal("freeze", ReasonCode.FREEZE_MODE_ACTIVE, frozen.sentence)
        request = Connection(
            namespace=assignment.namespace,
            role=assignment.role,
            now=datetime.now(UTC),
            host=head.host,
            port=head.port,
        )
        return evaluate(agent.snapshot, request)
