"""The gateway's routes, as the providers' own clients expect them."""

import asyncio
import hashlib
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

from venture_core.http.callers import MAX_TOKEN_BYTES
from venture_core.http.limits import MIB, Limits
from venture_core.http.metrics import ROUTE
from venture_core.http.tracing import current_trace_id
from venture_core.http.types import header
from venture_core.identity.callers import UnauthenticatedError, UnverifiableError
from venture_core.llm import messages, openai
from venture_core.llm.dialects import READERS
from venture_core.llm.errors import LlmError, body_of
from venture_core.llm.orders import Dialect, Order, OrderRefusedError
from venture_core.llm.scripts import tokens_of

from venture_llm_gateway.calls import CALL_SECONDS
from venture_llm_gateway.channel import Channel, Head
from venture_llm_gateway.listing import model_list
from venture_llm_gateway.scripted import scripted_answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from venture_core.http.problems import Problem
    from venture_core.http.types import Receive, Scope, Send

    from venture_llm_gateway.answers import Answer
    from venture_llm_gateway.assigned import Assigned
    from venture_llm_gateway.calls import Calls
    from venture_llm_gateway.provider import Provider

MAX_BODY_BYTES: Final = 8 * MIB
DEFAULT_VERSION: Final = "2023-06-01"
_VERSION: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_MODELS: Final = "/v1/models"


@dataclass(frozen=True, slots=True)
class _Route:
    dialect: Dialect
    read: Callable[[bytes], Order]
    counts: str | None = None
    """The field of its answer, where the route only counts tokens."""


_ROUTES: Final[Mapping[str, _Route]] = {
    "/v1/messages": _Route(Dialect.MESSAGES, READERS[Dialect.MESSAGES].order),
    "/v1/messages/count_tokens": _Route(Dialect.MESSAGES, messages.read_count, "input_tokens"),
    "/v1/chat/completions": _Route(Dialect.CHAT, READERS[Dialect.CHAT].order),
    "/v1/responses": _Route(Dialect.RESPONSES, READERS[Dialect.RESPONSES].order),
    "/v1/responses/input_tokens": _Route(
        Dialect.RESPONSES, openai.read_response_count, "input_tokens"
    ),
}

type Identify = Callable[[str], Awaitable[Assigned]]
"""Names the task that a token proves. Raises UnauthenticatedError, UnverifiableError, LlmError."""


def gateway_limits(_scope: Scope) -> Limits:
    """Return the limits of a request: a prompt is long, and a model thinks for long."""
    return Limits(body_bytes=MAX_BODY_BYTES, seconds=CALL_SECONDS + 60)


def problem_shape(problem: Problem) -> tuple[str, dict[str, Any]]:
    """Render what the kit for services refuses so that both providers' clients read it."""
    error = {"type": problem.code or "api_error", "message": problem.detail, "code": problem.code}
    return "application/json", {"type": "error", "error": error, "request_id": _request_id()}


class Gateway:
    """An ASGI application; put `whole` around it."""

    def __init__(
        self,
        *,
        identify: Identify,
        calls: Calls,
        providers: Mapping[str, Provider],
    ) -> None:
        self._identify = identify
        self._calls = calls
        self._providers = providers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            raise ValueError("this application serves HTTP only")
        route = _ROUTES.get(scope["path"])
        dialect = _dialect(scope, route)
        if route is not None or scope["path"] == _MODELS:
            scope[ROUTE] = scope["path"]
        try:
            await self._serve(scope, receive, send, route)
        except LlmError as error:
            data = body_of(error, dialect, _request_id())
            await _send(send, error.status, data, error.headers())

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, route: _Route | None
    ) -> None:
        _check_method(scope, route)
        assigned = await self._assigned(scope)
        if route is None:
            await self._list(assigned, _dialect(scope, route), send)
            return
        data = await _body(receive)
        try:
            order = route.read(data)
        except OrderRefusedError as error:
            raise LlmError(HTTPStatus.BAD_REQUEST, "refused", f"{error}.") from error
        provider = _provider_of(assigned, order)
        if route.counts is not None:
            await self._count(assigned, provider, order, scope, send, route.counts)
            return
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        call = await self._calls.prepare(assigned, provider, order, digest)
        channel = self._calls.make(call, self._asking(assigned, order, scope), _request_id())
        await _answer(channel, receive, send)

    async def _assigned(self, scope: Scope) -> Assigned:
        try:
            return await self._identify(_token(scope))
        except UnauthenticatedError as error:
            raise LlmError(HTTPStatus.UNAUTHORIZED, "unauthenticated", f"{error}.") from error
        except UnverifiableError as error:
            raise LlmError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "identity_unavailable",
                f"Who calls cannot be verified now: {error}.",
                retry=True,
                retry_after=2,
            ) from error

    async def _list(self, assigned: Assigned, dialect: Dialect, send: Send) -> None:
        names = await self._calls.allowed_models(assigned, dialect)
        await _send(send, HTTPStatus.OK, json.dumps(model_list(names)).encode(), {})

    async def _count(
        self,
        assigned: Assigned,
        provider: str,
        order: Order,
        scope: Scope,
        send: Send,
        field: str,
    ) -> None:
        """Count the tokens of a prompt, which providers do for nothing."""
        await self._calls.permit(assigned, provider, order.model)
        if assigned.script is not None:
            counted = tokens_of(json.dumps(order.body, sort_keys=True).encode())
            await _send(send, HTTPStatus.OK, json.dumps({field: counted}).encode(), {})
            return
        async with self._asking(assigned, order, scope) as answer:
            data = b"".join([chunk async for chunk in answer.chunks])
        await _send(send, answer.status, data, answer.headers)

    def _asking(
        self, assigned: Assigned, order: Order, scope: Scope
    ) -> AbstractAsyncContextManager[Answer]:
        if assigned.script is not None:
            return scripted_answer(assigned.script, order)
        provider = self._providers[_provider_of(assigned, order)]
        return provider.ask(scope["path"], order.body, _forwarded(scope, order.dialect))


