"""Agents' transcripts: each attempt keeps its own, and takes up that of the attempt before it."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from venture_core.agents.transcript import (
    MAX_TRANSCRIPT_BYTES,
    InvalidTranscriptError,
    parse_transcript,
    transcript_key,
)
from venture_core.http.problems import Problem
from venture_core.objectstore import ObjectNotFoundError, ObjectStore, ObjectStoreError

from venture_tool_gateway.performing import workspace_unavailable

if TYPE_CHECKING:
    from venture_core.agents.assignment import AgentAssignment

ATTEMPTS_BACK: Final = 10
"""How many attempts before this one may have ended before they kept anything."""


class Transcripts:
    """Keeps transcripts in the workspaces of workflows, where no path of an agent leads."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def keep(self, assignment: AgentAssignment, data: bytes) -> None:
        """Keep the transcript of an attempt. Raises Problem 413, 422 and 503."""
        if len(data) > MAX_TRANSCRIPT_BYTES:
            raise Problem(
                HTTPStatus.CONTENT_TOO_LARGE,
                f"A transcript has at most {MAX_TRANSCRIPT_BYTES} bytes.",
                code="transcript-too-large",
            )
        try:
            parse_transcript(data)
        except InvalidTranscriptError as error:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_CONTENT, f"{error}.", code="invalid-transcript"
            ) from None
        key = transcript_key(assignment.workflow_uid, assignment.task, assignment.attempt)
        try:
            await self._store.put(key, data, media_type="application/json")
        except ObjectStoreError as error:
            raise workspace_unavailable() from error

    async def latest(self, assignment: AgentAssignment) -> bytes | None:
        """Return what the task has last said; None where it begins. Raises Problem 503."""
        oldest = max(1, assignment.attempt - ATTEMPTS_BACK)
        for attempt in range(assignment.attempt, oldest - 1, -1):
            key = transcript_key(assignment.workflow_uid, assignment.task, attempt)
            try:
                return await self._store.get(key, max_bytes=MAX_TRANSCRIPT_BYTES)
            except ObjectNotFoundError:
                continue
            except ObjectStoreError as error:
                raise workspace_unavailable() from error
        return None
