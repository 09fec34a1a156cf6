"""Checkpoints (C2SP tlog-checkpoint): what a log signs about itself, its size and Merkle root.

A checkpoint of the second version says when it was signed, in an extension line after the root. One
of the first has no such line and says nothing of time. Other lines are ignored, so whoever reads
only the first version reads the second too.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from venture_core.events.chain import HASH_BYTES
from venture_core.events.notes import open_note, sign_note

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from venture_core.events.notes import Note, NoteSigner, NoteVerifier

MAX_SIZE: Final = 2**63 - 1
"""The most leaves a log can have: what a signed 64-bit column holds."""

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_LINES_MIN: Final = 3
_TIME: Final = "venture.signed-at/v1 "
_TIME_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


class CheckpointError(ValueError):
    """The text of a note is no checkpoint, or is another log's."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log was at one moment."""

    origin: str
    """Which log: a name like `venture.example.com/record`, the same for its whole life."""

    size: int
    """How many leaves it had."""

    root: bytes
    """The root of the Merkle tree over them."""

    signed_at: datetime | None = None
    """When it was signed, in UTC and whole milliseconds, by the log's own clock; None where the
    checkpoint is of the first version."""

    def text(self) -> str:
        """Return the text that is signed."""
        time = "" if self.signed_at is None else f"{_TIME}{_written(self.signed_at)}\n"
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n{time}"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the text of a checkpoint; other lines after the third are another's business.

        Raises CheckpointError where it is none, or where its time is none or comes twice.
        """
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < _LINES_MIN or not text.endswith("\n") or not all(lines):
            raise CheckpointError("a checkpoint has an origin, a size and a root, a line each")
        origin, size, encoded = lines[:_LINES_MIN]
        if not _SIZE.fullmatch(size) or int(size) > MAX_SIZE:
            raise CheckpointError(f"the size of a log is no {size!r}")
        try:
            root = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise CheckpointError("the root is not base64") from error
        if len(root) != HASH_BYTES or base64.b64encode(root).decode() != encoded:
            raise CheckpointError(f"the root is not {HASH_BYTES} bytes in base64")
        return cls(origin, int(size), root, _time_of(lines[_LINES_MIN:]))


def to_milliseconds(moment: datetime) -> datetime:
    """Return the moment in UTC as a checkpoint says it, cut to whole milliseconds."""
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _time_of(extensions: Sequence[str]) -> datetime | None:
    """Return the time that is among the extension lines, if any."""
    times = [line.removeprefix(_TIME) for line in extensions if line.startswith(_TIME)]
    if not times:
        return None
    if len(times) > 1 or not _TIME_FORM.fullmatch(times[0]):
        raise CheckpointError("the time of a checkpoint is written in one way, and once")
    try:
        return datetime.fromisoformat(times[0])
    except ValueError as error:
        raise CheckpointError(f"there is no time {times[0]!r}") from error


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[NoteSigner]) -> bytes:
    """Return the signed note of the checkpoint.

    More than one signer means that a key is being replaced: either verifies it.
    Raises CheckpointError or NoteFormatError where the origin cannot be written.
    """
    text = checkpoint.text()
    if Checkpoint.parse(text) != checkpoint:
        raise CheckpointError(f"no log has the origin {checkpoint.origin!r}")
    return sign_note(text, signers)


def open_checkpoint(
    note: bytes, trusted: Collection[NoteVerifier], *, origin: str | None = None
) -> Checkpoint:
    """Return the checkpoint if a trusted key signed it and, where given, it is that log's.

    Raises NoteFormatError, NoteSignatureError or CheckpointError.
    """
    return checkpoint_of(open_note(note, trusted), origin=origin)


def checkpoint_of(note: Note, *, origin: str | None = None) -> Checkpoint:
    """Read a verified note as a checkpoint of that log; CheckpointError where it is none."""
    checkpoint = Checkpoint.parse(note.text)
    if origin is not None and checkpoint.origin != origin:
        raise CheckpointError(f"it is a checkpoint of {checkpoint.origin}, not of {origin}")
    return checkpoint
