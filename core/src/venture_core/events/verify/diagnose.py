"""What is wrong with the first entry that does not fit: told from what the signed tree vouches for.

The hash that the log holds at a place, where a signed root vouches for it, says what was logged
there, though not in words: a guess is right when it has that hash. So each kind of tampering is
told apart by the guess that undoes it.
"""

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from venture_core.events.form import malformation
from venture_core.events.verify.report import Finding, Kind
from venture_core.events.verify.rows import Heads, Row, hashed, link_after, rows, seq_of
from venture_core.events.verify.tree import vouching_checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from venture_core.events.bundle import Bundle
    from venture_core.events.checkpoint import Checkpoint

_WINDOW: Final = 65_536
"""How far ahead an entry's true place is looked for, in entries: it bounds the memory."""


@dataclass(slots=True)
class _Evidence:
    """What the entries from the bad one on say about it."""

    rightful: Row | None = None
    """The entry whose bytes were logged at the bad one's place."""

    missing: tuple[str | None, int] | None = None
    """Workflow and number of what was logged at the bad one's place, if an entry follows it."""

    twin: Row | None = None
    """Another entry of its workflow with the number that the bad one's bytes were logged with."""

    successor: Row | None = None
    """The next entry of the bad one's workflow."""

    moved_up: bool | None = None
    """Whether the first entry whose true place is found was logged further behind."""


