"""The format of audit bundles: names, records, lines and the manifest."""

import json
from dataclasses import dataclass
from struct import Struct
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from venture_core.canonical import canonical_json
from venture_core.events.chain import HASH_BYTES, SEQ_BYTES
from venture_core.events.models import MAX_NUMBER, ExternalModel, Id, Sha256Hex

MANIFEST: Final = "manifest.json"
EVENTS: Final = "events.ndjson"
INDEX: Final = "index.bin"
CHECKPOINTS: Final = "checkpoints.ndjson"
KEYS: Final = "keys.txt"
GAPS: Final = "gaps.ndjson"

SMALL_FILES: Final = (CHECKPOINTS, KEYS, GAPS)
"""Files whose digest the manifest holds; the others are verified entry by entry."""

MAX_MANIFEST_BYTES: Final = 64 * 1024
MAX_LINE_BYTES: Final = 1024 * 1024
"""The longest line a reader takes: far beyond the largest event."""

RECORD: Final = Struct(f">{HASH_BYTES + SEQ_BYTES}s{HASH_BYTES}s{HASH_BYTES}s")
"""An entry in `index.bin`: its link (predecessor's hash and number), its hash,
and the hash that the log holds at its place.

The link is what is hashed before the event's bytes, byte for byte.
"""

NO_HASH: Final = bytes(HASH_BYTES)
"""Stands where the database had no hash; also the predecessor of a first event."""


class BundleError(Exception):
    """The files are no bundle, or cannot be read as one."""


class UnreadableBundleError(BundleError):
    """A file of the bundle is missing, malformed, or not the one the manifest describes."""


class ConvertedBundleError(UnreadableBundleError):
    """The files were converted on the way, which says nothing about the log."""


class MissingDataError(BundleError):
    """The bundle ends before its manifest says: it was cut off."""


class SurplusDataError(BundleError):
    """The bundle holds what nothing vouches for: more files, lines or bytes than belong to it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the log as the database holds it, right or wrong."""

    canonical: bytes
    """The event's bytes."""

    seq: int
    """Its number within its workflow."""

    prev: bytes | None
    """The hash of the workflow's event before it."""

    hash: bytes
    """Its own hash."""

    logged: bytes
    """The hash that the log holds at its place: the input of the Merkle leaf there."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A place of the log whose event the database no longer has, and what it still knows of it."""

    logged: bytes = NO_HASH
    """The hash that the log holds at that place."""

    event_id: Id | None = None
    workflow_id: Id | None = None
    seq: int | None = None


class IndexRecord(NamedTuple):
    """One record of `index.bin`."""

    link: bytes
    hash: bytes
    logged: bytes


class GapLine(ExternalModel):
    """One line of `gaps.ndjson`."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    log_index: Annotated[int, Field(ge=0, le=MAX_NUMBER)]
    event_id: Id | None = None
    workflow_id: Id | None = None
    seq: int | None = None


class BundleFile(ExternalModel):
    """One file of a bundle: its length and, for a small file, its digest."""

    bytes: Annotated[int, Field(ge=0, le=MAX_NUMBER)]
    sha256: Sha256Hex | None = None


class Manifest(ExternalModel):
    """What a bundle holds. Each field is checked against what it describes."""

    format: Literal["venture-audit-bundle/v1"] = "venture-audit-bundle/v1"
    """The version of the format."""

    origin: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    """The name of the log, as its checkpoints have it."""

    first: Annotated[int, Field(ge=0, le=MAX_NUMBER)]
    """The log index of the first entry."""

    size: Annotated[int, Field(ge=0, le=MAX_NUMBER)]
    """How many entries the log had at the end of the bundle: one more than the last log index."""

    frontier: Annotated[tuple[Sha256Hex, ...], Field(strict=False, max_length=63)]
    """The edge of the Merkle tree of `first` entries, largest node first."""

    files: dict[
        Literal["events.ndjson", "index.bin", "checkpoints.ndjson", "keys.txt", "gaps.ndjson"],
        BundleFile,
    ]
    """Every file but the manifest."""

    @property
    def entries(self) -> int:
        """How many entries the bundle holds."""
        return self.size - self.first

    def encode(self) -> bytes:
        """Return the manifest as it is written."""
        return canonical_json(self.model_dump(mode="json", exclude_none=True)) + b"\n"


def note_line(note: bytes) -> bytes:
    """Return the line that holds a note, in the one way in which it is written."""
    return json.dumps(note.decode(errors="replace"), ensure_ascii=False).encode() + b"\n"


def parse_note_line(line: bytes) -> bytes | None:
    """Return the note that a line holds; None where it holds none, or in another spelling."""
    # Whatever does not start like a string might be nested deeper than a parser can go.
    if not line.startswith(b'"'):
        return None
    try:
        note: str = json.loads(line)
        data = note.encode()
    except ValueError:
        return None
    return data if note_line(data) == line else None
