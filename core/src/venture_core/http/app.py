"""Making an application whole: FastAPI's, or any ASGI callable."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from venture_core.http.callers import Callers
from venture_core.http.limits import Limited, LimitsOf, default_limits
from venture_core.http.lingering import Lingering
from venture_core.http.metrics import Metrics
from venture_core.http.problems import (
    Problem,
    Problems,
    Renderer,
    defect,
    problem_body,
    send_problem,
)
from venture_core.http.tracing import Tracing
from venture_core.http.websockets import Handshakes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from venture_core.http.callers import Authenticate
    from venture_core.http.types import Application, Receive, Scope, Send

REQUESTS_AT_ONCE = 500
MAX_ERRORS = 20
"""How many of the errors in a request's input an answer lists."""


def whole(
    app: Application,
    *,
    authenticate: Authenticate | None,
    limits_of: LimitsOf = default_limits,
    at_once: int = REQUESTS_AT_ONCE,
    render: Renderer = problem_body,
) -> Application:
    """Put around an ASGI application what every service needs.

    `authenticate` names the caller of a request or raises a Problem; None leaves a service open to
    everybody, which has to be said. A plain ASGI application notes its route under `metrics.ROUTE`.
    """
    inner = app if authenticate is None else Callers(app, authenticate)
    limited = Limited(inner, limits_of, at_once=at_once)
    return Handshakes(Tracing(Metrics(Lingering(Problems(limited, render)))))


def fastapi(title: str, version: str, *, render: Renderer = problem_body) -> FastAPI:
    """Return an empty FastAPI application whose errors are problems; give it to `whole`.

    Its OpenAPI document is at /openapi.json; pages that load scripts from elsewhere are off.
    """
    from fastapi import FastAPI
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    app = FastAPI(title=title, version=version, docs_url=None, redoc_url=None)

    async def on_problem(_request: Request, error: Exception) -> ASGIApp:
        return _Answer(error if isinstance(error, Problem) else defect(), render)

    async def on_http_error(_request: Request, error: Exception) -> ASGIApp:
        if not isinstance(error, HTTPException):
            raise error
        status = HTTPStatus(error.status_code)
        detail = error.detail if error.detail != status.phrase else status.description
        return _Answer(Problem(status, detail or status.phrase, headers=error.headers), render)

    async def on_invalid_input(_request: Request, error: Exception) -> ASGIApp:
        if not isinstance(error, RequestValidationError):
            raise error
        return _Answer(invalid_input(list(error.errors())), render)

    app.add_exception_handler(Problem, on_problem)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, on_http_error)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, on_invalid_input)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, on_problem)  # type: ignore[arg-type]
    return app


class _Answer:
    """A problem as an answer of Starlette."""

    def __init__(self, problem: Problem, render: Renderer) -> None:
        self._problem = problem
        self._render = render

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send_problem(self._problem, send, self._render)


def invalid_input(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """Return the problem (422) of an input in which pydantic found these errors."""
    # Without what was given: it may be a secret, and it may be long.
    listed = [
        {"pointer": _pointer(error["loc"]), "detail": error["msg"]} for error in errors[:MAX_ERRORS]
    ]
    return Problem(
        HTTPStatus.UNPROCESSABLE_CONTENT,
        "; ".join(f"{each['pointer']}: {each['detail']}" for each in listed),
        code="invalid-input",
        errors=listed,
    )


def _pointer(location: tuple[str | int, ...]) -> str:
    """Return where an error is: a JSON pointer below the part of the request."""
    return "/".join(str(part) for part in location)
