"""What belongs to objects and is none: artifacts, uploads, events, logs, transcripts, and books.

The cluster's aggregated API, or founders' API, gives it to whoever may have it.
"""

import base64
import binascii
from contextlib import asynccontextmanager
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random_exponential
from venture_core.artifacts.limits import ARTIFACT_MAX_BYTES
from venture_core.artifacts.provenance import ENVELOPE_MAX_BYTES
from venture_core.kubernetes.client import require_success
from venture_core.kubernetes.errors import KubernetesError, NotFoundError, unreachable
from venture_core.kubernetes.resources import Resource
from venture_core.record.reading import RecordedEvent
from venture_core.treasury.models import Budget, Statement

from venture_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from venture_core.kubernetes.client import KubernetesClient

GROUP: Final = "content.venture.parpour.dev"
BUILDS: Final = Resource(GROUP, "v1alpha1", "artifactbuilds", "ArtifactBuild")
WORKFLOWS: Final = Resource(GROUP, "v1alpha1", "workflows", "Workflow")
BUDGETS: Final = Resource(GROUP, "v1alpha1", "budgets", "BudgetList")
STATEMENTS: Final = Resource(GROUP, "v1alpha1", "statements", "Statement")
SILENT_SECONDS: Final = 90.0
"""How long nothing may come of a transfer."""
BUSY_SECONDS: Final = 60.0
"""How long a transfer waits for a place among others."""
ANSWER_MAX_BYTES: Final = 64 * 1024 * 1024
"""The largest answer that is no artifact: 500 events of the largest kind."""

MAX_TRANSCRIPT_BYTES: Final = 2_000_000
"""Of a transcript; it is kept with at most half as many."""
_TRANSCRIPT: Final = TypeAdapter(dict[str, JsonValue])

Hex = Annotated[str, Field(max_length=128, pattern=r"^([0-9a-f]{2})*$")]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, extra="ignore")


class Provenance(_Answer):
    """What verifies an artifact. The keys are the release's word; who has another gives `--key`."""

    envelope: Annotated[str, Field(max_length=2 * ENVELOPE_MAX_BYTES)]
    public_keys: Annotated[tuple[str, ...], Field(max_length=1000)]

    @property
    def statement(self) -> bytes:
        """The signed statement, as it was signed."""
        return base64.b64decode(self.envelope)


class _Event(_Answer):
    log_index: int | None
    seq: int
    workflow_id: UUID
    appended_at: datetime
    event_id: UUID | None
    logged_hash: Hex | None
    previous_hash: Hex | None
    hash: Hex | None
    canonical: str | None

    def recorded(self) -> RecordedEvent:
        """Return the event as the record has it."""
        return RecordedEvent(
            log_index=self.log_index,
            seq=self.seq,
            workflow_id=self.workflow_id,
            appended_at=self.appended_at,
            logged=_bytes(self.logged_hash),
            event_id=self.event_id,
            prev=_bytes(self.previous_hash),
            hash=_bytes(self.hash),
            canonical=None if self.canonical is None else base64.b64decode(self.canonical),
        )


class _EventList(_Answer):
    items: tuple[_Event, ...]


class _BudgetList(_Answer):
    items: tuple[Budget, ...]


class NotServedError(CliError):
    """The cluster has nobody who serves it."""


