"""Taking the log, or the proof of one event, out of the database."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from venture_core.events.bundle import pack
from venture_core.events.checkpoint import Checkpoint, CheckpointError
from venture_core.events.merkle import ProofError, leaf_hash, verify_inclusion
from venture_core.record.crosscheck import crosscheck
from venture_core.record.export import NothingToExportError, export_bundle
from venture_core.record.lognodes import MissingNodeError
from venture_core.record.proofs import CannotProveError, prove_event
from venture_core.record.reading import (
    covering_checkpoint,
    log_size,
    stretch_of_workflow,
    unlogged_events,
)
from venture_core.record.retention import archived_end, list_archives

from venture_cli.errors import CliError, ExitCode
from venture_cli.services.events import open_record

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    import asyncpg
    from venture_core.events.bundle import Manifest
    from venture_core.events.prove import EventProof
    from venture_core.record.retention import Archive

    from venture_cli.services.session import Session

ARCHIVE_SUFFIX: Final = ".tar"


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote, and what it could not."""

    manifest: Manifest
    log_size: int
    """How many events the log has; those beyond the bundle are not signed for yet."""
    archives: tuple[Archive, ...]
    """The bundles of the months that are not in the database any more."""
    faults: tuple[str, ...]
    """What somebody did beside the log, which no bundle has a place for, a sentence each."""


async def export(
    session: Session, out: Path, workflow_id: UUID | None, progress: Callable[[int, int], None]
) -> Exported:
    """Write the log as a new bundle: an archive where the name ends in .tar, else a folder.

    It begins after the months that are archived: those are bundles of their own.
    With a workflow, the stretch of the log from its first event to the first checkpoint after its
    last. Nobody ever sees half a bundle. CliError where it cannot be written or nothing is signed.
    """
    _check_free(out)
    connection = await open_record(session)
    try:
        first, size = await _stretch(connection, workflow_id)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as folder:
            made = Path(folder) / "bundle"
            manifest = await export_bundle(
                connection, made, first=first, size=size, progress=progress
            )
            _put(made, out)
        archives = tuple(await list_archives(connection))
        size_now = await log_size(connection)
        return Exported(manifest, size_now, archives, await _beside(connection))
    except NothingToExportError as error:
        raise _not_signed(str(error)) from error
    except MissingNodeError as error:
        raise _damaged(error) from error
    except OSError as error:
        if isinstance(error, (ConnectionError, TimeoutError)):
            raise
        raise CliError(f"cannot write {out}: {error.strerror}") from error
    finally:
        connection.terminate()


async def _beside(connection: asyncpg.Connection) -> tuple[str, ...]:
    """Look for what contradicts the log without being part of it."""
    unlogged = await unlogged_events(connection)
    compared = await crosscheck(connection)
    return (
        *(f"event {each} is in the database and never came into the log" for each in unlogged),
        *(fault.message for fault in compared.faults),
    )


async def prove(session: Session, event_id: UUID) -> EventProof:
    """Return the proof that an event is in the log.

    CliError where it is not there, not signed for yet, or the database contradicts its checkpoint.
    """
    connection = await open_record(session)
    try:
        proof = await prove_event(connection, event_id)
        _check(proof)
    except CannotProveError as error:
        raise CliError(str(error), ExitCode.NOT_FOUND) from error
    except (MissingNodeError, ProofError, CheckpointError) as error:
        raise _damaged(error) from error
    finally:
        connection.terminate()
    return proof


def _check_free(out: Path) -> None:
    if out.exists():
        raise CliError(f"{out} exists", ExitCode.USAGE, next_step="Name a new file or folder.")
    if not out.absolute().parent.is_dir():
        raise CliError(f"there is no folder {out.parent}", ExitCode.USAGE)


def _put(made: Path, out: Path) -> None:
    if out.suffix != ARCHIVE_SUFFIX:
        made.replace(out)
        return
    archive = made.with_suffix(ARCHIVE_SUFFIX)
    pack(made, archive)
    shutil.rmtree(made)
    archive.replace(out)


async def _stretch(
    connection: asyncpg.Connection, workflow_id: UUID | None
) -> tuple[int, int | None]:
    """Return the first log index to export and how large the log was at the end of it."""
    if workflow_id is None:
        return await archived_end(connection), None
    found = await stretch_of_workflow(connection, workflow_id)
    if found is None:
        raise CliError(f"the log has no event of the workflow {workflow_id}", ExitCode.NOT_FOUND)
    first, last = found
    note = await covering_checkpoint(connection, last)
    if note is None:
        raise _not_signed(f"no checkpoint covers the workflow {workflow_id} yet")
    try:
        return first, _checkpoint(note.encode()).size
    except CheckpointError as error:
        raise _damaged(error) from error


def _check(proof: EventProof) -> None:
    """See whether the proof proves what the checkpoint says; whose that is, a key will tell."""
    checkpoint = _checkpoint(proof.note)
    verify_inclusion(
        index=proof.log_index,
        size=checkpoint.size,
        leaf=leaf_hash(proof.event_hash),
        proof=proof.hashes,
        root=checkpoint.root,
    )


def _checkpoint(note: bytes) -> Checkpoint:
    return Checkpoint.parse(note.decode().split("\n\n")[0] + "\n")


def _not_signed(message: str) -> CliError:
    return CliError(
        message,
        ExitCode.NOT_FOUND,
        next_step="The sequencer signs what is new within a second: is it running?",
    )


def _damaged(error: Exception) -> CliError:
    return CliError(
        f"the log in the database is damaged: {error}",
        ExitCode.VERIFICATION_FAILED,
        next_step="Export the whole log, and verify it: the first bad entry is named.",
    )
