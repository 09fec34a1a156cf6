"""The hash chain of a workflow's events.

The hash of an event is SHA-256 over the hash of the workflow's event before it, the event's number
as 8 bytes big endian, and the event's canonical bytes. So a hash vouches for everything before it.
"""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

HASH_BYTES: Final = 32
GENESIS_HASH: Final = bytes(HASH_BYTES)
"""What stands before the first event of a workflow."""
FIRST_SEQ: Final = 1
SEQ_BYTES: Final = 8
MAX_SEQ: Final = 2**63 - 1
"""The largest number of an event: what a signed 64-bit column holds."""


class ChainError(ValueError):
    """A hash or a number that no chain can have."""


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last event of a workflow: its number (0 before the first) and its hash."""

    seq: int = FIRST_SEQ - 1
    hash: bytes = GENESIS_HASH

    def append(self, canonical: bytes) -> ChainHead:
        """Return the head after an event with these canonical bytes."""
        seq = self.seq + 1
        return ChainHead(seq, event_hash(self.hash, seq, canonical))

    def extend(self, events: Iterable[bytes]) -> ChainHead:
        """Return the head after these events, in this order."""
        head = self
        for canonical in events:
            head = head.append(canonical)
        return head


def event_hash(prev: bytes | None, seq: int, canonical: bytes) -> bytes:
    """Return the hash of event number `seq` whose predecessor has the hash `prev`.

    `prev` is None or `GENESIS_HASH` for the first event of a workflow and no other.
    Raises ChainError where `prev` or `seq` cannot be.
    """
    before = GENESIS_HASH if prev is None else prev
    if len(before) != HASH_BYTES:
        raise ChainError(f"a hash has {HASH_BYTES} bytes, not {len(before)}")
    if not FIRST_SEQ <= seq <= MAX_SEQ:
        raise ChainError(f"an event's number is {FIRST_SEQ} to {MAX_SEQ}, not {seq}")
    if (seq == FIRST_SEQ) != (before == GENESIS_HASH):
        raise ChainError(f"event {seq} cannot follow {before.hex()}")
    return hashlib.sha256(before + seq.to_bytes(SEQ_BYTES) + canonical).digest()
