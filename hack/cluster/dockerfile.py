"""What an image is made of: the files that the COPY lines of its Dockerfile take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contenthash import tree_hash

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def copied_sources(text: str) -> list[str]:
    """Return the sources of all COPY lines but those that copy from another stage.

    Raises ValueError for forms that are not understood: a wrong hash would hide a change.
    """
    sources: list[str] = []
    for line in _logical_lines(text):
        words = line.split()
        if words[0].upper() == "ADD" or "<<" in line:
            raise ValueError(f"only plain COPY lines are understood, not: {line}")
        if words[0].upper() != "COPY":
            continue
        flags = [word for word in words[1:] if word.startswith("--")]
        if any(flag.startswith("--from=") for flag in flags):
            continue
        paths = words[1 + len(flags) :]
        if any(set(path) & set('[]*?"$') for path in paths):
            raise ValueError(f"only plain paths are understood, not: {line}")
        sources += paths[:-1]
    return sources


def _logical_lines(text: str) -> Iterator[str]:
    joined = ""
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            continue
        joined += line.removesuffix("\\") + " "
        if not line.endswith("\\"):
            if joined.strip():
                yield joined.strip()
            joined = ""


def content_tag(context: Path, dockerfile: Path, base: str) -> str:
    """Return a tag that changes with the Dockerfile, any file it copies, or the base image."""
    text = dockerfile.read_text()
    paths = [context / source for source in copied_sources(text)]
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"{dockerfile} copies {path}, which does not exist")
    return tree_hash(context, paths, extra=f"{base}\0{text}")
