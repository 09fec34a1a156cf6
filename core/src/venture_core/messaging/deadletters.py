"""Dead letters: events that a consumer gave up, kept for people to look at and hand back."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import nats.js.errors

from venture_core.messaging.delivery import LOG_INDEX_HEADER, Delivery, claimed_log_index
from venture_core.messaging.streams import DEAD_LETTERS
from venture_core.messaging.subjects import (
    DEAD_LETTER_PREFIX,
    REQUEUE_PREFIX,
    dead_letter_subject,
    requeue_subject,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from nats.aio.msg import Msg
    from nats.js import JetStreamContext
    from nats.js.api import RawStreamMsg

MAX_REASON: Final = 500

_CONSUMER: Final = "Venture-Consumer"
_REASON: Final = "Venture-Reason"
_ATTEMPTS: Final = "Venture-Attempts"
_MESSAGE_ID: Final = "Nats-Msg-Id"
_SUBJECT_WORDS: Final = 3
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


class DeadLetterNotFoundError(Exception):
    """There is no such dead letter: it was handed back, or has expired."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event, who gave it up, and why."""

    sequence: int
    """Its number among the dead letters: by it people name it."""
    consumer: str
    event_type: str
    log_index: int | None
    """Its place in the log; None for a message that is no event of the record."""
    reason: str
    attempts: int
    at: datetime | None
    body: bytes
    """The event as it was delivered."""


async def put_dead_letter(
    jetstream: JetStreamContext,
    given: Msg | Delivery,
    *,
    consumer: str,
    reason: str,
    attempts: int,
) -> None:
    """Keep what `consumer` gives up, a message or an event out of the record; twice keeps one."""
    index: int | None
    if isinstance(given, Delivery):
        subject, index = given.event.event_type, given.log_index
        body, key = given.event.model_dump_json().encode(), f"record/{index}"
    else:
        subject, body = _original_subject(given.subject), given.data
        index = claimed_log_index(given.headers)
        key = f"{given.metadata.stream}/{given.metadata.sequence.stream}"
    headers = {
        _CONSUMER: consumer,
        _REASON: " ".join(reason.split())[:MAX_REASON],
        _ATTEMPTS: str(attempts),
        _MESSAGE_ID: f"{consumer}/{key}",
    }
    if index is not None:
        headers[LOG_INDEX_HEADER] = str(index)
    await jetstream.publish(
        dead_letter_subject(consumer, subject), body, stream=DEAD_LETTERS, headers=headers
    )


async def list_dead_letters(
    jetstream: JetStreamContext, *, consumer: str | None = None
) -> AsyncIterator[DeadLetter]:
    """Yield the dead letters of a consumer, or of all, oldest first."""
    subject = f"{DEAD_LETTER_PREFIX}.{consumer or '*'}.>"
    sequence = 1
    while True:
        try:
            message = await jetstream.get_msg(DEAD_LETTERS, sequence, subject=subject, next=True)
        except nats.js.errors.NotFoundError:
            return
        letter = _parse(message)
        yield letter
        sequence = letter.sequence + 1


async def get_dead_letter(jetstream: JetStreamContext, sequence: int) -> DeadLetter:
    """Return one dead letter; raises DeadLetterNotFoundError."""
    try:
        message = await jetstream.get_msg(DEAD_LETTERS, sequence)
    except nats.js.errors.NotFoundError as error:
        raise DeadLetterNotFoundError(f"there is no dead letter {sequence}") from error
    if not (message.subject or "").startswith(f"{DEAD_LETTER_PREFIX}."):
        raise DeadLetterNotFoundError(f"message {sequence} is no dead letter")
    return _parse(message)


async def requeue_dead_letter(jetstream: JetStreamContext, sequence: int) -> DeadLetter:
    """Hand a dead letter back to the consumer that gave it up, and to no other.

    Doing so twice hands it back once. Raises DeadLetterNotFoundError.
    """
    letter = await get_dead_letter(jetstream, sequence)
    headers = {_MESSAGE_ID: f"{REQUEUE_PREFIX}/{sequence}"}
    if letter.log_index is not None:
        headers[LOG_INDEX_HEADER] = str(letter.log_index)
    await jetstream.publish(
        requeue_subject(letter.consumer, letter.event_type),
        letter.body,
        stream=DEAD_LETTERS,
        headers=headers,
    )
    await jetstream.delete_msg(DEAD_LETTERS, sequence)
    return letter


def _original_subject(subject: str) -> str:
    """Return an event's type from the subject it was delivered on, which may be a requeue's."""
    if subject.startswith(f"{REQUEUE_PREFIX}."):
        return subject.split(".", 2)[2]
    return subject


def _parse(message: RawStreamMsg) -> DeadLetter:
    headers = message.headers or {}
    words = (message.subject or "").split(".", _SUBJECT_WORDS - 1)
    attempts = headers.get(_ATTEMPTS, "")
    return DeadLetter(
        sequence=message.seq or 0,
        consumer=words[1],
        event_type=words[2],
        log_index=claimed_log_index(headers),
        reason=headers.get(_REASON, ""),
        attempts=int(attempts) if _NUMBER.fullmatch(attempts) else 0,
        at=message.time,
        body=message.data or b"",
    )
