"""What the Kubernetes API answered when it did not answer with success."""

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from venture_core.kubernetes.exchange import Answer


class KubernetesError(Exception):
    """The API server refused a request, or could not be reached.

    `status` is the HTTP status (0 when no answer came), `reason` the API's CamelCase reason,
    `message` its sentence. `retryable` tells whether the same request may succeed later.
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.continue_token = ""
        """Where an expired list can be read on, if the server says so."""

    @property
    def retryable(self) -> bool:
        """True for throttling, server errors and broken connections."""
        return (
            self.status in (0, HTTPStatus.TOO_MANY_REQUESTS)
            or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        )


class AlreadyExistsError(KubernetesError):
    """An object of that name exists."""


class ConflictError(KubernetesError):
    """The object changed since it was read (its resourceVersion is not current)."""


class NotFoundError(KubernetesError):
    """There is no such object, or its kind is not served."""


class ForbiddenError(KubernetesError):
    """RBAC or an admission rule forbids the request."""


class InvalidError(KubernetesError):
    """The object breaks its schema or a validation rule."""


def unreachable(what: str, error: Exception) -> KubernetesError:
    """Return the error for a request to which no answer came; `what` names it."""
    message = f"the API server did not answer {what}: {str(error) or repr(error)}"
    return KubernetesError(0, "Unreachable", message)


_BY_STATUS: dict[int, type[KubernetesError]] = {
    HTTPStatus.FORBIDDEN: ForbiddenError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.CONFLICT: ConflictError,
    HTTPStatus.UNPROCESSABLE_ENTITY: InvalidError,
}


def error_from_status(status: int, reason: str, message: str) -> KubernetesError:
    """Return the error type for an HTTP status and the API's reason."""
    if reason == "AlreadyExists":
        return AlreadyExistsError(status, reason, message)
    return _BY_STATUS.get(status, KubernetesError)(status, reason, message)


def error_from_body(status: int, body: dict[str, Any]) -> KubernetesError:
    """Return the error that a `Status` object describes, or a problem of our own APIs."""
    message = body.get("message") or body.get("detail") or "no message"
    error = error_from_status(status, str(body.get("reason", "Unknown")), str(message))
    metadata = body.get("metadata")
    error.continue_token = metadata.get("continue", "") if isinstance(metadata, dict) else ""
    return error


def raise_for_status(answer: Answer) -> None:
    """Raise the error that an answer is, if it is one."""
    if answer.status < HTTPStatus.BAD_REQUEST:
        return
    text = answer.body.decode(errors="replace")
    try:
        body = json.loads(text)
    except json.JSONDecodeError:
        # Proxies and the API server's own overload filter answer in plain text.
        body = {"message": text.strip()[:500] or answer.reason}
    raise error_from_body(answer.status, body)
