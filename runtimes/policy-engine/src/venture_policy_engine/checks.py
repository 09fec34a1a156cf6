"""The check: who calls, whether anything is frozen, what the task and the role allow, how often."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from venture_core.identity.callers import UnauthenticatedError, UnverifiableError
from venture_core.policy.decision import ReasonCode, refusal
from venture_core.record.agents import judge_call
from venture_core.record.assignments import AssignmentUnavailableError, NotAssignedError
from venture_core.record.bundles import BundleUnavailableError
from venture_core.record.callrates import CallRates

from venture_policy_engine import metrics
from venture_policy_engine.refusals import refused

if TYPE_CHECKING:
    from venture_core.freezes import Freezes
    from venture_core.policy.decision import Decision
    from venture_core.record.agents import Agent, Agents
    from venture_core.record.behind import EventsBehind

    from venture_policy_engine.messages import Call

log = structlog.get_logger(__name__)


class Checks:
    """Decides about calls of tools."""

    def __init__(self, agents: Agents, freezes: Freezes, events: EventsBehind) -> None:
        self._agents = agents
        self._freezes = freezes
        self._events = events
        self._rates = CallRates()

    async def decide(self, token: str, call: Call) -> Decision:
        """Return whether the holder of a token may make a call; what cannot be said denies."""
        with metrics.CHECK_SECONDS.time():
            decision = await self._decide(token, call)
        metrics.CHECKS.labels(str(decision.action), str(decision.reason_code)).inc()
        return decision

    async def _decide(self, token: str, call: Call) -> Decision:
        now = datetime.now(UTC)
        try:
            agent = await self._agents.of(token)
        except (UnauthenticatedError, NotAssignedError) as error:
            return refusal("identity", ReasonCode.UNKNOWN_ROLE, f"who calls is no agent: {error}")
        except (
            UnverifiableError,
            AssignmentUnavailableError,
            BundleUnavailableError,
        ) as error:
            log.warning("check_impossible", error=str(error))
            message = "who calls cannot be verified now"
            return refusal("identity", ReasonCode.EVALUATION_ERROR, message)
        decision = self._judge(agent, call, now)
        if not decision.allowed:
            self._events.note(refused(agent, call.tool, decision, now))
        return decision

    def _judge(self, agent: Agent, call: Call, now: datetime) -> Decision:
        frozen = self._freezes.standing(agent.assignment.namespace)
        decision = judge_call(agent, frozen, call.tool, call.arguments, now)
        if not decision.allowed:
            return decision
        return self._rates.count(agent, call.tool, now) or decision
