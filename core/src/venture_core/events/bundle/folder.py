"""Bundles as folders: plain files of its own, and no others."""

import os
import stat
from typing import TYPE_CHECKING

from venture_core.events.bundle.layout import SurplusDataError, UnreadableBundleError

if TYPE_CHECKING:
    from collections.abc import Container
    from io import BufferedReader
    from pathlib import Path


class FolderFiles:
    """The files in a folder."""

    is_cut = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def size(self, name: str) -> int | None:
        """Return the length of a file in bytes; None where it is not there."""
        try:
            return (self._folder / name).lstat().st_size
        except FileNotFoundError:
            return None

    def open(self, name: str) -> BufferedReader:
        """Open a file that is there; UnreadableBundleError where it is no plain file.

        Without waiting: a pipe that nobody writes to would have a reader wait for ever.
        """
        _check_plain(name, (self._folder / name).lstat())
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        file = os.fdopen(os.open(self._folder / name, flags), "rb")
        try:
            # Looked at once more through the descriptor: the name may mean another file by now.
            _check_plain(name, os.fstat(file.fileno()))
        except BaseException:
            file.close()
            raise
        return file

    def check_names(self, listed: Container[str]) -> None:
        """Check that there is no file but the listed ones, and that all are plain files.

        Raises SurplusDataError and UnreadableBundleError.
        """
        with os.scandir(self._folder) as items:
            for item in items:
                if item.name not in listed:
                    raise SurplusDataError(
                        f"the folder holds {item.name!r}, which the manifest does not list"
                    )
                _check_plain(item.name, item.stat(follow_symlinks=False))


def _check_plain(name: str, found: os.stat_result) -> None:
    """Refuse what may be another file by the time that somebody else reads it."""
    if stat.S_ISLNK(found.st_mode):
        raise UnreadableBundleError(f"{name} is a symbolic link")
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableBundleError(f"{name} is no file but a folder, a pipe or a device")
    if found.st_nlink > 1:
        raise UnreadableBundleError(f"{name} is a hard link: it has other names too")
