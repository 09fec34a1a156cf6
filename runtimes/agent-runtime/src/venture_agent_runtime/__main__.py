"""The process: runs the agent, writes its result for the kubelet, exits with its code."""

import asyncio
import logging
import signal
import ssl
import sys
from typing import TYPE_CHECKING

import structlog
from venture_core.agents.assignment import ASSIGNMENT_FILE, parse_assignment
from venture_core.agents.result import (
    EXIT_BUDGET,
    EXIT_DONE,
    EXIT_FAILED,
    EXIT_TRANSIENT,
    MESSAGE_MAX,
    AgentError,
    AgentResult,
)
from venture_core.logging import configure_logging
from venture_core.settings.reading import read_settings

from venture_agent_runtime.away import NotNowError
from venture_agent_runtime.loop import work
from venture_agent_runtime.model import BudgetExhaustedError, Model, ModelFailedError
from venture_agent_runtime.services import Services, Tokens
from venture_agent_runtime.settings import Settings
from venture_agent_runtime.transcripts import (
    ConversationTooLongError,
    Transcripts,
    TranscriptUnavailableError,
)

if TYPE_CHECKING:
    from venture_core.agents.assignment import AgentAssignment

log = structlog.get_logger(__name__)

# They log URLs, headers and bodies, in which there are tokens and prompts.
_LOGGERS_THAT_SHOW_TOO_MUCH = ("anthropic", "httpx2", "httpcore2")


def main() -> None:
    """Run the agent and leave. Never returns."""
    settings = read_settings("venture-agent", Settings)
    configure_logging(settings.log_level)
    for name in _LOGGERS_THAT_SHOW_TOO_MUCH:
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.exit(asyncio.run(_supervise(settings)))


async def _supervise(settings: Settings) -> int:
    """Run the agent, report its result, and return the exit code."""
    running = asyncio.ensure_future(_run(settings))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    try:
        result, code = await running
    except asyncio.CancelledError:
        result, code = _error("Terminated", "the pod was told to stop"), EXIT_TRANSIENT
    except Exception as error:
        log.exception("crashed")
        result, code = _error("InternalError", f"failed with {type(error).__name__}"), EXIT_FAILED
    settings.termination_log.write_bytes(result.to_json())
    return code


async def _run(settings: Settings) -> tuple[AgentResult, int]:
    data = (settings.input_folder / ASSIGNMENT_FILE).read_bytes()
    assignment = parse_assignment(data)
    try:
        async with asyncio.timeout(assignment.limits.timeout_seconds):
            result = await _converse(settings, assignment)
    except BudgetExhaustedError:
        return _error("BudgetExhausted", "the budget has no room for the next answer"), EXIT_BUDGET
    except ModelFailedError as error:
        code = EXIT_TRANSIENT if error.may_pass else EXIT_FAILED
        return _error("ModelFailed", str(error)), code
    except (NotNowError, TranscriptUnavailableError) as error:
        reason = type(error).__name__.removesuffix("Error")
        return _error(reason, str(error)), EXIT_TRANSIENT
    except ConversationTooLongError as error:
        return _error("ConversationTooLong", str(error)), EXIT_FAILED
    except TimeoutError:
        return _error("Timeout", "its time was over"), EXIT_FAILED
    return result, EXIT_DONE if result.output is not None else EXIT_FAILED


async def _converse(settings: Settings, assignment: AgentAssignment) -> AgentResult:
    tls = ssl.create_default_context(cafile=settings.authorities) if settings.authorities else None
    tokens = Tokens(settings.tokens_folder)
    model = Model(assignment, settings, tokens, tls)
    log.info("started", task=assignment.task, attempt=assignment.attempt, role=assignment.role)
    try:
        services = Services(settings, assignment, tls)
        result = await work(assignment, model, services, Transcripts(settings, tokens, tls))
    finally:
        await model.close()
    log.info("ended", turns=result.turns, denials=result.denials, done=result.output is not None)
    return result


def _error(reason: str, message: str) -> AgentResult:
    return AgentResult(error=AgentError(reason=reason, message=message[:MESSAGE_MAX]))


if __name__ == "__main__":
    main()
