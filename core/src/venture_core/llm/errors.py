"""Errors in the shapes that the providers' own clients read."""

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from venture_core.llm.orders import Dialect
from venture_core.llm.sse import frame

if TYPE_CHECKING:
    from collections.abc import Mapping

OVERLOADED: Final = 529
_ANTHROPIC_KINDS: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    423: "permission_error",
    429: "rate_limit_error",
    504: "timeout_error",
    OVERLOADED: "overloaded_error",
}
_OPENAI_KINDS: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "invalid_request_error",
    413: "invalid_request_error",
    423: "permission_error",
    429: "rate_limit_error",
}
MAX_MESSAGE: Final = 2000


class LlmError(Exception):
    """An answer that is an error; `code` names it for programs, the message says what to do.

    `retry` tells the providers' clients whether to try again by themselves: they follow it.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        retry: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message[:MAX_MESSAGE]
        self.retry = retry
        self.retry_after = retry_after

    def headers(self) -> Mapping[str, str]:
        """Return the headers that go with it."""
        headers = {"x-should-retry": "true" if self.retry else "false"}
        if self.retry and self.retry_after is not None:
            headers["retry-after"] = str(max(1, round(self.retry_after)))
        return headers


def budget_exhausted(message: str) -> LlmError:
    """Return the answer at the cap: once, and not to be tried again until it is raised."""
    return LlmError(HTTPStatus.PAYMENT_REQUIRED, "budget_exhausted", message)


def body_of(error: LlmError, dialect: Dialect, request_id: str) -> bytes:
    """Return the body of an error, as the dialect has it."""
    return json.dumps(_body(error, dialect, request_id)).encode()


def frame_of(error: LlmError, dialect: Dialect, request_id: str) -> bytes:
    """Return the event that ends a stream which cannot go on."""
    if dialect is Dialect.MESSAGES:
        return frame("error", body_of(error, dialect, request_id))
    if dialect is Dialect.RESPONSES:
        # Its clients read `error` at the top too, and raise.
        said = {"type": "error", **_body(error, dialect, request_id)}
        return frame("error", json.dumps(said).encode())
    return frame("", body_of(error, dialect, request_id))


def _body(error: LlmError, dialect: Dialect, request_id: str) -> dict[str, object]:
    if dialect is Dialect.MESSAGES:
        kind = _ANTHROPIC_KINDS.get(error.status, "api_error")
        said = {"type": kind, "message": error.message}
        return {"type": "error", "error": said, "request_id": request_id}
    kind = _OPENAI_KINDS.get(error.status, "server_error")
    return {
        "error": {"message": error.message, "type": kind, "param": None, "code": error.code},
        "request_id": request_id,
    }
