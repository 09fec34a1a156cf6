"""One agent, from its assignment to its result."""

import asyncio
from typing import TYPE_CHECKING

import structlog
from venture_core.agents.result import MESSAGE_MAX, AgentError, AgentResult

from venture_agent_runtime.conversation import (
    Answered,
    Calls,
    Conversation,
    GivenUp,
    GoOn,
    Outcome,
)

if TYPE_CHECKING:
    from venture_core.agents.assignment import AgentAssignment

    from venture_agent_runtime.conversation import Call
    from venture_agent_runtime.model import Model
    from venture_agent_runtime.services import Services

CALLS_AT_ONCE = 4

log = structlog.get_logger(__name__)


async def work(assignment: AgentAssignment, model: Model, services: Services) -> AgentResult:
    """Let the model answer and call tools until it is done, or its limits end it.

    Raises BudgetExhaustedError, ModelFailedError.
    """
    talk = Conversation(assignment)
    tools = talk.tools(services.available())
    while talk.turns < assignment.limits.max_turns:
        answer = await model.answer(talk.system, talk.messages, tools)
        match talk.take(answer.content, answer.stop_reason):
            case Answered(output):
                return AgentResult(output=output, turns=talk.turns, denials=talk.denials)
            case Calls(calls):
                outcomes = await _perform(calls, services)
                if (end := talk.give(calls, outcomes)) is not None:
                    return _failed(end, talk)
            case GivenUp() as end:
                return _failed(end, talk)
            case GoOn():
                continue
    limit = assignment.limits.max_turns
    return _failed(GivenUp("TurnLimit", f"it was not done after {limit} answers"), talk)


async def _perform(calls: tuple[Call, ...], services: Services) -> list[Outcome]:
    """Carry out calls, a few at once; one that fails does not end the others."""
    room = asyncio.Semaphore(CALLS_AT_ONCE)

    async def one(call: Call) -> Outcome:
        async with room:
            try:
                outcome = await services.perform(call)
            except Exception as error:
                # A defect in one tool: the model is told, and the others have their results.
                log.exception("tool_crashed", tool=call.tool)
                return Outcome(f"{call.tool} crashed: {type(error).__name__}", failed=True)
        log.info("tool_called", tool=call.tool, failed=outcome.failed, denied=outcome.denied)
        return outcome

    return list(await asyncio.gather(*(one(call) for call in calls)))


def _failed(end: GivenUp, talk: Conversation) -> AgentResult:
    error = AgentError(reason=end.reason, message=end.message[:MESSAGE_MAX])
    return AgentResult(error=error, turns=talk.turns, denials=talk.denials)
