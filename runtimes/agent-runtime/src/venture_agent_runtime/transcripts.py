"""The transcript of the task, which the tool-gateway keeps: another attempt goes on from there."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import httpx2
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)
from venture_core.agents.transcript import (
    MAX_TRANSCRIPT_BYTES,
    InvalidTranscriptError,
    parse_transcript,
)

if TYPE_CHECKING:
    import ssl

    from venture_core.agents.transcript import Transcript

    from venture_agent_runtime.services import Tokens
    from venture_agent_runtime.settings import Settings

AUDIENCE: Final = "venture-tools"
TIMEOUT_SECONDS: Final = 30.0
ATTEMPTS: Final = 5


class TranscriptUnavailableError(Exception):
    """What was said can be neither read nor kept now, so nothing more may be done."""


class ConversationTooLongError(Exception):
    """The conversation is larger than a transcript may be."""


class Transcripts:
    """Reads and keeps the task's transcript. Where there is no tool-gateway nothing is kept."""

    def __init__(self, settings: Settings, tokens: Tokens, tls: ssl.SSLContext | None) -> None:
        url = settings.tool_gateway_url
        self._url = f"{url}/v1/transcript" if url else None
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
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(httpx2.TransportError),
            wait=wait_random_exponential(multiplier=0.5, max=5),
            stop=stop_after_attempt(ATTEMPTS),
            reraise=True,
        )
        try:
            response: httpx2.Response = await retrying(self._once, method, data)
        except (httpx2.HTTPError, OSError) as error:
            raise TranscriptUnavailableError(f"no transcript: {type(error).__name__}") from error
        if response.is_error and response.status_code != HTTPStatus.NOT_FOUND:
            raise TranscriptUnavailableError(f"no transcript: status {response.status_code}")
        return response

    async def _once(self, method: str, data: bytes) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self._tokens.of(AUDIENCE)}"}
        async with httpx2.AsyncClient(
            verify=self._tls or True, timeout=TIMEOUT_SECONDS, trust_env=False
        ) as client:
            response = await client.request(
                method, self._url or "", content=data or None, headers=headers
            )
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise httpx2.RemoteProtocolError(f"status {response.status_code}")
        return response
