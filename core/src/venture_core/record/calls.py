"""Calls of the record's functions, one at a time, over a connection that is opened when needed."""

import asyncio
from typing import TYPE_CHECKING, Final

import asyncpg

from venture_core.record.database import connect

if TYPE_CHECKING:
    from pydantic import SecretStr

ANSWER_SECONDS: Final = 2.0


class NoAnswerError(Exception):
    """The database does not answer, or refuses; the message says what kind of error it was."""


class Calls:
    """The functions that a service calls with its own login."""

    def __init__(self, url: SecretStr, *, role: str, name: str) -> None:
        """Connect as `role`, which the login has; `name` shows in the list of sessions."""
        self._url = url
        self._role = role
        self._name = name
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()

    async def ask(self, statement: str, *arguments: object) -> bytes | None:
        """Return the one value of a statement. Raises NoAnswerError."""
        async with self._turn:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    if self._connection is None or self._connection.is_closed():
                        self._connection = await connect(self._url, self._role, name=self._name)
                    found: bytes | None = await self._connection.fetchval(statement, *arguments)
                    return found
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                if self._connection is not None:
                    self._connection.terminate()
                    self._connection = None
                raise NoAnswerError(type(error).__name__) from error

    async def close(self) -> None:
        """Drop the connection."""
        async with self._turn:
            if self._connection is not None:
                await self._connection.close(timeout=ANSWER_SECONDS)
                self._connection = None
