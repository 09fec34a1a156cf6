"""Forgeries of the archive around a bundle's files."""

import gzip
import io
import tarfile
from typing import TYPE_CHECKING, Any

import forgedlog as f
from forgery import Vector, bundle
from venture_core.events.verify import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator


def archives() -> Iterator[Vector]:
    """Yield archives that hold more, less or something else than files."""
    yield from _members()
    yield from _bytes()


def _members() -> Iterator[Vector]:
    honest = f.bundle()

    def members(name: str, about: str, change: Any, kind: Kind) -> Vector:
        held = f.members_of(honest)
        change(held)
        return bundle(f"archive-{name}", about, f.packed({}, held), kind)

    def typed(kind: bytes) -> tuple[tarfile.TarInfo, bytes]:
        info = tarfile.TarInfo("gaps.ndjson")
        info.type, info.linkname = kind, "/etc/passwd" if kind in {b"1", b"2"} else ""
        return info, b""

    surplus, damaged = Kind.SURPLUS, Kind.DAMAGED
    yield members("twice", "a file twice", lambda held: held.insert(1, held[1]), surplus)
    yield members("twice-last", "the events twice", lambda held: held.append(held[-1]), surplus)
    yield members(
        "more", "a file more", lambda held: held.append((tarfile.TarInfo("x"), b"")), surplus
    )
    yield members(
        "escape",
        "terminal escapes",
        lambda held: held.append((tarfile.TarInfo("\x1b[2J"), b"")),
        surplus,
    )
    yield members(
        "unlisted",
        "gaps that are not listed",
        lambda held: held.insert(3, (tarfile.TarInfo("gaps.ndjson"), b"")),
        surplus,
    )
    yield members("order", "another order", lambda held: held.append(held.pop(1)), damaged)
    yield members(
        "symlink", "a symbolic link", lambda held: held.insert(3, typed(tarfile.SYMTYPE)), damaged
    )
    yield members(
        "hardlink", "a hard link", lambda held: held.insert(3, typed(tarfile.LNKTYPE)), damaged
    )
    yield members(
        "device", "a device", lambda held: held.insert(3, typed(tarfile.CHRTYPE)), damaged
    )
    yield members(
        "folder", "a folder", lambda held: held.insert(3, typed(tarfile.DIRTYPE)), damaged
    )


def _bytes() -> Iterator[Vector]:
    honest = f.bundle()
    whole = f.packed(honest)
    surplus, damaged = Kind.SURPLUS, Kind.DAMAGED
    for name, about, data in (
        ("behind-byte", "a byte behind the end", whole + b"\n"),
        ("behind-block", "zeros behind the end", whole + bytes(512)),
        ("behind-archive", "an archive behind the end", whole + whole),
    ):
        yield bundle(f"archive-{name}", about, data, surplus)
    padded = bytearray(whole)
    padded[len(whole) - 1025] = 1
    yield bundle("archive-padding", "data between files", bytes(padded), damaged)
    for name, about, length, more in (
        ("cut-end", "the end is cut off", len(whole) - 600, {"log_index": 6}),
        ("cut-events", "events are cut off", len(whole) - 1024 - 1500, {"log_index": 3}),
        ("cut-manifest", "cut off in the manifest", 700, {}),
        ("cut-all", "an empty file", 0, {}),
    ):
        kind = damaged if name == "cut-all" else Kind.TRUNCATED
        yield bundle(f"archive-{name}", about, whole[:length], kind, **more)
    huge = tarfile.TarInfo("manifest.json")
    huge.size = 2**62
    start = huge.tobuf(tarfile.GNU_FORMAT)
    yield bundle("archive-huge", "a size of 2^62", start + bytes(1024), Kind.TRUNCATED)
    yield bundle("archive-text", "no archive at all", b"whatever" * 100, damaged)
    yield Vector(
        "converted-gzip", "compressed", {".tar": gzip.compress(whole, mtime=0)}, Kind.CONVERTED
    )
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for info, content in f.members_of(honest):
            info.size, info.mtime = len(content), 1_764_000_000
            archive.addfile(info, io.BytesIO(content))
    yield bundle("converted-tar", "packed by another program", buffer.getvalue(), Kind.CONVERTED)
