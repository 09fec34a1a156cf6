"""Which event ids came before: one event is logged once, whatever its bytes say."""

from array import array
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BUCKETS: Final = 256


class EventIds:
    """Remembers event ids at nine bytes each, as hashes keyed by this process.

    So a log of ten million events takes 90 MB, where a set of the ids would take 1.1 GB. Two ids
    may have one hash: whoever finds a repeated one reads the log again to be sure.
    """

    def __init__(self) -> None:
        self._buckets = [array("q") for _ in range(_BUCKETS)]

    def add(self, ids: Iterable[bytes]) -> None:
        """Take in further ids."""
        append = [bucket.append for bucket in self._buckets]
        for hashed in map(hash, ids):
            append[hashed & _BUCKETS - 1](hashed)

    def repeated(self) -> frozenset[int]:
        """Return the hashes that came more than once, by which `hash` finds the ids again."""
        return frozenset(self._repeated())

    def _repeated(self) -> Iterator[int]:
        for bucket in self._buckets:
            seen = set(bucket)
            if len(seen) < len(bucket):
                once: set[int] = set()
                for hashed in bucket:
                    if hashed in once:
                        yield hashed
                    once.add(hashed)
