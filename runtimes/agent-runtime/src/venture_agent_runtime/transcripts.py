"""The transcript of the task, which the tool-gateway keeps: another attempt goes on from there."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import httpx2
from venture_core.agents.transcript import (
    MAX_TRANSCRIPT_BYTES,
    InvalidTranscriptError,
    parse_transcript,
)

from venture_agent_runtime.away import ServiceAwayError, patiently
from venture_agent_runtime.calling import calling

if TYPE_CHECKING:
    import ssl

    from venture_core.agents.transcript import Transcript

    from venture_agent_runtime.services import Tokens
    from venture_agent_runtime.settings import Settings

AUDIENCE: Final = "venture-tools"
TIMEOUT_SECONDS: Final = 30.0


class TranscriptUnavailableError(Exception):
    """What was said can be neither read nor kept now, so nothing more may be done."""


class ConversationTooLongError(Exception):
    """The conversation is larger than a transcript may be."""


class Transcripts:
    """Reads and keeps the task's transcript. Where there is no tool-gateway nothing is kept."""

    def __init__(self, settings: Settings, tokens: Tokens, tls: ssl.SSLContext | None) -> None:
        url = settings.tool_gateway_url
        self._url = f"{url}/v1/transcript" if url else None
        self._patience_seconds = settings.patience_seconds
        self._tokens = tokens
        self._tls = tls

    async def latest(self) -> Transcript | None:
        """Return where the task stands; None where it begins. Raises TranscriptUnavailableError."""
        if self._url is None:
            return None
        response = await self._send("GET", b"")
        if response.status_code == HTTPStatus.NOT_FOUND:
            return None
        try:
            found = parse_transcript(response.content)
        except InvalidTranscriptError as error:
            raise TranscriptUnavailableError(str(error)) from error
        return None if found.ended else found

    async def keep(self, transcript: Transcript) -> None:
        """Keep what was said so far.

        Raises TranscriptUnavailableError, ConversationTooLongError.
        """
        data = transcript.to_json()
        if len(data) > MAX_TRANSCRIPT_BYTES:
            raise ConversationTooLongError(f"a transcript has at most {MAX_TRANSCRIPT_BYTES} bytes")
        if self._url is not None:
            await self._send("PUT", data)

    async def _send(self, method: str, data: bytes) -> httpx2.Response:
        trying = patiently(self._patience_seconds)
        try:
            response: httpx2.Response = await trying(self._once, method, data)
        except (ServiceAwayError, OSError) as error:
            raise TranscriptUnavailableError(f"no transcript: {error}") from error
        if response.is_error and response.status_code != HTTPStatus.NOT_FOUND:
            raise TranscriptUnavailableError(f"no transcript: status {response.status_code}")
        return response

    async def _once(self, method: str, data: bytes) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self._tokens.of(AUDIENCE)}"}
        async with calling(self._tls, TIMEOUT_SECONDS) as client:
            try:
                response = await client.request(
                    method, self._url or "", content=data or None, headers=headers
                )
            except httpx2.TransportError as error:
                raise ServiceAwayError(type(error).__name__) from error
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ServiceAwayError(f"status {response.status_code}")
        return response
