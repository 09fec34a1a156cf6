"""The signed checkpoints of a bundle: whose they are, in which order, and what they say of time."""

from typing import TYPE_CHECKING, Final

from venture_core.events.bundle import UnreadableBundleError
from venture_core.events.checkpoint import MAX_SIZE, CheckpointError
from venture_core.events.notes import (
    NoteFormatError,
    NoteSignatureError,
    UnknownSignerError,
    open_note,
)
from venture_core.events.policy import QuorumError, RetiredKeyError
from venture_core.events.verify.report import Finding, Kind, surplus

if TYPE_CHECKING:
    from datetime import datetime

    from venture_core.events.bundle import Bundle
    from venture_core.events.checkpoint import Checkpoint
    from venture_core.events.policy import Policy, Signed

_SIZE_DIGITS: Final = len(str(MAX_SIZE))


class Signatures:
    """Verifies the checkpoints of one bundle, in order of size."""

    def __init__(
        self,
        bundle: Bundle,
        policy: Policy,
        earliest: datetime | None = None,
        known: Checkpoint | None = None,
    ) -> None:
        """Verify by a policy; no checkpoint is from before `earliest`.

        Nor is one that is at least as large as `known` from before that.
        """
        self._known = known
        self._bundle = bundle
        self._policy = policy
        self._last: Signed | None = None
        self.checkpoints: list[Checkpoint] = []
        self.signers: dict[str, None] = {}
        """The trusted keys that signed, as verifier keys."""
        self.signed_at = earliest
        """The time that the last checkpoint with one says."""
        self.timed_from: int | None = None
        """The size of the first checkpoint that says a time."""
        self.note: bytes | None = None
        """The last checkpoint, signed."""

    def check(self) -> Finding | None:
        """Verify all signatures, and that the checkpoints are of this log and in order."""
        for note in self._bundle.checkpoints():
            try:
                signed = self._policy.open(note)
            except (NoteFormatError, NoteSignatureError, CheckpointError) as error:
                return self._refused(note, error)
            if finding := self._out_of_order(signed.checkpoint):
                return finding
            self._take(signed, note)
        return None

    def check_quorum(self) -> Finding | None:
        """Verify that enough witnesses cosigned the last checkpoint, which vouches for the rest."""
        if self._last is None:
            return None
        try:
            self._policy.check_quorum(self._last.note)
        except QuorumError as error:
            size = self._last.checkpoint.size
            return _about(Kind.NO_QUORUM, size, f"is not believed: {error}")
        return None

    def _take(self, signed: Signed, note: bytes) -> None:
        checkpoint = signed.checkpoint
        self.checkpoints.append(checkpoint)
        self.signers |= dict.fromkeys(each.text for each in signed.signers)
        if checkpoint.signed_at is not None:
            self.signed_at = checkpoint.signed_at
            self.timed_from = checkpoint.size if self.timed_from is None else self.timed_from
        self._last, self.note = signed, note

    def _out_of_order(self, checkpoint: Checkpoint) -> Finding | None:
        size = checkpoint.size
        if self.checkpoints and size <= self.checkpoints[-1].size:
            return _about(Kind.DAMAGED, size, "is not in order of size")
        if size < self._bundle.manifest.first:
            return surplus(
                f"the checkpoint of {size} entries is older than the bundle's first entry: nothing "
                "here is compared with it",
                checkpoint_size=size,
            )
        time, before = checkpoint.signed_at, self._earliest(size)
        if time is not None and before is not None and time < before:
            doubt = f"says that it was signed at {time}, after one of {before}"
            return _about(Kind.TIME_REVERSED, size, doubt)
        return None

    def _earliest(self, size: int) -> datetime | None:
        """Return the latest time that was told for a log of at most that size."""
        known = self._known.signed_at if self._known and self._known.size <= size else None
        told = [each for each in (self.signed_at, known) if each is not None]
        return max(told, default=None)

    def _refused(self, note: bytes, error: Exception) -> Finding:
        """Name the checkpoint by what it says of itself, trusted or not."""
        size = _size_of(note)
        if isinstance(error, RetiredKeyError):
            return _about(Kind.RETIRED_KEY, size, f"is signed by a key out of its time: {error}")
        if isinstance(error, UnknownSignerError) and (claimed := self._claimed_signer(note)):
            return _about(
                Kind.UNKNOWN_KEY,
                size,
                f"is signed by {claimed}, which the bundle claims as a key of the log and you did "
                "not name: the log's key was replaced, or somebody signed a log of his own",
            )
        return _about(Kind.FORGED_CHECKPOINT, size, f"is forged: {error}")

    def _claimed_signer(self, note: bytes) -> str | None:
        """Return the key that signed a note, among those that the bundle claims for the log."""
        try:
            opened = open_note(note, self._bundle.claimed_keys())
        except UnreadableBundleError, NoteFormatError, NoteSignatureError:
            return None
        return opened.signers[0].text


def _about(kind: Kind, size: int | None, message: str) -> Finding:
    name = "a checkpoint" if size is None else f"the checkpoint of {size} entries"
    return Finding(kind, f"{name} {message}", checkpoint_size=size)


def _size_of(note: bytes) -> int | None:
    lines = note.split(b"\n")
    said = len(lines) > 1 and lines[1].isdigit() and len(lines[1]) <= _SIZE_DIGITS
    return int(lines[1]) if said else None
