"""Errors as RFC 9457 problems, whoever raised them: routes, the framework, limits, or a defect.

An aggregated API answers Kubernetes's clients, which read a `Status`: `status_body` renders the
same problem as one.
"""

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import structlog

from venture_core.http.tracing import current_trace_id
from venture_core.http.types import REQUESTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from venture_core.http.types import Application, Message, Receive, Scope, Send

PROBLEM_JSON: Final = "application/problem+json"
TYPES: Final = "https://venture.parpour.dev/problems/"
MAX_DETAIL: Final = 2000
CLOSED_BY: Final = 4000
"""Added to the status of a problem, it is the code by which a WebSocket ends."""
MAX_REASON_BYTES: Final = 123

log = structlog.get_logger(__name__)

type Renderer = Callable[[Problem], tuple[str, dict[str, Any]]]
"""From a problem to a media type and a body of JSON."""


class Problem(Exception):  # noqa: N818  RFC 9457's name
    """An answer that is an error.

    `code` names the kind of problem for programs, in kebab-case; `detail` says to a person what is
    wrong here and what to do. `members` are what else programs may want, `headers` go with it.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
        **members: object,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail[:MAX_DETAIL]
        self.code = code
        self.headers = dict(headers or {})
        self.members = members


def try_again(detail: str, code: str) -> Problem:
    """Return the problem (503) of what does not answer now and may in two seconds."""
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, code=code, headers={"Retry-After": "2"})


def problem_body(problem: Problem) -> tuple[str, dict[str, Any]]:
    """Render as RFC 9457."""
    return PROBLEM_JSON, {
        **problem.members,
        "type": f"{TYPES}{problem.code}" if problem.code else "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
        "trace_id": str(current_trace_id()),
    }


_STATUS_REASONS: Final = {
    HTTPStatus.BAD_REQUEST: "BadRequest",
    HTTPStatus.UNAUTHORIZED: "Unauthorized",
    HTTPStatus.FORBIDDEN: "Forbidden",
    HTTPStatus.NOT_FOUND: "NotFound",
    HTTPStatus.METHOD_NOT_ALLOWED: "MethodNotAllowed",
    HTTPStatus.CONFLICT: "Conflict",
    HTTPStatus.CONTENT_TOO_LARGE: "RequestEntityTooLarge",
    HTTPStatus.UNPROCESSABLE_CONTENT: "Invalid",
    HTTPStatus.TOO_MANY_REQUESTS: "TooManyRequests",
    HTTPStatus.SERVICE_UNAVAILABLE: "ServiceUnavailable",
    HTTPStatus.GATEWAY_TIMEOUT: "Timeout",
}


def status_body(problem: Problem) -> tuple[str, dict[str, Any]]:
    """Render as a Kubernetes Status, which kubectl and client libraries understand."""
    return "application/json", {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": problem.detail,
        "reason": _STATUS_REASONS.get(problem.status, "InternalError"),
        "code": problem.status.value,
    }


def defect() -> Problem:
    """Return what a caller learns of a defect of ours: where to look it up, and nothing else."""
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "The service failed. Its log has the reason under this trace id.",
        code="internal-error",
    )


def _ended() -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The service stops before this request is done; try again.",
        code="stopping",
        headers={"Retry-After": "1", "Connection": "close"},
    )


async def send_problem(problem: Problem, send: Send, render: Renderer = problem_body) -> None:
    """Answer with a problem."""
    media_type, body = render(problem)
    data = json.dumps(body, separators=(",", ":")).encode()
    headers = [
        (b"content-type", media_type.encode()),
        (b"content-length", str(len(data)).encode()),
        (b"cache-control", b"no-store"),
        *((name.lower().encode(), value.encode()) for name, value in problem.headers.items()),
    ]
    await send({"type": "http.response.start", "status": problem.status.value, "headers": headers})
    await send({"type": "http.response.body", "body": data})


def closing(problem: Problem) -> Message:
    """Return the message by which a WebSocket that was accepted ends."""
    reason = problem.detail.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
    return {"type": "websocket.close", "code": CLOSED_BY + problem.status, "reason": reason}


class Problems:
    """Middleware: whatever is raised below becomes a problem, unless the answer has begun.

    A WebSocket that was accepted ends with a code instead.
    """

    def __init__(self, app: Application, render: Renderer = problem_body) -> None:
        self._app = app
        self._render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in REQUESTS:
            await self._app(scope, receive, send)
            return
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        async def answer(problem: Problem) -> bool:
            if not begun:
                await send_problem(problem, send, self._render)
            elif scope["type"] == "websocket":
                await send(closing(problem))
            else:
                # The client sees an answer cut short, which is all that can be said by now.
                return False
            return True

        try:
            await self._app(scope, receive, watch)
        except Problem as problem:
            if not await answer(problem):
                raise
        except asyncio.CancelledError:
            if not begun:
                await send_problem(_ended(), send, self._render)
            raise
        except Exception:
            log.exception("a request failed", method=scope.get("method"), path=scope["path"])
            await answer(defect())
