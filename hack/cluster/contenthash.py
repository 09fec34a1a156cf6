"""Hashes of files and folders by content: the same tree gives the same hash on any machine."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def _left_by_tools(path: Path) -> bool:
    """Say whether Python, a linter or a test left this behind; .dockerignore skips it, too."""
    return path.name == "__pycache__" or path.suffix == ".pyc" or path.name.startswith(".")


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
        if not _left_by_tools(child):
            yield from _files(child)
