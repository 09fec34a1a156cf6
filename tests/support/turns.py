"""Turns on what tests share: many use it at once, and who changes it for all has it alone."""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Turns:
    """A process's turns on a file's subject: locks on the file and its folder, seen by all.

    Who wants to be alone waits in the door: nobody else comes in before them.
    """

    def __init__(self, shared: Path) -> None:
        self._room, self._door = shared, shared.parent
        self._held = ExitStack()
        self._alone = False

    def take(self, *, alone: bool) -> None:
        """Wait for a turn; where this process is alone already, it stays so."""
        if alone and self._alone:
            return
        self.give_up()
        with ExitStack() as door:
            _lock(self._door, fcntl.LOCK_EX, door)
            _lock(self._room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, self._held)
        self._alone = alone

    def give_up(self) -> None:
        """Let others in."""
        self._held.close()
        self._alone = False


def _lock(path: Path, kind: int, until: ExitStack) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    until.callback(os.close, descriptor)
    fcntl.flock(descriptor, kind)