def _provider_of(assigned: Assigned, order: Order) -> Literal["Anthropic", "OpenAI", "Scripted"]:
    if assigned.script is not None:
        if order.model != assigned.scripted_model:
            raise LlmError(
                HTTPStatus.FORBIDDEN,
                "model_not_allowed",
                f"This task's model is the script {assigned.scripted_model!r}, and no other.",
            )
        return "Scripted"
    return "Anthropic" if order.dialect is Dialect.MESSAGES else "OpenAI"


def _dialect(scope: Scope, route: _Route | None) -> Dialect:
    if route is not None:
        return route.dialect
    return Dialect.MESSAGES if header(scope, b"anthropic-version") else Dialect.CHAT


def _check_method(scope: Scope, route: _Route | None) -> None:
    if route is None and scope["path"] != _MODELS:
        raise LlmError(
            HTTPStatus.NOT_FOUND,
            "not_found",
            f"There is no such route. There are {', '.join([*_ROUTES, _MODELS])}.",
        )
    wanted = "GET" if route is None else "POST"
    if scope["method"] != wanted:
        raise LlmError(HTTPStatus.METHOD_NOT_ALLOWED, "method", f"Use {wanted} here.")
    if route is not None and scope["query_string"]:
        raise LlmError(HTTPStatus.BAD_REQUEST, "query", "Beta features have no price here.")
    if header(scope, b"anthropic-beta") is not None:
        raise LlmError(
            HTTPStatus.BAD_REQUEST,
            "beta",
            "anthropic-beta: this gateway has no price for beta features; leave the header out.",
        )


def _token(scope: Scope) -> str:
    """Return the workload token, which clients send as the provider's key."""
    values: list[bytes] = [value for name, value in scope["headers"] if name == b"x-api-key"]
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            values.append(token.strip() if scheme.lower() == b"bearer" else b"")
    found = {value for value in values if value}
    if len(found) != 1 or len(token := found.pop()) > MAX_TOKEN_BYTES:
        raise UnauthenticatedError(
            "the workload token is required, as x-api-key or as Authorization: Bearer"
        )
    try:
        text: str = token.decode("ascii")
    except UnicodeDecodeError as error:
        raise UnauthenticatedError("the workload token must be ASCII") from error
    return text


def _forwarded(scope: Scope, dialect: Dialect) -> Mapping[str, str]:
    if dialect is not Dialect.MESSAGES:
        return {}
    version = (header(scope, b"anthropic-version") or b"").decode("ascii", "replace")
    return {"anthropic-version": version if _VERSION.fullmatch(version) else DEFAULT_VERSION}


def _request_id() -> str:
    return f"req_{current_trace_id().hex}"


async def _body(receive: Receive) -> bytes:
    data = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise LlmError(HTTPStatus.BAD_REQUEST, "incomplete", "The request broke off.")
        data += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(data)


async def _answer(channel: Channel, receive: Receive, send: Send) -> None:
    """Hand the answer on until its end, or until the caller leaves."""
    leaving = asyncio.create_task(_left(receive))
    leaving.add_done_callback(lambda _: channel.abandon())
    handing = asyncio.create_task(_hand_on(channel, send))
    try:
        await asyncio.wait({leaving, handing}, return_when=asyncio.FIRST_COMPLETED)
        if handing.done():
            handing.result()
    finally:
        channel.abandon()
        for task in (leaving, handing):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _hand_on(channel: Channel, send: Send) -> None:
    while (part := await channel.get()) is not None:
        if isinstance(part, Head):
            headers = [
                *((name.encode(), value.encode("latin-1")) for name, value in part.headers.items()),
                (b"cache-control", b"no-store"),
            ]
            await send({"type": "http.response.start", "status": part.status, "headers": headers})
        else:
            await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send(send: Send, status: int, data: bytes, headers: Mapping[str, str]) -> None:
    sent = {"content-type": "application/json", **headers, "cache-control": "no-store"}
    sent["content-length"] = str(len(data))
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": data})
