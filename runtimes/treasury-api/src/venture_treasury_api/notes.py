"""Notes in Redis: whoever asks while it is being asked shares the next question.

A Redis that does not answer is left alone for a second, so that it costs the treasury one wait a
second, and not two for each purchase.
"""

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog
from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import SecretStr

WAIT_SECONDS: Final = 0.1
"""What is only there to be quick is not waited for."""
LEFT_ALONE_SECONDS: Final = 1.0
NOTED_AFTER_SECONDS: Final = 0.02
"""How long what is noted waits for a question to go along with."""
AT_ONCE: Final = 200
"""How many questions go together."""

log = structlog.get_logger(__name__)

type Values = list[str | None]


def connected(url: SecretStr, *, wait_seconds: float = WAIT_SECONDS) -> Redis:
    """Return a client that tries again where a connection was closed meanwhile, and else never.

    The library's own default is ten times, with waits between them.
    """
    return Redis.from_url(
        url.get_secret_value(),
        socket_timeout=wait_seconds,
        socket_connect_timeout=wait_seconds,
        retry=Retry(NoBackoff(), 1, supported_errors=(exceptions.ConnectionError,)),
    )


class Note(NamedTuple):
    """What is to be noted, and for how many seconds."""

    name: str
    value: str
    seconds: int


class _Question(NamedTuple):
    names: tuple[str, ...]
    answer: asyncio.Future[Values | None]


class Notes:
    """Reads and writes notes. Any of them may be lost at any time."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._questions: list[_Question] = []
        self._notes: list[Note] = []
        self._working: asyncio.Task[None] | None = None
        self._later: asyncio.TimerHandle | None = None
        self._left_alone_until = 0.0

    async def read(self, *names: str) -> Values | None:
        """Return what is noted under each name; None where nobody can tell now."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._left_alone_until:
            return None
        question = _Question(names, loop.create_future())
        self._questions.append(question)
        self._work()
        return await question.answer

    def write(self, *notes: Note) -> None:
        """Note something without waiting for it: what is asked here from now on comes after it."""
        self._notes += notes
        if self._later is None and self._working is None:
            self._later = asyncio.get_running_loop().call_later(NOTED_AFTER_SECONDS, self._work)

    def _work(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._working is None:
            self._working = asyncio.create_task(self._until_done())

    async def _until_done(self) -> None:
        try:
            while self._questions or self._notes:
                asked, self._questions = self._questions[:AT_ONCE], self._questions[AT_ONCE:]
                notes, self._notes = self._notes, []
                await self._settle(asked, notes)
        finally:
            self._working = None

    async def _settle(self, asked: Sequence[_Question], notes: Sequence[Note]) -> None:
        """Ask and note all in one exchange; answer everybody, whatever happens."""
        found: Values | None = None
        try:
            if asyncio.get_running_loop().time() >= self._left_alone_until:
                found = await self._exchange([each for one in asked for each in one.names], notes)
        except RedisError as error:
            log.info("prereject_unavailable", error=repr(error))
            self._left_alone_until = asyncio.get_running_loop().time() + LEFT_ALONE_SECONDS
        finally:
            at = 0
            for each in asked:
                here, at = at, at + len(each.names)
                if not each.answer.done():
                    each.answer.set_result(None if found is None else found[here:at])

    async def _exchange(self, names: Sequence[str], notes: Sequence[Note]) -> Values:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for note in notes:
                pipeline.set(note.name, note.value, ex=note.seconds)
            if names:
                pipeline.mget(names)
            answers = await pipeline.execute(raise_on_error=False)
        found = answers[-1] if names else []
        if isinstance(found, RedisError):
            raise found
        if failed := [each for each in answers if isinstance(each, RedisError)]:
            # It is full, or may not be written to: what it holds may still be read.
            log.info("prereject_not_noted", error=repr(failed[0]), notes=len(failed))
        return [_text(each) for each in found]


def _text(value: bytes | str | None) -> str | None:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
