"""Verifying audit bundles and proofs in files of this machine."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from venture_core.events.bundle import BundleError, open_bundle
from venture_core.events.checkpoint import Checkpoint, CheckpointError
from venture_core.events.consistency import (
    CONSISTENCY_SUFFIX,
    MAX_CONSISTENCY_BYTES,
    ConsistencyFormatError,
    ConsistencyProof,
)
from venture_core.events.form import EventFormError
from venture_core.events.merkle import ProofError
from venture_core.events.notes import MAX_NOTE_BYTES, NoteFormatError, NoteSignatureError
from venture_core.events.prove import MAX_PROOF_BYTES, PROOF_SUFFIX, EventProof, ProofFormatError
from venture_core.events.verify import Report, verify_series

from venture_cli.errors import CliError, ExitCode
from venture_cli.services.files import read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from venture_core.events.policy import Policy, Signed

    from venture_cli.services.trust import Trust

CLOCK_DOUBT: Final = timedelta(minutes=5)
"""How far another clock may be ahead of this one."""

_REFUSALS = (
    UnicodeDecodeError,
    ProofFormatError,
    ConsistencyFormatError,
    ProofError,
    NoteFormatError,
    NoteSignatureError,
    CheckpointError,
    EventFormError,
)


def is_proof(path: Path) -> bool:
    """Say whether a file is, by its name, the proof of one event."""
    return path.suffix == PROOF_SUFFIX


def is_consistency(path: Path) -> bool:
    """Say whether a file is, by its name, the proof that a log only grew."""
    return path.suffix == CONSISTENCY_SUFFIX


def verify_bundle_files(
    paths: Sequence[Path],
    trust: Trust,
    checkpoint: Path | None,
    progress: Callable[[int, int], None],
    *,
    strict: bool = True,
) -> Report:
    """Verify the bundles at `paths` as one log, in whatever order they are given.

    Raises CliError: usage where a file cannot be read or a key is none, verification failed where
    the checkpoint kept from before is not signed.
    """
    try:
        bundles = sorted(
            map(open_bundle, paths), key=lambda each: (each.manifest.first, each.manifest.size)
        )
        policy = trust.read(bundles[0].manifest.origin, paths)
        known = None if checkpoint is None else read_checkpoint(checkpoint, policy)
        return verify_series(bundles, policy, known=known, strict=strict, progress=progress)
    except BundleError as error:
        return Report.unreadable(error)
    except ValueError as error:
        raise CliError(str(error), ExitCode.USAGE) from error
    except OSError as error:
        named = ", ".join(map(str, paths))
        raise CliError(f"cannot read {named}: {error.strerror}", ExitCode.USAGE) from error


def verify_proof_file(path: Path, trust: Trust) -> tuple[EventProof, Checkpoint]:
    """Return the proof and the checkpoint of the tree it proves its event to be in.

    Raises CliError: usage where a file cannot be read or a key is none, else verification failed.
    """
    data = read_file(path, MAX_PROOF_BYTES + 1)
    try:
        proof = EventProof.parse(data.decode())
        policy = trust.read(_origin_of(proof.note))
        signed = policy.open(proof.note)
        policy.check_quorum(signed.note)
        return proof, proof.verify(signed.signers, origin=policy.origin)
    except _REFUSALS as error:
        raise _refused(error) from error


def verify_consistency_file(
    path: Path, checkpoint: Path, trust: Trust
) -> tuple[Checkpoint, Signed]:
    """Return the checkpoint kept from before, and the newer one whose log begins with its log.

    Raises CliError: usage where a file cannot be read or a key is none, else verification failed.
    """
    data = read_file(path, MAX_CONSISTENCY_BYTES + 1)
    try:
        proof = ConsistencyProof.parse(data.decode())
        policy = trust.read(_origin_of(proof.note))
        old = read_checkpoint(checkpoint, policy)
        return old, proof.verify(old, policy)
    except _REFUSALS as error:
        raise _refused(error) from error


def read_checkpoint(path: Path, policy: Policy) -> Checkpoint:
    """Return the checkpoint that was kept; CliError where nobody signed it."""
    try:
        return policy.open(read_file(path, MAX_NOTE_BYTES + 1)).checkpoint
    except (NoteFormatError, NoteSignatureError, CheckpointError) as error:
        raise CliError(
            f"{path} is no checkpoint of this log: {error}", ExitCode.VERIFICATION_FAILED
        ) from error


def check_age(signed_at: datetime | None, longest: timedelta) -> None:
    """Refuse what was signed too long ago, or is dated ahead; CliError (verification failed)."""
    if signed_at is None:
        raise CliError(
            "the last checkpoint does not say when it was signed, so nobody knows how old it is",
            ExitCode.VERIFICATION_FAILED,
        )
    age = datetime.now(UTC) - signed_at
    said = f"the last checkpoint was signed at {signed_at:%Y-%m-%d %H:%M:%S} UTC"
    if age < -CLOCK_DOUBT:
        raise CliError(
            f"{said}, as it says, which is yet to come: how old it is nobody knows",
            ExitCode.VERIFICATION_FAILED,
            next_step="Look at the clock of this machine, then at the log's: one is wrong.",
        )
    if age > longest:
        raise CliError(
            f"too old: {said}",
            ExitCode.VERIFICATION_FAILED,
            next_step="Get a newer bundle; is there none, the log stands still or is withheld.",
        )


def _origin_of(note: bytes) -> str:
    """Return whose checkpoint a note says it is."""
    return note.decode(errors="replace").partition("\n")[0]


def _refused(error: Exception) -> CliError:
    return CliError(
        f"verification failed: {error}",
        ExitCode.VERIFICATION_FAILED,
        next_step="Do not believe this proof.",
    )
