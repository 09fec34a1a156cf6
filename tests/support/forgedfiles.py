"""Forgeries of a bundle's files: lines and records, the manifest."""

from typing import TYPE_CHECKING, Any

import forgedlog as f
from forgery import bundle, with_file
from venture_core.events.verify import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forgery import Vector


def lines() -> Iterator[Vector]:
    """Yield lines and records of which the one file knows and the other does not."""
    honest, forged = f.bundle(), f.event(99)
    events, index = honest["events.ndjson"], honest["index.bin"]
    for name, about, data in (
        ("line-more", "a line behind the last record", forged + b"\n"),
        ("line-more-unended", "the same without its end", forged),
        ("line-many", "many of them", (forged + b"\n") * 20),
        ("line-empty", "an empty line", b"\n"),
        ("line-copy", "the last line once more", f.log()[-1].canonical + b"\n"),
        ("line-zero", "zero bytes", bytes(64)),
    ):
        files = with_file(honest, "events.ndjson", events + data)
        yield bundle(name, about, files, Kind.SURPLUS, log_index=6)
    for name, first in (("line-in-none", 0), ("line-in-none-later", 6)):
        for end in ("", "-unended"):
            files = f.bundle((), first=first, notes=[f.note(first)])
            data = forged + (b"" if end else b"\n")
            files = with_file(files, "events.ndjson", data)
            about = f"an event in a bundle of no entries from {first} on"
            yield bundle(name + end, about, files, Kind.SURPLUS, log_index=first)
    files = with_file(honest, "events.ndjson", events.removesuffix(b"\n"))
    yield bundle("line-last-unended", "the last line has no end", files, Kind.DAMAGED)
    files = with_file(honest, "events.ndjson", events.replace(b"\n", b"\n\n", 1))
    yield bundle("line-empty-between", "an empty line between", files, Kind.INSERTED, log_index=1)
    files = with_file(honest, "index.bin", index + index[-104:])
    yield bundle("record-more", "a record behind the last line", files, Kind.DAMAGED)
    files = f.described({**honest, "index.bin": index + index[-104:]}, size=7)
    yield bundle("record-more-counted", "the same, counted", files, Kind.TRUNCATED, log_index=6)
    files = with_file(honest, "index.bin", index[:-104])
    yield bundle("record-less", "the last record is not there", files, Kind.DAMAGED)
    files = with_file(honest, "index.bin", index + b"\0")
    yield bundle("record-byte", "a byte behind the last record", files, Kind.DAMAGED)
    for name, data in (("gaps-none", b""), ("gaps-one", b'{"logIndex":3}\n'), ("gaps-text", b"x")):
        about = "a gaps file where nothing is missing"
        yield bundle(name, about, with_file(honest, "gaps.ndjson", data), Kind.SURPLUS)


def manifests() -> Iterator[Vector]:
    """Yield manifests that say what is not so, and files in other forms."""
    yield from _manifest_members()
    yield from _manifest_bytes()


def _manifest_members() -> Iterator[Vector]:
    honest = f.bundle()

    def lie(name: str, about: str, change: Any, kind: Kind = Kind.DAMAGED, **more: Any) -> Vector:
        return bundle(f"manifest-{name}", about, f.manifest(honest, change), kind, **more)

    yield lie(
        "format", "another format", lambda told: told.update(format="venture-audit-bundle/v2")
    )
    yield lie("more", "a member more", lambda told: told.update(more=1))
    yield lie("size-less", "fewer entries", lambda told: told.update(size=5))
    yield lie("size-huge", "2^62 entries", lambda told: told.update(size=2**53 - 1))
    yield lie("first", "another start", lambda told: told.update(first=1))
    yield lie("first-beyond", "a start behind the end", lambda told: told.update(first=7))
    yield lie("edge", "an edge where none is", lambda told: told.update(frontier=["00" * 32]))
    yield lie("origin-none", "no name of a log", lambda told: told.update(origin=""))
    yield lie(
        "origin",
        "another log's name",
        lambda told: told.update(origin="other.example.com/record"),
        Kind.OTHER_LOG,
    )
    yield lie("path", "a file elsewhere", lambda told: told["files"].update({"../x": {"bytes": 1}}))
    yield lie(
        "digest", "another digest", lambda told: told["files"]["keys.txt"].update(sha256="0" * 64)
    )
    yield lie("digest-none", "no digest", lambda told: told["files"]["keys.txt"].pop("sha256"))
    yield lie(
        "digest-more",
        "a digest of the events",
        lambda told: told["files"]["events.ndjson"].update(sha256="0" * 64),
    )
    yield lie(
        "file-less",
        "a file that is not listed",
        lambda told: told["files"].pop("keys.txt"),
        Kind.SURPLUS,
    )
    yield lie(
        "bytes-more",
        "more bytes than there are",
        lambda told: told["files"]["events.ndjson"].update(bytes=10**6),
        Kind.TRUNCATED,
        log_index=6,
    )
    yield lie(
        "bytes-less",
        "fewer bytes than there are",
        lambda told: told["files"]["events.ndjson"].update(bytes=100),
    )


def _manifest_bytes() -> Iterator[Vector]:
    honest = f.bundle()
    for name, about, data in (
        ("number", "a number of 5,000 digits", b'{"size":' + b"1" * 5000 + b"}\n"),
        ("deep", "20,000 levels", b'{"frontier":' + b"[" * 20_000 + b"]" * 20_000 + b"}\n"),
        ("spelled", "a space", b" " + honest["manifest.json"]),
        ("twice", "a name twice", b'{"first":0,' + honest["manifest.json"][1:]),
        ("escape", "terminal escapes", b'{"\x1b[2J\\u001b]0;x\\u0007":1}\n'),
        ("long", "70,000 bytes", b" " * 70_000 + honest["manifest.json"]),
    ):
        files = {**honest, "manifest.json": data}
        yield bundle(f"manifest-{name}", about, files, Kind.DAMAGED)
    crlf = {
        name: data.replace(b"\n", b"\r\n") for name, data in honest.items() if name != "index.bin"
    }
    files = {**honest, **crlf}
    yield bundle("converted-crlf", "line ends were changed on the way", files, Kind.CONVERTED)
    files = {**honest, "events.ndjson": crlf["events.ndjson"]}
    yield bundle("converted-crlf-events", "those of the events only", files, Kind.CONVERTED)
    part = f.bundle(first=3, frontier=[b"\x01" * 32, b"\x02" * 32])
    yield bundle("edge-wrong", "another edge of the tree", part, Kind.REWRITTEN, log_index=3)