class Content:
    """Asks for it. Everything may raise KubernetesError, and NotServedError."""

    def __init__(self, client: KubernetesClient) -> None:
        self._client = client

    async def artifact(self, namespace: str, build: str) -> bytes:
        """Return the bytes of a build's artifact, whole."""
        path = BUILDS.path(namespace, build, "proxy")
        return await self._get(path, max_bytes=ARTIFACT_MAX_BYTES)

    async def provenance(self, namespace: str, build: str) -> Provenance:
        """Return what verifies a build's artifact."""
        path = BUILDS.path(namespace, build, "provenance")
        return _read(Provenance, await self._get(path))

    async def events(self, namespace: str, build: str, *, after: int) -> list[RecordedEvent]:
        """Return events of a build whose numbers are over `after`, in order; none at the end."""
        path = BUILDS.path(namespace, build, "events")
        found = _read(_EventList, await self._get(path, {"after": str(after)}))
        try:
            return [each.recorded() for each in found.items]
        except binascii.Error as error:
            raise _strange() from error

    async def log(self, namespace: str, build: str) -> bytes:
        """Return what the newest Job of a build has logged, the end of it."""
        return await self._get(BUILDS.path(namespace, build, "log"))

    async def transcript(self, namespace: str, workflow: str, task: str) -> dict[str, JsonValue]:
        """Return what the task's last agent that ended said, as `venture_core.agents` keeps it."""
        path = WORKFLOWS.path(namespace, workflow, "transcript")
        data = await self._get(path, {"task": task}, MAX_TRANSCRIPT_BYTES)
        try:
            return _TRANSCRIPT.validate_json(data)
        except ValidationError as error:
            raise _strange() from error

    async def tree(self, namespace: str) -> tuple[Budget, ...]:
        """Return a namespace's wallets and the open budgets below them."""
        return _read(_BudgetList, await self._get(BUDGETS.path(namespace))).items

    async def statement(self, namespace: str, currency: str, *, after: int = 0) -> Statement:
        """Return a page of what came into a wallet and went out of it."""
        path = STATEMENTS.path(namespace, currency)
        return _read(Statement, await self._get(path, {"after": str(after)}))

    async def upload(self, namespace: str, plural: str, sha256: str, data: bytes) -> None:
        """Put what builds of a namespace read under its digest, unless it is there."""
        inputs = Resource(GROUP, "v1alpha1", plural, "Input")
        try:
            await self._get(inputs.path(namespace, sha256))
        except NotFoundError:
            async for attempt in _while_busy():
                with attempt:
                    path = inputs.path(namespace, sha256, "proxy")
                    async with self._send("POST", path, data=data) as answer:
                        await answer.read()

    async def _get(
        self, path: str, query: dict[str, str] | None = None, max_bytes: int = ANSWER_MAX_BYTES
    ) -> bytes:
        async for attempt in _while_busy():
            with attempt:
                async with self._send("GET", path, query=query) as answer:
                    return await _bounded(answer, max_bytes)
        raise AssertionError("tenacity either returns or raises")

    @asynccontextmanager
    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        data: bytes | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=SILENT_SECONDS)
        headers = {"Accept": "*/*", "Content-Type": "application/octet-stream"}
        try:
            async with self._client.connection.send(
                method, path, query=query, headers=headers, data=data, timeout=timeout
            ) as answer:
                await require_success(answer)
                yield answer
        except (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError) as error:
            raise CliError(
                "the answer broke off before its end: the connection was lost, or the store gave "
                "other bytes than were built",
                ExitCode.UNREACHABLE,
                next_step="Try again. If it comes to the same, tell whoever runs Venture here.",
            ) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unreachable(f"{method} {path}", error) from error
        except KubernetesError as error:
            if _is_not_served(error):
                raise _not_served(error) from error
            raise


def _while_busy() -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_exception(
            lambda error: (
                isinstance(error, KubernetesError) and error.status == HTTPStatus.TOO_MANY_REQUESTS
            )
        ),
        wait=wait_random_exponential(multiplier=0.5, max=5),
        stop=stop_after_delay(BUSY_SECONDS),
        reraise=True,
    )


async def _bounded(answer: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    taken = bytearray()
    async for chunk in answer.content.iter_any():
        taken += chunk
        if len(taken) > max_bytes:
            raise CliError(f"the answer has more than {max_bytes} bytes")
    return bytes(taken)


def _is_not_served(error: KubernetesError) -> bool:
    """Return whether the API server has nobody to ask: it knows no such API, or nobody answers."""
    missing = "could not find the requested resource" in error.message
    return missing or "error trying to reach service" in error.message


def _not_served(error: KubernetesError) -> NotServedError:
    return NotServedError(
        f"the cluster does not serve {GROUP} now: {error.message}",
        ExitCode.UNREACHABLE,
        next_step=f"Try: kubectl get apiservice v1alpha1.{GROUP}",
    )


def _read[T: BaseModel](kind: type[T], data: bytes) -> T:
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise _strange() from error


def _strange() -> CliError:
    return CliError(
        "the cluster's answer is of another version than this program",
        next_step="Install the venture-cli of the cluster's version.",
    )


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)
