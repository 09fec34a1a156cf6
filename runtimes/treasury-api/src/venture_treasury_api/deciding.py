"""From a route to the ledger and back: keys, what is in flight, and the answer as it is kept."""

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Header
from fastapi.responses import Response
from venture_core.http.problems import PROBLEM_JSON, Problem
from venture_core.treasury.ledger import LedgerUnavailableError, OtherInputError

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from uuid import UUID

    from venture_core.treasury.answers import Answer
    from venture_core.treasury.ledger import Ledger
    from venture_core.treasury.operations import Operation

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=16,
        max_length=256,
        pattern=r"^[\x21-\x7e]+$",
        description="Names what is asked for: the same key and body is answered as it was first.",
    ),
]

_AGAIN: Final = {"Retry-After": "1"}


class Deciding:
    """Has the ledger decide, each operation once at a time."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._in_flight: set[UUID] = set()

    async def decide(self, operation: Operation) -> Answer:
        """Return the ledger's answer. Raises Problem: 409 in flight, 422 other body, 503."""
        if operation.id in self._in_flight:
            raise Problem(
                HTTPStatus.CONFLICT,
                "A request with this Idempotency-Key is being decided. Ask again in a second.",
                code="in-flight",
                headers=_AGAIN,
            )
        self._in_flight.add(operation.id)
        deciding = asyncio.create_task(self._ledger.decide(operation))
        deciding.add_done_callback(lambda done: self._forget(operation.id, done))
        try:
            # Whoever asked may hang up: it is decided all the same, and in flight until then.
            return await asyncio.shield(deciding)
        except OtherInputError as error:
            raise reused_key() from error
        except LedgerUnavailableError as error:
            raise _unavailable() from error

    def _forget(self, operation_id: UUID, done: asyncio.Task[Answer]) -> None:
        self._in_flight.discard(operation_id)
        if not done.cancelled():
            # Seen, also where nobody waits any more.
            done.exception()


async def read[T](reading: Awaitable[T]) -> T:
    """Return what the books say. Raises Problem 503 where they cannot be read now."""
    try:
        return await reading
    except LedgerUnavailableError as error:
        raise _unavailable() from error


def _unavailable() -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The ledger does not answer. Ask again with the same Idempotency-Key.",
        code="ledger-unavailable",
        headers=_AGAIN,
    )


def reused_key() -> Problem:
    """Return the problem of a key that came with another body."""
    return Problem(
        HTTPStatus.UNPROCESSABLE_CONTENT,
        "This Idempotency-Key was used with another body. Take a new key.",
        code="idempotency-key-reused",
    )


def response(answer: Answer) -> Response:
    """Return an answer as it is sent: the very bytes that are kept."""
    media_type = PROBLEM_JSON if answer.is_refusal else "application/json"
    headers = _AGAIN if answer.status == HTTPStatus.TOO_MANY_REQUESTS else None
    return Response(answer.body, answer.status, headers=headers, media_type=media_type)
