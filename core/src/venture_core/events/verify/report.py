"""What a verification says: that all is as it was signed, or what is wrong first, and where."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from venture_core.events.bundle.layout import (
    ConvertedBundleError,
    MissingDataError,
    SurplusDataError,
)

if TYPE_CHECKING:
    from datetime import datetime

    from venture_core.events.bundle import BundleError


class Kind(StrEnum):
    """The ways in which a log or a bundle can be wrong."""

    CONTENT_CHANGED = "content-changed"
    """An entry's bytes are not those that were logged."""

    COLUMNS_CHANGED = "columns-changed"
    """An entry's bytes are as logged, but not the number or a hash stored beside them."""

    MISSING = "missing"
    """An entry that was logged is not there."""

    SWAPPED = "swapped"
    """Two entries stand in each other's place."""

    MISPLACED = "misplaced"
    """The entry that was logged here stands elsewhere, and not by a plain exchange."""

    INSERTED = "inserted"
    """There is an entry that was not logged here."""

    REWRITTEN = "rewritten"
    """A chain was rewritten from some entry on: all fits together, but not with what was signed."""

    CHAIN_BROKEN = "chain-broken"
    """An entry was logged and signed that does not continue its workflow's chain."""

    MALFORMED = "malformed"
    """An entry was logged and signed that is no event, or not in the one form of an event."""

    DUPLICATE = "duplicate"
    """Two events were logged and signed that have one id."""

    FORGED_CHECKPOINT = "forged-checkpoint"
    """A checkpoint that no trusted key signed, or another log's."""

    UNKNOWN_KEY = "unknown-key"
    """A checkpoint signed by a key that the bundle claims for the log and nobody trusts: the log's
    key was replaced, or it is another's log."""

    RETIRED_KEY = "retired-key"
    """A checkpoint signed by a trusted key that was not good for a log of its size."""

    NO_QUORUM = "no-quorum"
    """Too few of the witnesses that the policy asks for cosigned the last checkpoint."""

    OTHER_LOG = "other-log"
    """A bundle or a proof of another log than the one that is trusted."""

    CONTRADICTION = "contradiction"
    """The log signed two histories: one checkpoint does not fit the others."""

    TIME_REVERSED = "time-reversed"
    """A checkpoint says that it was signed before a smaller one."""

    UNPROVEN = "unproven"
    """There are entries, or none at all, that no signed checkpoint covers."""

    TRUNCATED = "truncated"
    """The bundle ends too early."""

    SURPLUS = "surplus"
    """The bundle holds what nothing vouches for: lines, files, checkpoints, bytes behind an end."""

    CONVERTED = "converted"
    """The files were compressed, repacked or their line ends changed on the way: that says nothing
    about the log."""

    DAMAGED = "damaged"
    """A file of the bundle is not what the bundle says it is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong first, as precisely as it can be known. What is not known is None."""

    kind: Kind
    message: str
    """What is wrong, in a sentence that stands without the other fields."""

    log_index: int | None = None
    """The place in the log, counted from 0."""

    last_log_index: int | None = None
    """Where only a stretch is known: the last place it can be, `log_index` being the first."""

    other_log_index: int | None = None
    """The other entry, where two are involved."""

    workflow_id: str | None = None
    seq: int | None = None
    event_id: str | None = None

    checkpoint_size: int | None = None
    """The checkpoint that is wrong, or by which it was noticed, named by its size."""

    @classmethod
    def of(cls, error: BundleError) -> Finding:
        """Return what is wrong with files that are no whole bundle."""
        match error:
            case SurplusDataError():
                return surplus(str(error))
            case MissingDataError():
                return cls(Kind.TRUNCATED, f"the bundle is cut off: {error}")
            case ConvertedBundleError():
                return cls(Kind.CONVERTED, str(error))
            case _:
                return cls(Kind.DAMAGED, f"the bundle is damaged: {error}")


def surplus(
    message: str, *, log_index: int | None = None, checkpoint_size: int | None = None
) -> Finding:
    """Return the finding that something is there which nothing vouches for."""
    return Finding(
        Kind.SURPLUS,
        f"the bundle holds what nothing vouches for: {message}",
        log_index=log_index,
        checkpoint_size=checkpoint_size,
    )


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a verification."""

    origin: str
    """The log's name; empty where it cannot be read."""

    first: int
    """The log index of the first entry."""

    size: int
    """How many entries the log has at the end of the last bundle."""

    bundles: int
    """How many bundles were looked at."""

    strict: bool
    """Whether each line was looked at as an event, in its one form and with an id of its own."""

    entries: int
    """How many entries were verified before the end or the first fault."""

    workflows: int
    """How many workflows they belong to."""

    checkpoints: int
    """How many signed checkpoints they were compared with."""

    signers: tuple[str, ...]
    """The trusted keys that signed those, as verifier keys."""

    root: bytes | None
    """The signed Merkle root at the end; None where there is a fault."""

    timed_from: int | None
    """The size of the first checkpoint that says when it was signed; None where none does."""

    signed_at: datetime | None
    """When the last checkpoint says it was signed."""

    note: bytes | None
    """The last checkpoint, signed: what the next audit starts from; None where there is a fault."""

    finding: Finding | None
    """What is wrong first; None where all is as it was signed."""

    @classmethod
    def unreadable(cls, error: BundleError) -> Report:
        """Return the outcome for files of which nothing can be read."""
        return cls(
            origin="",
            first=0,
            size=0,
            bundles=1,
            strict=True,
            entries=0,
            workflows=0,
            checkpoints=0,
            signers=(),
            root=None,
            timed_from=None,
            signed_at=None,
            note=None,
            finding=Finding.of(error),
        )

    @property
    def ok(self) -> bool:
        """Whether nothing was changed, removed or inserted."""
        return self.finding is None
