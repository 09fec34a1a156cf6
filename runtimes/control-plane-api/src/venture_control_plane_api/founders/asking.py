"""Requests to the cluster as the caller's own."""

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from venture_core.kubernetes.client import JSON

from venture_control_plane_api.founders.served import MAX_WATCH_SECONDS, acting_as, problem_of
from venture_control_plane_api.services.access import unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from venture_core.identity.callers import ClusterUser
    from venture_core.kubernetes.client import KubernetesClient

ANSWER_SECONDS: Final = 20.0


class Asking:
    """Sends requests on, each as the user who sent it."""

    def __init__(self, client: KubernetesClient) -> None:
        self._client = client

    async def ask(
        self,
        user: ClusterUser,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
        content_type: str = JSON,
        matched: bool = False,
    ) -> tuple[int, bytes]:
        """Return status and body of the cluster's answer. Raises Problem for a refusal."""
        headers = {**acting_as(user), "Accept": JSON}
        data = None
        if body is not None:
            headers["Content-Type"] = content_type
            data = json.dumps(body, separators=(",", ":")).encode()
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        try:
            async with self._client.connection.send(
                method, path, query=query, headers=headers, data=data, timeout=timeout
            ) as answer:
                found = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unavailable("the API server does not answer") from error
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise problem_of(answer.status, _status(found), matched=matched)
        return answer.status, found

    async def stream(
        self, user: ClusterUser, path: str, query: dict[str, str], accept: str
    ) -> AsyncIterator[bytes]:
        """Give the cluster's answer piece by piece. Raises Problem for a refusal, before any."""
        headers = {**acting_as(user), "Accept": accept}
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=10, sock_read=MAX_WATCH_SECONDS + ANSWER_SECONDS
        )
        try:
            async with self._client.connection.send(
                "GET", path, query=query, headers=headers, timeout=timeout
            ) as answer:
                if answer.status >= HTTPStatus.BAD_REQUEST:
                    raise problem_of(answer.status, _status(await answer.read()), matched=False)
                # That it is established is news, too, before anything happens.
                yield b""
                async for chunk in answer.content.iter_any():
                    yield chunk
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unavailable("the API server does not answer") from error


def _status(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError, RecursionError:
        found = None
    return found if isinstance(found, dict) else {"message": data[:500].decode(errors="replace")}
