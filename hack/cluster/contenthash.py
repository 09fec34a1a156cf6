"""Hashes of files and folders by content: the same tree gives the same hash on any machine."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# What Python leaves behind when it runs; .dockerignore keeps it out of images too.
_LEFT_BY_PYTHON = {"__pycache__"}


def tree_hash(root: Path, paths: Iterable[Path], extra: str = "") -> str:
    """Return 16 hexadecimal digits over `extra` and all files in `paths`: name, mode, bytes."""
    digest = hashlib.sha256(extra.encode())
    for file in sorted({file for path in paths for file in _files(path)}):
        executable = bool(file.stat().st_mode & 0o111)
        digest.update(f"\0{file.relative_to(root)}\0{executable}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for child in path.iterdir():
        if child.name not in _LEFT_BY_PYTHON and child.suffix != ".pyc":
            yield from _files(child)
