"""Which event ids came before: one event is logged once, whatever its bytes say."""

from array import array
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BUCKETS: Final = 64


class EventIds:
    """Remembers event ids at nine bytes each, as hashes keyed by this process.

    So a log of ten million events takes 90 MB, where a set of the ids would take 1.1 GB. Two ids
    may have one hash: whoever finds a repeated one reads the log again to be sure.
    """

    def __init__(self) -> None:
        self._buckets = [array("q") for _ in range(_BUCKETS)]
        self._appends = [bucket.append for bucket in self._buckets]

    def add(self, ids: Iterable[bytes]) -> None:
        """Take in further ids."""
        appends, mask = self._appends, _BUCKETS - 1
        for hashed in map(hash, ids):
            appends[hashed & mask](hashed)

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
