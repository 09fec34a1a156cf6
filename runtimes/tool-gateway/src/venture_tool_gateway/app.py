"""The gateway's routes: tools, decided, journalled, performed, recorded; and transcripts."""

from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import FastAPI, Path, Request, Response
from venture_core.canonical import CanonicalJsonError, canonical_json, sha256_hex
from venture_core.events.types.tool import ToolName  # noqa: TC002  FastAPI reads it
from venture_core.freezes import FreezesUnseenError
from venture_core.http.app import fastapi
from venture_core.http.callers import bearer_token
from venture_core.http.problems import Problem, try_again
from venture_core.policy.decision import ReasonCode
from venture_core.record.agents import call_limit, called_too_often, judge_call
from venture_core.record.assignments import AssignmentUnavailableError, NotAssignedError
from venture_core.record.bundles import BundleUnavailableError
from venture_core.record.toolcalls import JournalUnavailableError, Standing

from venture_tool_gateway.arguments import Call  # noqa: TC001  FastAPI reads it
from venture_tool_gateway.performing import TOOLS, checked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from pydantic import BaseModel
    from venture_core.agents.assignment import AgentAssignment
    from venture_core.freezes import Freezes
    from venture_core.policy.decision import Decision
    from venture_core.record.agents import Agent, Agents
    from venture_core.record.toolcalls import ToolCalls

    from venture_tool_gateway.performing import Performer
    from venture_tool_gateway.recording import Recorder
    from venture_tool_gateway.transcripts import Transcripts

VERSION: Final = "1.0.0"
_UNAVAILABLE: Final = (
    AssignmentUnavailableError,
    BundleUnavailableError,
    FreezesUnseenError,
    JournalUnavailableError,
)


class Tools:
    """Carries out calls of agents."""

    def __init__(
        self,
        *,
        agents: Agents,
        freezes: Freezes,
        journal: ToolCalls,
        performer: Performer,
        recorder: Recorder,
        transcripts: Transcripts,
    ) -> None:
        self._transcripts = transcripts
        self._agents = agents
        self._freezes = freezes
        self._journal = journal
        self._performer = performer
        self._recorder = recorder

    async def call(self, token: str, tool: str, call_id: UUID, arguments: dict[str, Any]) -> str:
        """Return a call's answer, as JSON. Raises Problem, and what names no caller."""
        with _answered():
            agent = await self._agents.of(token)
            return await self._call(agent, tool, call_id, arguments)

    async def keep_transcript(self, token: str, data: bytes) -> None:
        """Keep what an agent and its model have said. Raises as `call`."""
        with _answered():
            agent = await self._agents.of(token)
        await self._transcripts.keep(agent.assignment, data)

    async def transcript(self, token: str) -> bytes | None:
        """Return what was said before; None where nothing was. Raises as `call`."""
        with _answered():
            agent = await self._agents.of(token)
        return await self._transcripts.latest(agent.assignment)

    async def _call(self, agent: Agent, tool: str, call_id: UUID, arguments: dict[str, Any]) -> str:
        assignment = agent.assignment
        frozen = self._freezes.in_force(assignment.namespace)
        decision = judge_call(agent, frozen, tool, arguments, datetime.now(UTC))
        if not decision.allowed:
            await self._refuse(assignment, tool, call_id, decision)
        if tool not in TOOLS:
            raise Problem(
                HTTPStatus.NOT_FOUND,
                f"There is no such tool here. There are {', '.join(TOOLS)}.",
                code="unknown-tool",
            )
        given = checked(tool, arguments)
        digest, limit = _digest(tool, arguments), call_limit(agent, tool)
        entry = await self._journal.begin(assignment.task_id, call_id, tool, digest, limit)
        match entry.standing:
            case Standing.ANSWERED if entry.answer is not None:
                # Whoever died in between may not have recorded it.
                return await self._record(assignment, tool, call_id, entry.answer, digest)
            case Standing.OTHER:
                raise Problem(
                    HTTPStatus.CONFLICT,
                    "This callId was used for another call. Take a new one.",
                    code="other-input",
                )
            case Standing.TOO_OFTEN:
                too_often = called_too_often(agent, tool, limit or 0)
                await self._refuse(assignment, tool, call_id, too_often)
            case Standing.BEGUN | Standing.ANSWERED:
                pass
        return await self._perform(assignment, tool, call_id, given, digest)

    async def _refuse(
        self, assignment: AgentAssignment, tool: str, call_id: UUID, decision: Decision
    ) -> None:
        await self._recorder.refused(assignment, tool, call_id, decision)
        frozen = decision.reason_code is ReasonCode.FREEZE_MODE_ACTIVE
        raise Problem(
            # Nothing was done in the name of the call: after the thaw it may be made again.
            HTTPStatus.LOCKED if frozen else HTTPStatus.FORBIDDEN,
            f"{decision.message} (rule {decision.rule}).",
            code="denied",
            reasonCode=decision.reason_code.value,
            rule=decision.rule,
        )

    async def _perform(
        self,
        assignment: AgentAssignment,
        tool: str,
        call_id: UUID,
        given: BaseModel,
        digest: bytes,
    ) -> str:
        answer = await self._performer.perform(assignment, call_id, given)
        answer = await self._journal.finish(assignment.task_id, call_id, answer)
        return await self._record(assignment, tool, call_id, answer, digest)

    async def _record(
        self, assignment: AgentAssignment, tool: str, call_id: UUID, answer: str, digest: bytes
    ) -> str:
        await self._recorder.called(
            assignment,
            tool,
            call_id,
            input_digest=f"sha256:{digest.hex()}",
            answer_digest=f"sha256:{sha256_hex(answer.encode())}",
        )
        return answer


@contextmanager
def _answered() -> Iterator[None]:
    """Say as a Problem why nobody can decide."""
    try:
        yield
    except NotAssignedError as error:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "This pod works for no task of a Workflow.",
            code="not-assigned",
        ) from error
    except _UNAVAILABLE as error:
        raise try_again(
            "What decides on tools does not answer, so nothing is done; try again.", "unavailable"
        ) from error


def _digest(tool: str, arguments: dict[str, Any]) -> bytes:
    try:
        return sha256(canonical_json({"tool": tool, "arguments": arguments})).digest()
    except CanonicalJsonError as error:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_CONTENT, f"arguments: {error}.", code="invalid-arguments"
        ) from error


def application(tools: Tools) -> FastAPI:
    """Return the API, to be made whole by `venture_core.http.app.whole`."""
    app = fastapi("Venture's tools", VERSION)

    @app.post("/v1/tools/{tool}")
    async def call(tool: Annotated[ToolName, Path()], asked: Call, request: Request) -> Response:
        token = bearer_token(request.scope)
        answer = await tools.call(token, tool, asked.callId, asked.arguments)
        return Response(answer, media_type="application/json")

    @app.put("/v1/transcript", status_code=HTTPStatus.NO_CONTENT)
    async def keep(request: Request) -> Response:
        await tools.keep_transcript(bearer_token(request.scope), await request.body())
        return Response(status_code=HTTPStatus.NO_CONTENT)

    @app.get("/v1/transcript")
    async def latest(request: Request) -> Response:
        found = await tools.transcript(bearer_token(request.scope))
        if found is None:
            raise Problem(HTTPStatus.NOT_FOUND, "Nothing was said yet.", code="no-transcript")
        return Response(found, media_type="application/json")

    return app
