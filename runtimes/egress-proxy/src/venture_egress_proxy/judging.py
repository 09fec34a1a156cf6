"""Who may connect where: the caller by its token, the domain by its role."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5, uuid7

import structlog
from venture_core.events.types import REGISTRY
from venture_core.events.types.policy import ConnectionAllowedV1, ConnectionClosedV1
from venture_core.freezes import FreezesUnseenError
from venture_core.identity.callers import UnauthenticatedError, UnverifiableError
from venture_core.policy.decision import ReasonCode, refusal
from venture_core.policy.evaluate import evaluate
from venture_core.policy.request import Connection
from venture_core.record.agents import judge_call
from venture_core.record.assignments import AssignmentUnavailableError, NotAssignedError
from venture_core.record.bundles import BundleUnavailableError
from venture_core.record.callrates import CallRates

from venture_egress_proxy import metrics
from venture_egress_proxy.head import AddressError, destination

if TYPE_CHECKING:
    from venture_core.events.envelope import EventEnvelopeV1
    from venture_core.events.models import EventPayload
    from venture_core.freezes import Freezes, Frozen
    from venture_core.policy.decision import Decision
    from venture_core.record.agents import Agent, Agents

    from venture_egress_proxy.head import Destination, Head

TOOL: Final = "web.fetch"
"""The tool that every connection is a call of."""

log = structlog.get_logger(__name__)


class UnknownCallerError(Exception):
    """The caller is no agent."""


class UnverifiedCallerError(Exception):
    """Nobody can say now what the caller may do; the same may be answered later."""


@dataclass(slots=True)
class Judged:
    """A connection that was asked for, and what came of it."""

    agent: Agent
    to: Destination | None
    """Where it leads; None where the request names no such place."""
    decision: Decision
    sent: int = 0
    received: int = 0
    id: UUID = field(default_factory=uuid7)
    """Of its first event."""

    def allowed(self) -> EventEnvelopeV1:
        """Return what the record says of it before it is opened."""
        assert self.to is not None  # noqa: S101 - for the type checker: it leads somewhere
        payload = ConnectionAllowedV1(
            **self._who(),
            host=self.to.host,
            port=self.to.port,
            rule=self.decision.rule,
            bundle_hash=self.decision.bundle_hash,
        )
        return self._event(payload, self.id)

    def closed(self) -> EventEnvelopeV1:
        """Return what the record says of it at its end; the id follows from the first event's."""
        decision = self.decision
        payload = ConnectionClosedV1(
            **self._who(),
            host=self.to.host if self.to else "",
            port=self.to.port if self.to else 0,
            allowed=decision.allowed,
            rule=decision.rule,
            reason_code=str(decision.reason_code),
            bundle_hash=decision.bundle_hash,
            sent_bytes=self.sent,
            received_bytes=self.received,
        )
        return self._event(payload, uuid5(self.id, "closed"))

    def _who(self) -> dict[str, str]:
        assignment = self.agent.assignment
        return {
            "namespace": assignment.namespace,
            "role": assignment.role,
            "job": self.agent.job,
        }

    def _event(self, payload: EventPayload, event_id: UUID) -> EventEnvelopeV1:
        assignment = self.agent.assignment
        return REGISTRY.new_event(
            payload,
            event_id=event_id,
            trace_id=assignment.trace_id,
            workflow_id=assignment.workflow_uid,
            task_id=assignment.task_id,
            created_at=datetime.now(UTC),
        )


def judge_fetch(agent: Agent, frozen: Frozen | None, to: Destination, now: datetime) -> Decision:
    """Return whether an agent may connect now: as a call of the tool, and as a connection.

    Of a tunnel the tool's conditions see scheme, host and port.
    """
    call = judge_call(agent, frozen, TOOL, {"url": to.url}, now)
    if not call.allowed:
        return call
    assignment = agent.assignment
    request = Connection(
        namespace=assignment.namespace,
        role=assignment.role,
        now=now,
        host=to.host,
        port=to.port,
    )
    return evaluate(agent.snapshot, request)


class Judging:
    """Judges connections, and counts calls of the tool and connections that are open."""

    def __init__(self, agents: Agents, freezes: Freezes, *, in_all: int, per_agent: int) -> None:
        self._agents = agents
        self._freezes = freezes
        self._in_all = in_all
        self._per_agent = per_agent
        self._open: Counter[str] = Counter()
        self._rates = CallRates()

    async def judge(self, head: Head) -> Judged:
        """Say whether the holder of the head's token may connect.

        Raises UnknownCallerError, UnverifiedCallerError.
        """
        agent = await self._caller(head.token)
        try:
            to = destination(head)
        except AddressError as error:
            code = ReasonCode.DOMAIN_NOT_ALLOWLISTED
            return Judged(agent, None, refusal("addresses", code, str(error)))
        return Judged(agent, to, self._decide(agent, to, datetime.now(UTC)))

    async def _caller(self, token: str | None) -> Agent:
        if token is None:
            raise UnknownCallerError("Proxy-Authorization with the agent's token is required")
        try:
            return await self._agents.of(token)
        except (UnauthenticatedError, NotAssignedError) as error:
            raise UnknownCallerError(str(error)) from error
        except (
            UnverifiableError,
            AssignmentUnavailableError,
            BundleUnavailableError,
        ) as error:
            log.warning("caller_not_verified", error=str(error))
            raise UnverifiedCallerError("who calls cannot be verified now") from error

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

    def _decide(self, agent: Agent, to: Destination, now: datetime) -> Decision:
        try:
            frozen = self._freezes.in_force(agent.assignment.namespace)
        except FreezesUnseenError as error:
            raise UnverifiedCallerError(str(error)) from error
        decision = judge_fetch(agent, frozen, to, now)
        if not decision.allowed:
            return decision
        return self._rates.count(agent, TOOL, now) or decision
