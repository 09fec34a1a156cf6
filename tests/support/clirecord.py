"""A record that the command line is tried on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recordlog import SIGNER
from venturecommand import Venture

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    import asyncpg

KEY = SIGNER.verifier.text
SIZE = 30
WORKFLOWS = 3


@dataclass(frozen=True)
class Record:
    """A record of SIZE events in turn of WORKFLOWS workflows, all signed for."""

    workflows: list[UUID]
    events: list[UUID]

    def place(self, log_index: int) -> tuple[UUID, int]:
        """Return the workflow of the event there, and its number within it."""
        return self.workflows[log_index % WORKFLOWS], log_index // WORKFLOWS + 1


def offline(folder: Path) -> Venture:
    """Return the command line where there is neither a cluster nor a database."""
    return Venture(folder, folder / "no-kubeconfig")


async def as_superuser(superuser: asyncpg.Connection, statement: str, *values: object) -> None:
    """Change what is kept for ever: with the triggers off, and checked that it changed."""
    await superuser.execute("SET session_replication_role = replica")
    status = await superuser.execute(statement, *values)
    await superuser.execute("SET session_replication_role = origin")
    assert not status.endswith(" 0"), "nothing was tampered with"


async def one_byte(superuser: asyncpg.Connection, record: Record) -> None:
    """Change one byte of the payload at log index 10."""
    await as_superuser(
        superuser,
        "UPDATE record.events SET canonical = overlay(canonical PLACING '\\x72'::bytea "
        "FROM position('board-deck'::bytea IN canonical) + 2 FOR 1) WHERE event_id = $1",
        record.events[10],
    )
