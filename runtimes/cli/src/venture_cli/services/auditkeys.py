"""The log's keys and its growth, as the record has them."""

from typing import TYPE_CHECKING

from venture_core.events.checkpoint import Checkpoint, CheckpointError
from venture_core.events.consistency import ConsistencyProof
from venture_core.events.keys import is_pem
from venture_core.events.merkle import ProofError
from venture_core.events.notes import MAX_NOTE_BYTES
from venture_core.events.policy import LogKey
from venture_core.record.keyhistory import key_history
from venture_core.record.lognodes import MissingNodeError
from venture_core.record.proofs import prove_consistency
from venture_core.record.reading import newest_checkpoint

from venture_cli.errors import CliError, ExitCode
from venture_cli.services.events import open_record
from venture_cli.services.files import read_file
from venture_cli.services.trust import MAX_KEY_BYTES, read_log_keys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from venture_cli.services.session import Session


async def keys_of(session: Session, keys: Sequence[str], origin: str | None) -> list[LogKey]:
    """Return the given keys, or without any those that the record claims, with their sizes.

    CliError where a key is none, where a PEM has no name, or where the record has no key.
    """
    if keys:
        if origin is None and any(is_pem(_text(key)) for key in keys):
            raise CliError("--origin: which log signs with a key in PEM?", ExitCode.USAGE)
        return [LogKey(each) for each in read_log_keys(keys, origin or "")]
    connection = await open_record(session)
    try:
        found = await key_history(connection)
    finally:
        connection.terminate()
    if not found:
        raise CliError(
            "the record knows no key of the log yet",
            ExitCode.NOT_FOUND,
            next_step="The sequencer enters its key when it starts: is it running?",
        )
    return found


async def prove_growth(session: Session, checkpoint: Path) -> ConsistencyProof:
    """Return the proof that the log of its newest checkpoint begins with that of a kept one.

    CliError where the file is no checkpoint, or the record cannot prove it.
    """
    old = _checkpoint(checkpoint)
    connection = await open_record(session)
    try:
        note = await newest_checkpoint(connection)
        if note is None:
            raise CliError("the log has no checkpoint yet", ExitCode.NOT_FOUND)
        new = Checkpoint.parse(_signed_text(note))
        hashes = await prove_consistency(connection, old.size, new.size)
        return ConsistencyProof(old.size, tuple(hashes), note.encode())
    except (ProofError, CheckpointError, MissingNodeError) as error:
        raise CliError(
            f"the record cannot prove that its log grew from {old.size} entries: {error}",
            ExitCode.VERIFICATION_FAILED,
            next_step="Keep the checkpoint: with an export it shows what became of the log.",
        ) from error
    finally:
        connection.terminate()


def _checkpoint(path: Path) -> Checkpoint:
    try:
        return Checkpoint.parse(_signed_text(read_file(path, MAX_NOTE_BYTES + 1).decode()))
    except (UnicodeDecodeError, CheckpointError) as error:
        raise CliError(f"{path} is no checkpoint: {error}", ExitCode.USAGE) from error


def _signed_text(note: str) -> str:
    return note.split("\n\n", maxsplit=1)[0] + "\n"


def _text(key: str) -> str:
    from pathlib import Path

    path = Path(key)
    return read_file(path, MAX_KEY_BYTES).decode(errors="replace") if path.is_file() else key
