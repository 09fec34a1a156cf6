"""Verifying audit bundles and proofs in files of this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from venture_core.events.bundle import Bundle, BundleError, open_bundle
from venture_core.events.checkpoint import Checkpoint, CheckpointError, open_checkpoint
from venture_core.events.form import EventFormError
from venture_core.events.keys import read_keys
from venture_core.events.merkle import ProofError
from venture_core.events.notes import MAX_NOTE_BYTES, NoteFormatError, NoteSignatureError
from venture_core.events.prove import MAX_PROOF_BYTES, PROOF_SUFFIX, EventProof, ProofFormatError
from venture_core.events.verify import verify_bundle

from venture_cli.errors import CliError, ExitCode
from venture_cli.services.files import read_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from venture_core.events.notes import NoteVerifier
    from venture_core.events.verify import Report

MAX_KEY_BYTES: Final = 64 * 1024


def is_proof(path: Path) -> bool:
    """Say whether a file is, by its name, the proof of one event."""
    return path.suffix == PROOF_SUFFIX


def verify_bundle_file(
    path: Path, keys: list[str], checkpoint: Path | None, progress: Callable[[int, int], None]
) -> Report:
    """Verify the bundle at `path`.

    Raises CliError: usage where a file cannot be read or a key is none, verification failed where
    the files are no bundle at all, or the checkpoint kept from before is not signed.
    """
    bundle = _open(path)
    trusted = _trusted(keys, bundle.manifest.origin)
    known = None if checkpoint is None else _known(checkpoint, trusted, bundle.manifest.origin)
    try:
        return verify_bundle(bundle, trusted, known=known, progress=progress)
    except ValueError as error:
        raise CliError(str(error), ExitCode.USAGE) from error
    except OSError as error:
        raise CliError(f"cannot read {path}: {error.strerror}", ExitCode.USAGE) from error


def verify_proof_file(path: Path, keys: list[str]) -> tuple[EventProof, Checkpoint]:
    """Return the proof and the checkpoint of the tree it proves its event to be in.

    Raises CliError: usage where a file cannot be read or a key is none, else verification failed.
    """
    data = read_file(path, MAX_PROOF_BYTES + 1)
    try:
        proof = EventProof.parse(data.decode())
        # Whoever trusts a key in PEM trusts it in the name of the log that the proof is about.
        origin = proof.note.decode().partition("\n")[0]
        return proof, proof.verify(_trusted(keys, origin))
    except (
        UnicodeDecodeError,
        ProofFormatError,
        ProofError,
        NoteFormatError,
        NoteSignatureError,
        CheckpointError,
        EventFormError,
    ) as error:
        raise CliError(
            f"verification failed: {error}",
            ExitCode.VERIFICATION_FAILED,
            next_step="Do not believe this proof.",
        ) from error


def _open(path: Path) -> Bundle:
    try:
        return open_bundle(path)
    except BundleError as error:
        raise CliError(f"verification failed: {error}", ExitCode.VERIFICATION_FAILED) from error
    except OSError as error:
        raise CliError(f"cannot read {path}: {error.strerror}", ExitCode.USAGE) from error


def _trusted(keys: list[str], origin: str) -> list[NoteVerifier]:
    trusted: list[NoteVerifier] = []
    for key in keys:
        path = Path(key)
        text = read_file(path, MAX_KEY_BYTES).decode(errors="replace") if path.is_file() else key
        try:
            trusted += read_keys(text, name=origin)
        except NoteFormatError as error:
            message = f"--key {key}: {error}, and there is no such file"
            if path.is_file():
                message = f"--key {key}: {error}"
            raise CliError(message, ExitCode.USAGE) from error
    return trusted


def _known(path: Path, trusted: list[NoteVerifier], origin: str) -> Checkpoint:
    try:
        return open_checkpoint(read_file(path, MAX_NOTE_BYTES + 1), trusted, origin=origin)
    except (NoteFormatError, NoteSignatureError, CheckpointError) as error:
        raise CliError(
            f"{path} is no checkpoint of this log: {error}", ExitCode.VERIFICATION_FAILED
        ) from error
