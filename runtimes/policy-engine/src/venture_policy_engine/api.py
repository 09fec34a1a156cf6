"""The same check over HTTP: `POST /v1/evaluate` with the agent's token."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import Request  # noqa: TC002  FastAPI reads the annotation
from venture_core.http.app import fastapi
from venture_core.http.callers import bearer_token
from venture_core.http.problems import Problem
from venture_core.identity.callers import UnauthenticatedError

from venture_policy_engine.messages import Call, answer

if TYPE_CHECKING:
    from fastapi import FastAPI

    from venture_policy_engine.checks import Checks


def api(checks: Checks) -> FastAPI:
    """Return the routes."""
    app = fastapi("Policy engine", "1.0.0")

    @app.post("/v1/evaluate")
    async def evaluate(call: Call, request: Request) -> dict[str, Any]:
        """Say whether the caller may make a call."""
        try:
            token = bearer_token(request.scope)
        except UnauthenticatedError as error:
            raise Problem(HTTPStatus.UNAUTHORIZED, f"{error}.", code="unauthenticated") from error
        return answer(await checks.decide(token, call))

    return app