class Diagnosis:
    """A closer look at one place of a bundle, everything before it being right."""

    def __init__(self, bundle: Bundle, checkpoints: Sequence[Checkpoint], log_index: int) -> None:
        self._bundle = bundle
        self._checkpoints = checkpoints
        self._heads = Heads(bundle, log_index)
        self._row = next(rows(bundle, log_index))
        self._link = self._heads.link_for(self._row)
        self._is_vouched_for = vouching_checkpoint(bundle, checkpoints, log_index) is not None

    def finding(self) -> Finding:
        """Say what is wrong with the entry."""
        row = self._row
        if row.is_gap:
            return self._missing(self._gather())
        if not self._is_vouched_for and (found := self._changed_log()):
            return found
        if hashed(row.link, row.line) == row.logged:
            return self._logged_like_this()
        return self._not_logged_like_this(self._gather())

    def _not_logged_like_this(self, evidence: _Evidence) -> Finding:
        """Undo one kind of tampering after the other, until the log's hash is met."""
        if hashed(self._link, self._row.line) == self._row.logged:
            return self._renumbered(evidence)
        if evidence.rightful is not None:
            return self._displaced_by(evidence.rightful, was_logged=bool(evidence.moved_up))
        if evidence.moved_up:
            return self._missing(evidence)
        return self._changed(evidence)

    def _gather(self) -> _Evidence:
        """Read from the bad entry on, until its rightful one is found or the bundle ends."""
        bad, evidence = self._row, _Evidence()
        places = {row.logged: row.log_index for row in islice(self._rows(), _WINDOW)}
        if not bad.is_gap and hashed(link_after(self._link, bad.logged), bad.line) in places:
            # The bad entry was logged behind what is missing here, and renumbered into its place.
            evidence.missing = bad.workflow_id, seq_of(self._link)
            evidence.moved_up = True
        for row in self._rows():
            if row.is_gap:
                continue
            if evidence.moved_up is None:
                evidence.moved_up = self._was_logged_behind(row, places)
            if evidence.missing is None and row.prev == bad.logged:
                evidence.missing = row.workflow_id, row.seq - 1
            if row.log_index == bad.log_index:
                continue
            if _link_at(bad, row, self._heads) is not None:
                evidence.rightful = row
                break
            if row.key == bad.key:
                evidence.successor = evidence.successor or row
                if evidence.twin is None and row.link == self._link:
                    evidence.twin = row
        return evidence

    def _was_logged_behind(self, row: Row, places: Mapping[bytes, int]) -> bool | None:
        """Say whether an entry was logged behind its place; None where it is not found."""
        place = places.get(hashed(self._heads.link_for(row), row.line))
        if place is None:
            place = places.get(hashed(row.link, row.line))
        return None if place is None else place > row.log_index

    def _rows(self) -> Iterator[Row]:
        return rows(self._bundle, self._row.log_index)

    def _changed_log(self) -> Finding | None:
        """Look for one changed hash in the log that alone keeps it from its signed root."""
        row = self._row
        if self._would_fit(row.log_index, hashed(self._link, row.line)):
            message = "the hash that the log holds for it is not the one that was signed"
            return self._finding(Kind.COLUMNS_CHANGED, message, row)
        before = self._heads.last_index(row)
        if before is not None and self._would_fit(before, row.prev):
            message = "its bytes are not those that were logged; its hash was recomputed, here and"
            changed = next(rows(self._bundle, before))
            return self._finding(Kind.CONTENT_CHANGED, f"{message} in the log", changed)
        return None

    def _would_fit(self, log_index: int, logged: bytes) -> bool:
        tried = {log_index: logged}
        return (
            vouching_checkpoint(self._bundle, self._checkpoints, log_index, instead=tried)
            is not None
        )

    def _logged_like_this(self) -> Finding:
        """Blame an entry that the tree has with its bytes, number and predecessor as stored."""
        row = self._row
        if not row.fits_itself:
            message = "the hash stored for it is not its hash"
            return self._finding(Kind.COLUMNS_CHANGED, message, row)
        problem = malformation(row.line)
        if problem is not None:
            message = f"it was logged like this, but its bytes are not those of an event: {problem}"
            return self._finding(Kind.MALFORMED, message, row)
        message = "it was logged like this, but does not continue its workflow's chain"
        return self._finding(Kind.CHAIN_BROKEN, message, row)

    def _renumbered(self, evidence: _Evidence) -> Finding:
        """Blame an entry whose bytes were logged here with another number or predecessor."""
        twin = evidence.twin
        if twin is not None:
            message = (
                "it was not logged; the workflow's entries from log index "
                f"{self._row.log_index} on were renumbered behind it"
            )
            return self._finding(Kind.INSERTED, message, twin)
        message = "its bytes were logged, but with another number, predecessor or hash"
        return self._finding(Kind.COLUMNS_CHANGED, message, self._row)

    def _displaced_by(self, rightful: Row, *, was_logged: bool) -> Finding:
        """Blame an entry in the place of one that stands further behind.

        `was_logged` says that the entry itself belongs behind its place, so it was not inserted.
        """
        row, other = self._row, rightful.log_index
        if self._undone_by_exchange(rightful):
            message = f"it stands in the place of the entry at log index {other}, and that in its"
            return replace(self._finding(Kind.SWAPPED, message, row), other_log_index=other)
        if not was_logged and self._undone_by_removal(rightful):
            message = f"it was not logged; what was logged here stands at log index {other}"
            last = other - 1 if other - 1 > row.log_index else None
            return replace(self._finding(Kind.INSERTED, message, row), last_log_index=last)
        message = f"it was not logged here; what was stands at log index {other}"
        return replace(self._finding(Kind.MISPLACED, message, row), other_log_index=other)

    def _undone_by_exchange(self, rightful: Row) -> bool:
        """Whether the two entries' bytes, exchanged, have the hash logged at the second place."""
        heads = self._heads.copy()
        _follow(heads, self._row, rightful)
        between = rightful.log_index - self._row.log_index - 1
        for row in islice(self._rows(), 1, 1 + between):
            _follow(heads, row, row)
        return _link_at(rightful, self._row, heads) is not None

    def _undone_by_removal(self, rightful: Row) -> bool:
        """Whether, without what stands before the rightful entry, the entry after it fits too.

        That is the next one of the log where all moved on, of the workflow where only that did.
        """
        heads = self._heads.copy()
        _follow(heads, self._row, rightful)
        after = next(rows(self._bundle, rightful.log_index + 1), None)
        if after is None:
            return True
        place = next(rows(self._bundle, self._row.log_index + 1))
        if _link_at(place, after, heads) is not None:
            return True
        behind = rows(self._bundle, rightful.log_index + 1)
        after = next((row for row in behind if row.key == rightful.key), None)
        return after is None or _link_at(rightful, after, heads) is not None

    def _missing(self, evidence: _Evidence) -> Finding:
        """Name, as far as it is known, the entry that was logged here and is nowhere now."""
        row = self._row
        gap = self._bundle.gap(row.log_index) if row.is_gap else None
        workflow_id = str(gap.workflow_id) if gap and gap.workflow_id else None
        seq = gap.seq if gap else None
        if evidence.missing is not None:
            # An entry follows the hash that was signed here, so this is proven.
            workflow_id, seq = evidence.missing
        return Finding(
            Kind.MISSING,
            self._message(row.log_index, workflow_id, seq, "it was logged, but is no longer there"),
            log_index=row.log_index,
            workflow_id=workflow_id,
            seq=seq,
            event_id=str(gap.event_id) if gap and gap.event_id else None,
        )

    def _changed(self, evidence: _Evidence) -> Finding:
        """Blame an entry in the place of one that is nowhere now."""
        row, successor = self._row, evidence.successor
        if not row.fits_itself:
            message = "its bytes are not those that were logged"
            return self._finding(Kind.CONTENT_CHANGED, message, row)
        if successor is not None and successor.link == link_after(row.link, row.hash):
            message = "it is not what was logged; the workflow's chain was rewritten from here on"
            return self._finding(Kind.REWRITTEN, message, row)
        message = "its bytes are not those that were logged; its hash was recomputed"
        return self._finding(Kind.CONTENT_CHANGED, message, row)

    def _finding(self, kind: Kind, message: str, row: Row) -> Finding:
        workflow_id = row.workflow_id or self._heads.workflow_at(row.link)
        return Finding(
            kind,
            self._message(row.log_index, workflow_id, row.seq, message),
            log_index=row.log_index,
            workflow_id=workflow_id,
            seq=row.seq,
            event_id=row.event_id,
        )

    def _message(
        self, log_index: int, workflow_id: str | None, seq: int | None, message: str
    ) -> str:
        place = f"log index {log_index}"
        if workflow_id is not None and seq is not None:
            place += f", event {seq} of workflow {workflow_id}"
        doubt = "" if self._is_vouched_for else "; the log's own hashes were changed too"
        return f"{place}: {message}{doubt}"


def _link_at(place: Row, entry: Row, heads: Heads) -> bytes | None:
    """Return the link with which an entry's bytes were logged at a place; None if they were not.

    Where a bundle starts within the log, the heads do not know every workflow: the links stored at
    the place, or with the entry, may.
    """
    links = (heads.link_for(entry), place.link, entry.link)
    return next((link for link in links if hashed(link, entry.line) == place.logged), None)


def _follow(heads: Heads, place: Row, entry: Row) -> None:
    """Let an entry's bytes extend their workflow's chain at a place."""
    link = _link_at(place, entry, heads) or heads.link_for(entry)
    heads.follow(entry.key, link, hashed(link, entry.line))
