"""The fast path: one pass over a bundle, up to the first entry that is not as it should be.

It checks, per entry, that its hash follows from its predecessor, number and bytes, that it extends
its workflow's chain, that the log holds just that hash, and that it is an event in its one form;
and at every signed checkpoint that the Merkle root is the signed one. It says where something is
wrong; `diagnose` finds out what.
"""

import hashlib
from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING, Final

from venture_core.events.bundle.layout import NO_HASH, RECORD
from venture_core.events.chain import FIRST_SEQ, HASH_BYTES, MAX_SEQ, SEQ_BYTES
from venture_core.events.envelope import WORKFLOW_SUFFIX_BYTES, workflow_of
from venture_core.events.merkle import Frontier, leaf_hashes
from venture_core.events.verify.forms import EventForms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from venture_core.events.bundle import Bundle
    from venture_core.events.checkpoint import Checkpoint
    from venture_core.events.verify.ids import EventIds

FIRST_LINK: Final = NO_HASH + FIRST_SEQ.to_bytes(SEQ_BYTES)
"""What is hashed before the first event of a workflow."""

_SEQ: Final = Struct(f">{HASH_BYTES}xQ{2 * HASH_BYTES}x")
assert _SEQ.size == RECORD.size  # noqa: S101 - two views of one record


@dataclass(frozen=True, slots=True)
class BadEntry:
    """An entry does not fit its chain, its hash or the log."""

    log_index: int


@dataclass(frozen=True, slots=True)
class BadRoot:
    """The entries fit together, but not with a signed checkpoint."""

    checkpoint: Checkpoint
    good_size: int
    """The size of the last checkpoint that fits; the bundle's start where none does."""


class EntryStream:
    """Checks the entries of a bundle against themselves and the checkpoints."""

    def __init__(
        self,
        bundle: Bundle,
        checkpoints: Sequence[Checkpoint],
        progress: Callable[[int, int], None],
        before: EntryStream | None = None,
        ids: EventIds | None = None,
    ) -> None:
        """Prepare; the checkpoints are in order of size and their signatures verified.

        `progress` is told how many entries are done, of how many, once per batch. `before` has read
        the log up to here or beyond: what both read is the same, so from its end on this one goes
        on with its chains. `ids` takes the ids of the good entries; without it neither the form of
        events nor their ids are looked at.
        """
        manifest = bundle.manifest
        self._bundle = bundle
        self._progress = progress
        self._frontier = Frontier(manifest.first, [bytes.fromhex(n) for n in manifest.frontier])
        self._pending = [each for each in checkpoints if each.size >= manifest.first][::-1]
        self._good_size = manifest.first
        self._heads: dict[bytes, bytes] = {}
        self._is_whole = manifest.first == 0
        self._before = before
        self._forms = EventForms()
        self._ids = ids
        self.line_bytes = 0
        """How many bytes of lines were read, each counted with its end."""

    @property
    def size(self) -> int:
        """How many entries of the log are good so far."""
        return self._frontier.size

    @property
    def workflows(self) -> int:
        """How many workflows the good entries belong to."""
        return len(self._heads)

    def run(self) -> BadEntry | BadRoot | None:
        """Go through all entries; return where something is wrong first."""
        manifest = self._bundle.manifest
        if bad := self._add([]):
            return bad
        for lines, piece in self._batches():
            if fault := self._take(lines, piece):
                return fault
            self._progress(self.size - manifest.first, manifest.entries)
        self._go_on()
        return None

    def _batches(self) -> Iterator[tuple[list[bytes], bytes]]:
        """Give the bundle's batches, cut in two where the stream before ended."""
        for lines, piece in self._bundle.batches():
            cut = 0 if self._before is None else self._before.size - self.size
            if 0 < cut < len(lines):
                yield lines[:cut], piece[: cut * RECORD.size]
                yield lines[cut:], piece[cut * RECORD.size :]
            else:
                yield lines, piece

    def _take(self, lines: list[bytes], piece: bytes) -> BadEntry | BadRoot | None:
        """Check the next entries, and add them to the tree."""
        is_new = self._go_on()
        piece = piece[: len(piece) - len(piece) % RECORD.size]
        records: list[tuple[bytes, bytes, bytes]] = list(RECORD.iter_unpack(piece))
        self.line_bytes += sum(map(len, lines)) + len(lines)
        good = self._follow_chains(lines, piece, records)
        hashes = [record[1] for record in records[:good]]
        logged = [record[2] for record in records[:good]]
        if hashes != logged:
            good = next(at for at, (a, b) in enumerate(zip(hashes, logged, strict=True)) if a != b)
        if self._ids is not None:
            ids = self._forms.ids(lines[:good])
            if is_new:
                self._ids.add(ids)
            good = len(ids)
        if bad := self._add(leaf_hashes(hashes[:good])):
            return bad
        return BadEntry(self.size) if good < min(len(lines), len(records)) else None

    def _go_on(self) -> bool:
        """Take over the chains of the stream before where it ended; say whether entries are new."""
        if self._before is None:
            return True
        if self.size < self._before.size:
            return False
        self._heads, self._is_whole = self._before._heads, self._before._is_whole
        self._before = None
        return True

    def _follow_chains(
        self, lines: list[bytes], piece: bytes, records: list[tuple[bytes, bytes, bytes]]
    ) -> int:
        """Return how many entries extend their workflow's chain, and remember the new heads.

        This runs once per event and is what verification takes most of its time for.
        """
        heads, sha256 = self._heads, hashlib.sha256
        good = 0
        seqs = _SEQ.iter_unpack(piece)
        for line, (link, stored, _), (seq,) in zip(lines, records, seqs, strict=False):
            # The workflow's name is what every canonical event ends in.
            workflow = line[-WORKFLOW_SUFFIX_BYTES:]
            if sha256(link + line).digest() != stored:
                break
            if heads.get(workflow) != link and not self._starts(workflow, link):
                break
            heads[workflow] = stored + (seq + 1).to_bytes(SEQ_BYTES)
            good += 1
        return good

    def _starts(self, workflow: bytes, link: bytes) -> bool:
        """Say whether a workflow may enter the bundle with this link."""
        if workflow in self._heads or workflow_of(workflow) is None:
            return False
        if self._is_whole:
            return link == FIRST_LINK
        return may_enter_later(link)

    def _add(self, leaves: list[bytes]) -> BadRoot | None:
        """Add leaves to the tree, and compare its root at each checkpoint on the way."""
        done = 0
        while self._pending and self._pending[-1].size <= self.size + len(leaves) - done:
            checkpoint = self._pending.pop()
            step = checkpoint.size - self.size
            self._frontier.extend(leaves[done : done + step])
            done += step
            if self._frontier.root() != checkpoint.root:
                return BadRoot(checkpoint, self._good_size)
            self._good_size = checkpoint.size
        self._frontier.extend(leaves[done:])
        return None


def may_enter_later(link: bytes) -> bool:
    """Say whether a workflow can have this link at its first entry after the log's start.

    What it says of the entries before the bundle is vouched for by the tree.
    """
    prev, seq = link[:HASH_BYTES], int.from_bytes(link[HASH_BYTES:])
    return FIRST_SEQ <= seq <= MAX_SEQ and (seq == FIRST_SEQ) == (prev == NO_HASH)
