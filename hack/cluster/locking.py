"""One run at a time where two would destroy each other's work."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from paths import cache_dir
from progress import say

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Hold the machine-wide lock of this name; the kernel lets go of it when the process ends."""
    path = cache_dir() / "locks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Another run is at it; waiting for {path}")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
