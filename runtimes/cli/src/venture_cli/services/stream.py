"""The streams in NATS: restoring them, and what consumers gave up."""

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import nats
import nats.errors
import nats.js.errors
from venture_core.messaging.connection import inbox_prefix
from venture_core.messaging.deadletters import (
    DeadLetterNotFoundError,
    get_dead_letter,
    list_dead_letters,
    requeue_dead_letter,
)
from venture_core.record.replay import LOOK_SECONDS, rebuild_stream, stream_state

from venture_cli.errors import CliError, ExitCode
from venture_cli.program import hint
from venture_cli.services.events import NAME, open_record
from venture_cli.services.recordendpoints import Endpoint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import asyncpg
    from nats.js import JetStreamContext
    from venture_core.messaging.deadletters import DeadLetter
    from venture_core.record.replay import StreamState

    from venture_cli.services.session import Session

_CONNECT_SECONDS: Final = 5
_ATTEMPTS: Final = 1
_PAUSE_SECONDS: Final = 0.2
_ANSWER_SECONDS: Final = 5.0


@asynccontextmanager
async def _open_streams(session: Session) -> AsyncIterator[JetStreamContext]:
    """Connect to NATS for one command: it waits for no broker that is away."""
    url = await session.record_url(Endpoint.NATS)
    try:
        client = await nats.connect(
            [each.strip() for each in url.get_secret_value().split(",")],
            name=NAME,
            inbox_prefix=inbox_prefix(url),
            connect_timeout=_CONNECT_SECONDS,
            allow_reconnect=False,
            # The client tries each server of its list again until these attempts are used up.
            max_reconnect_attempts=_ATTEMPTS,
            reconnect_time_wait=_PAUSE_SECONDS,
            error_cb=_ignore,
        )
    except (nats.errors.Error, OSError, TimeoutError) as error:
        raise _unreachable(error) from error
    try:
        yield client.jetstream(timeout=_ANSWER_SECONDS)
    except nats.js.errors.NotFoundError as error:
        raise CliError(
            "there is no such stream in NATS",
            ExitCode.NOT_FOUND,
            next_step="The relay makes the streams: is it running?",
        ) from error
    except nats.errors.Error as error:
        raise _unreachable(error) from error
    finally:
        await client.close()


async def _ignore(error: Exception) -> None:
    """Take the client's report of an error, which it also raises."""


def _unreachable(error: Exception) -> CliError:
    reason = str(error) or type(error).__name__
    return CliError(
        f"NATS does not answer as it should: {reason}",
        ExitCode.UNREACHABLE,
        next_step="Is it running? Try: kubectl get pods -n <system namespace>",
    )


async def replay(
    session: Session, limit: float, progress: Callable[[StreamState], None], *, anew: bool
) -> StreamState:
    """Return when the stream holds every event of now; `anew` deletes it first.

    CliError (timeout) where that takes longer than `limit` seconds.
    """
    connection = await open_record(session)
    try:
        async with _open_streams(session) as jetstream, asyncio.timeout(limit) as timer:
            if anew:
                return await rebuild_stream(jetstream, connection, progress)
            return await _level(jetstream, connection, progress)
    except TimeoutError as error:
        if not timer.expired():
            raise
        raise CliError(
            "the stream does not hold every event yet",
            ExitCode.TIMEOUT,
            next_step="Only the relay publishes: is it running? Wait again with "
            f"{hint('events', 'replay')}",
        ) from error
    finally:
        connection.terminate()


async def _level(
    jetstream: JetStreamContext,
    connection: asyncpg.Connection,
    progress: Callable[[StreamState], None],
) -> StreamState:
    """Wait until the stream ends where the log ended when this began."""
    target: int | None = None
    while True:
        state = await stream_state(jetstream, connection)
        target = state.log_size if target is None else target
        progress(state)
        if state.log_size - state.missing >= target:
            return state
        await asyncio.sleep(LOOK_SECONDS)


async def dead_letters(session: Session, consumer: str | None) -> list[DeadLetter]:
    """Return the dead letters of a consumer, or of all, oldest first."""
    async with _open_streams(session) as jetstream:
        return [each async for each in list_dead_letters(jetstream, consumer=consumer)]


async def dead_letter(session: Session, number: int) -> DeadLetter:
    """Return one dead letter. CliError where there is none of this number."""
    async with _open_streams(session) as jetstream:
        try:
            return await get_dead_letter(jetstream, number)
        except DeadLetterNotFoundError as error:
            raise _no_letter(error) from error


async def requeue(session: Session, number: int) -> DeadLetter:
    """Hand a dead letter back to its consumer; return it. CliError where there is none."""
    async with _open_streams(session) as jetstream:
        try:
            return await requeue_dead_letter(jetstream, number)
        except DeadLetterNotFoundError as error:
            raise _no_letter(error) from error


def _no_letter(error: DeadLetterNotFoundError) -> CliError:
    return CliError(
        str(error), ExitCode.NOT_FOUND, next_step=f"Look: {hint('events', 'dlq', 'list')}"
    )
