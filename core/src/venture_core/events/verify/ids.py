"""Which event ids came before: one event is logged once, whatever its bytes say."""

from array import array
from collections import Counter
from itertools import islice
from os import SEEK_END
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

MAX_REPEATED: Final = 100_000
"""How many repeated ids are told apart: a log may repeat every one it has."""

_BUCKETS: Final = 256
_MOST_HELD: Final = 250_000
_MEMORY_BYTES: Final = 8 * 1024 * 1024


class EventIds:
    """Remembers event ids at eight bytes each, as hashes keyed by this process; a context manager.

    Those of about a million events stay in memory, further ones lie in a temporary file: a log may
    have any length. Two ids may have one hash: whoever finds a repeated one reads the log again to
    be sure.
    """

    def __init__(self, *, most_held: int = _MOST_HELD, memory_bytes: int = _MEMORY_BYTES) -> None:
        """Take up to `most_held` ids, and a file of up to `memory_bytes`, into memory."""
        self._most_held = most_held
        self._held = 0
        self._buckets = [array("q") for _ in range(_BUCKETS)]
        self._appends = [bucket.append for bucket in self._buckets]
        self._file = SpooledTemporaryFile(max_size=memory_bytes)  # noqa: SIM115 - closed on exit
        self._places: list[list[tuple[int, int]]] = [[] for _ in range(_BUCKETS)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, ids: list[bytes]) -> None:
        """Take in further ids; OSError where the temporary file cannot be written."""
        appends, mask = self._appends, _BUCKETS - 1
        for hashed in map(hash, ids):
            appends[hashed & mask](hashed)
        self._held += len(ids)
        if self._held > self._most_held:
            self._put_away()

    def repeated(self) -> frozenset[int]:
        """Return hashes that came more than once, by which `hash` finds the ids again.

        They are all of them, or so many that one is enough.
        """
        found = (each for bucket in self._whole_buckets() for each in _repeated(bucket))
        return frozenset(islice(found, MAX_REPEATED))

    def _put_away(self) -> None:
        """Move what is held to the end of the file."""
        at = self._file.seek(0, SEEK_END)
        for bucket, places in zip(self._buckets, self._places, strict=True):
            places.append((at, len(bucket)))
            bucket.tofile(self._file)
            at += len(bucket) * bucket.itemsize
            del bucket[:]
        self._held = 0

    def _whole_buckets(self) -> Iterator[array[int]]:
        """Give what came into each bucket, one bucket after the other."""
        for bucket, places in zip(self._buckets, self._places, strict=True):
            whole = bucket[:]
            for start, count in places:
                self._file.seek(start)
                whole.fromfile(self._file, count)
            yield whole


def _repeated(bucket: array[int]) -> set[int]:
    if len(set(bucket)) == len(bucket):
        return set()
    return {hashed for hashed, times in Counter(bucket).items() if times > 1}
