"""One agent, from its assignment to its result."""

import asyncio
from typing import TYPE_CHECKING

import structlog
from venture_core.agents.result import MESSAGE_MAX, AgentError, AgentResult

from venture_agent_runtime.away import NotNowError
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
    from venture_agent_runtime.transcripts import Transcripts

CALLS_AT_ONCE = 4
DONE = "Done"
"""How a conversation ended that came to its answer."""

log = structlog.get_logger(__name__)


async def work(
    assignment: AgentAssignment, model: Model, services: Services, transcripts: Transcripts
) -> AgentResult:
    """Let the model answer and call tools until it is done, or its limits end it.

    What was said is kept before anything is done about it, so that an attempt that follows goes on
    from there, and names the effects of its calls as this one did. Raises BudgetExhaustedError,
    ModelFailedError, NotNowError, TranscriptUnavailableError, ConversationTooLongError.
    """
    before = await transcripts.latest()
    talk = Conversation(assignment) if before is None else Conversation.resumed(assignment, before)
    result = await _converse(talk, model, services, transcripts)
    await transcripts.keep(talk.transcript(result.error.reason if result.error else DONE))
    return result


async def _converse(
    talk: Conversation, model: Model, services: Services, transcripts: Transcripts
) -> AgentResult:
    tools = talk.tools(services.available())
    limit = talk.assignment.limits.max_turns
    step = talk.open_step()
    while True:
        match step:
            case Answered(output):
                return AgentResult(output=output, turns=talk.turns, denials=talk.denials)
            case Calls(calls):
                outcomes = await _perform(calls, services)
                if (end := talk.give(calls, outcomes)) is not None:
                    return _failed(end, talk)
                await transcripts.keep(talk.transcript())
            case GivenUp() as end:
                return _failed(end, talk)
            case GoOn():
                pass
        if talk.turns >= limit:
            return _failed(GivenUp("TurnLimit", f"it was not done after {limit} answers"), talk)
        answer = await model.answer(talk.system, talk.messages, tools)
        step = talk.take(answer.content, answer.stop_reason)
        if isinstance(step, Calls | GoOn):
            await transcripts.keep(talk.transcript())


async def _perform(calls: tuple[Call, ...], services: Services) -> list[Outcome]:
    """Carry out calls, a few at once; one that fails does not end the others.

    Raises NotNowError: which of them came about, the attempt that follows finds out.
    """
    room = asyncio.Semaphore(CALLS_AT_ONCE)

    async def one(call: Call) -> Outcome:
        async with room:
            try:
                outcome = await services.perform(call)
            except NotNowError:
                raise
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
