"""Builds of which the record tells no end: for the operator, which looks whether they are there."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg

PAGE: Final = 1000
_NEXT: Final = "SELECT * FROM record.venture_living_builds($1, $2)"


@dataclass(frozen=True, slots=True)
class LivingBuild:
    """A build by its last event."""

    uid: UUID
    workflow_id: UUID
    namespace: str
    name: str
    generation: int


async def living_builds(connection: asyncpg.Connection) -> AsyncIterator[LivingBuild]:
    """Yield them all, page by page, in the order of their uids."""
    after = UUID(int=0)
    while rows := await connection.fetch(_NEXT, after, PAGE):
        for row in rows:
            yield LivingBuild(**row)
        after = rows[-1]["uid"]
