"""The entries of a bundle one by one, for a closer look than the fast path takes."""

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from venture_core.events.bundle.layout import NO_HASH, RECORD
from venture_core.events.chain import HASH_BYTES, SEQ_BYTES
from venture_core.events.envelope import WORKFLOW_SUFFIX_BYTES, workflow_of
from venture_core.events.verify.stream import FIRST_LINK, may_enter_later

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.events.bundle import Bundle

_NO_LINK: Final = bytes(HASH_BYTES + SEQ_BYTES)
# An event's id stands before its payload, so the first one is the event's own.
_EVENT_ID = re.compile(
    rb'"event_id":"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"'
)


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as the bundle has it."""

    log_index: int
    line: bytes
    link: bytes
    hash: bytes
    logged: bytes

    @property
    def is_gap(self) -> bool:
        """Whether the writer found no event at this place."""
        return not self.line and self.link == _NO_LINK and self.hash == NO_HASH

    @property
    def prev(self) -> bytes:
        """The hash of the workflow's event before it, as stored."""
        return self.link[:HASH_BYTES]

    @property
    def seq(self) -> int:
        """Its number within its workflow, as stored."""
        return seq_of(self.link)

    @property
    def key(self) -> bytes:
        """What names its workflow: the end of its bytes."""
        return self.line[-WORKFLOW_SUFFIX_BYTES:]

    @property
    def workflow_id(self) -> str | None:
        """Its workflow, as its bytes have it."""
        return workflow_of(self.line)

    @property
    def event_id(self) -> str | None:
        """Its id, as its bytes have it."""
        found = _EVENT_ID.search(self.line)
        return None if found is None else found[1].decode()

    @property
    def fits_itself(self) -> bool:
        """Whether its stored hash follows from its stored number, predecessor and bytes."""
        return hashed(self.link, self.line) == self.hash


def hashed(link: bytes, line: bytes) -> bytes:
    """Return the hash of an event with this link and these bytes."""
    return hashlib.sha256(link + line).digest()


def seq_of(link: bytes) -> int:
    """Return the number of the event with this link."""
    return int.from_bytes(link[HASH_BYTES:])


def link_after(link: bytes, event_hash: bytes) -> bytes:
    """Return the link of the event that follows one with this link and hash."""
    return event_hash + (seq_of(link) + 1).to_bytes(SEQ_BYTES)


def rows(bundle: Bundle, start: int) -> Iterator[Row]:
    """Give the entries from log index `start` on."""
    at = bundle.manifest.first
    for lines, piece in bundle.batches():
        if at + len(lines) > start:
            whole = piece[: len(piece) - len(piece) % RECORD.size]
            records = RECORD.iter_unpack(whole)
            for log_index, (line, record) in enumerate(zip(lines, records, strict=False), at):
                if log_index >= start:
                    yield Row(log_index, line, *record)
        at += len(lines)


class Heads:
    """What each workflow's next entry must be linked to, at one place of the log."""

    def __init__(self, bundle: Bundle, end: int) -> None:
        """Follow the stored hashes, which are known to be right, up to log index `end`.

        Of workflows that are new to a bundle which starts within the log, believe the first link
        that is stored behind `end`: whoever rewrote a chain began it where it truly stood.
        """
        self._whole_log = bundle.manifest.first == 0
        self._links: dict[bytes, bytes] = {}
        self._last: dict[bytes, int] = {}
        for row in rows(bundle, bundle.manifest.first):
            if row.log_index < end:
                self._links[row.key] = link_after(row.link, row.hash)
                self._last[row.key] = row.log_index
            elif self._whole_log:
                break
            else:
                self._links.setdefault(row.key, self.link_for(row))

    def copy(self) -> Heads:
        """Return the same heads, to follow another path from here."""
        other = object.__new__(Heads)
        other._whole_log = self._whole_log
        other._links = dict(self._links)
        other._last = dict(self._last)
        return other

    def link_for(self, row: Row) -> bytes:
        """Return the link that an entry with this one's bytes must have here."""
        known = self._links.get(row.key)
        if known is not None:
            return known
        return row.link if not self._whole_log and may_enter_later(row.link) else FIRST_LINK

    def last_index(self, row: Row) -> int | None:
        """Return the log index of the workflow's entry before this place, if there is one."""
        return self._last.get(row.key)

    def follow(self, key: bytes, link: bytes, event_hash: bytes) -> None:
        """Advance a workflow by one entry."""
        self._links[key] = link_after(link, event_hash)

    def workflow_at(self, link: bytes) -> str | None:
        """Return the workflow whose next entry has this link."""
        key = next((key for key, known in self._links.items() if known == link), None)
        return None if key is None else workflow_of(key)
