"""Forged bundles and proofs, each with the finding that a verifier has to come to.

`python tests/support/forgeries.py` writes them to `tests/vectors`, the same bytes each time.
"""

import base64
import gzip
import io
import json
import shutil
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import forgedlog as f
from venture_core.events.chain import ChainHead
from venture_core.events.consistency import ConsistencyProof
from venture_core.events.verify import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.events.bundle import Entry

VECTORS: Final = Path(__file__).parents[1] / "vectors"

TRUSTED: Final = f"log {f.SIGNER.verifier.text}\nquorum none\n"
RETIRED: Final = (
    f"log {f.SIGNER.verifier.text} venture-sizes:0-4\n"
    f"log {f.SUCCESSOR.verifier.text} venture-sizes:4-\nquorum none\n"
)
WITNESSED: Final = f"log {f.SIGNER.verifier.text}\nwitness W {f.witness_key()}\nquorum W\n"
POLICIES: Final = {"trusted": TRUSTED, "retired": RETIRED, "witnessed": WITNESSED}


@dataclass(frozen=True, slots=True)
class Vector:
    """Files to verify, and what has to be found in them."""

    name: str
    about: str
    files: dict[str, bytes]
    """By the name each has behind the vector's own: several are a series, in this order."""
    finding: Kind | None
    """None where all has to verify."""
    log_index: int | None = None
    policy: str = "trusted"
    checkpoint: bytes | None = None
    """What was kept from before."""

    def entry(self) -> dict[str, Any]:
        """Return the line of the list that tells of this vector."""
        told: dict[str, Any] = {
            "name": self.name,
            "about": self.about,
            "files": [f"{self.name}{end}" for end in self.files],
            "policy": f"{self.policy}.policy",
            "verified": self.finding is None,
        }
        if self.checkpoint is not None:
            told["checkpoint"] = f"{self.name}.checkpoint"
        if self.finding is not None:
            told["finding"] = str(self.finding)
        if self.log_index is not None:
            told["logIndex"] = self.log_index
        return told

    def write(self, folder: Path) -> None:
        """Write the files of this vector."""
        for end, data in self.files.items():
            (folder / f"{self.name}{end}").write_bytes(data)
        if self.checkpoint is not None:
            (folder / f"{self.name}.checkpoint").write_bytes(self.checkpoint)


def write_all(folder: Path) -> None:
    """Write every vector, the policies and the list into a folder."""
    vectors = all_vectors()
    for vector in vectors:
        vector.write(folder)
    for name, text in POLICIES.items():
        (folder / f"{name}.policy").write_text(text)
    told = json.dumps([vector.entry() for vector in vectors], indent=1, ensure_ascii=False)
    (folder / "vectors.json").write_text(told + "\n")


def all_vectors() -> list[Vector]:
    """Return the vectors."""
    parts = (
        _honest,
        _rows,
        _lines,
        _manifests,
        _checkpoints,
        _keys,
        _archives,
        _garbage,
        _series,
        _kept,
        _proofs,
        _growth,
    )
    return [vector for part in parts for vector in part()]


def _bundle(
    name: str, about: str, files: f.Files | bytes, kind: Kind | None, **more: Any
) -> Vector:
    data = files if isinstance(files, bytes) else f.packed(files)
    return Vector(name, about, {".tar": data}, kind, **more)


def _honest() -> Iterator[Vector]:
    yield _bundle("honest", "the log as it is", f.bundle(), None)
    yield _bundle("honest-part", "from log index 3 on", f.bundle(first=3), None)
    yield _bundle("honest-empty", "a log without entries", f.bundle((), notes=[f.note(0)]), None)
    yield _bundle(
        "honest-untimed",
        "checkpoints of the first version",
        f.bundle(notes=[f.note(each, minute=None) for each in f.SIZES]),
        None,
    )
    rotated = [f.note(2), f.note(4, f.SIGNER, f.SUCCESSOR), f.note(6, f.SUCCESSOR)]
    yield _bundle(
        "honest-rotated", "a key was replaced", f.bundle(notes=rotated), None, policy="retired"
    )
    yield _bundle(
        "honest-cosigned",
        "a witness cosigned the last checkpoint",
        f.bundle(notes=[f.note(2), f.cosigned(f.note(6))]),
        None,
        policy="witnessed",
    )


def _rows() -> Iterator[Vector]:
    """What somebody does in the database who has every right there but not the key."""
    log = [*f.log()]

    def row(at: int, **change: Any) -> f.Files:
        return f.bundle([*log[:at], replace(log[at], **change), *log[at + 1 :]])

    changed = log[2].canonical.replace(b"deck", b"desk")
    hashed = replace(log[2], canonical=changed, hash=_hash(log[2], changed))
    kind = Kind.CONTENT_CHANGED
    yield _bundle("row-content", "a byte of an event", row(2, canonical=changed), kind, log_index=2)
    yield _bundle(
        "row-content-hash",
        "a byte, and the event's hash",
        f.bundle([*log[:2], hashed, *log[3:]]),
        kind,
        log_index=2,
    )
    yield _bundle(
        "row-content-logged",
        "a byte, its hash, and the log's hash",
        f.bundle([*log[:2], replace(hashed, logged=hashed.hash), *log[3:]]),
        Kind.REWRITTEN,
        log_index=2,
    )
    yield _bundle(
        "row-chain",
        "an event and its chain from there on",
        f.bundle(f.with_logged(f.rewritten(2))),
        Kind.REWRITTEN,
        log_index=2,
    )
    yield _bundle(
        "row-chain-logged",
        "an event, its chain, and all hashes of the log",
        f.bundle(f.rewritten(2)),
        Kind.REWRITTEN,
        log_index=2,
    )
    yield _bundle(
        "row-seq", "the number of an event", row(2, seq=3), Kind.COLUMNS_CHANGED, log_index=2
    )
    yield _bundle(
        "row-seq-huge",
        "a number of 2^64 - 1",
        _record(2, 32, b"\xff" * 8),
        Kind.COLUMNS_CHANGED,
        log_index=2,
    )
    yield _bundle(
        "row-prev",
        "the hash before an event",
        row(2, prev=b"\x01" * 32),
        Kind.COLUMNS_CHANGED,
        log_index=2,
    )
    yield _bundle(
        "row-hash",
        "the hash of an event",
        row(2, hash=b"\x01" * 32),
        Kind.COLUMNS_CHANGED,
        log_index=2,
    )
    yield _bundle(
        "row-logged",
        "the log's hash",
        row(2, logged=b"\x01" * 32),
        Kind.COLUMNS_CHANGED,
        log_index=2,
    )
    yield _bundle(
        "row-last-logged",
        "the log's last hash",
        row(5, logged=b"\x01" * 32),
        Kind.COLUMNS_CHANGED,
        log_index=5,
    )
    yield _bundle(
        "row-gone",
        "an event is gone",
        f.bundle([*log[:3], log[3].logged, *log[4:]]),
        Kind.MISSING,
        log_index=3,
    )
    yield _bundle(
        "row-gone-closed-up",
        "an event is gone and the others moved up",
        f.bundle(f.with_logged([*log[:3], *log[4:], log[3]])),
        Kind.MISPLACED,
        log_index=3,
    )
    swapped = [
        replace(log[1], canonical=log[2].canonical),
        replace(log[2], canonical=log[1].canonical),
    ]
    yield _bundle(
        "row-swapped-bytes",
        "the bytes of two events",
        f.bundle([log[0], *swapped, *log[3:]]),
        Kind.SWAPPED,
        log_index=1,
    )
    yield _bundle(
        "row-swapped",
        "two events",
        f.bundle(f.with_logged([log[0], log[2], log[1], *log[3:]])),
        Kind.SWAPPED,
        log_index=1,
    )
    inserted = f.chained(
        [*(row.canonical for row in log[:2]), f.event(99), *(row.canonical for row in log[2:])]
    )
    yield _bundle(
        "row-inserted",
        "an event, and the chain behind it anew",
        f.bundle(f.with_logged(inserted)),
        Kind.INSERTED,
        log_index=2,
    )
    yield _bundle(
        "row-inserted-at-the-end",
        "an event behind the last checkpoint",
        f.bundle(f.chained([*(row.canonical for row in log), f.event(99)])),
        Kind.UNPROVEN,
        log_index=6,
    )
    yield _bundle(
        "row-workflow",
        "an event in another workflow's name",
        row(2, canonical=f.event(2, workflow=1)),
        kind,
        log_index=2,
    )
    yield _bundle("row-empty", "an event without bytes", row(2, canonical=b""), kind, log_index=2)
    yield _bundle(
        "rows-cut",
        "the last events, with all checkpoints",
        f.bundle(log[:4]),
        Kind.TRUNCATED,
        log_index=4,
    )
    yield _bundle(
        "rows-cut-signed",
        "the last events and checkpoints",
        f.bundle(log[:4], notes=[f.note(2), f.note(4)]),
        Kind.TRUNCATED,
        log_index=4,
        checkpoint=f.note(6),
    )


def _hash(entry: Entry, line: bytes) -> bytes:
    return ChainHead(entry.seq - 1, entry.prev or bytes(32)).append(line).hash


def _record(at: int, offset: int, data: bytes) -> f.Files:
    files = f.bundle()
    index = bytearray(files["index.bin"])
    index[at * 104 + offset : at * 104 + offset + len(data)] = data
    return {**files, "index.bin": bytes(index)}


def _with(files: f.Files, name: str, data: bytes) -> f.Files:
    """Return the files with another file, and a manifest that agrees."""
    return f.described({**files, name: data})


def _lines() -> Iterator[Vector]:
    """Lines and records of which the one file knows and the other does not."""
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
        files = _with(honest, "events.ndjson", events + data)
        yield _bundle(name, about, files, Kind.SURPLUS, log_index=6)
    for name, first in (("line-in-none", 0), ("line-in-none-later", 6)):
        for end in ("", "-unended"):
            files = f.bundle((), first=first, notes=[f.note(first)])
            data = forged + (b"" if end else b"\n")
            files = _with(files, "events.ndjson", data)
            about = f"an event in a bundle of no entries from {first} on"
            yield _bundle(name + end, about, files, Kind.SURPLUS, log_index=first)
    files = _with(honest, "events.ndjson", events.removesuffix(b"\n"))
    yield _bundle("line-last-unended", "the last line has no end", files, Kind.DAMAGED)
    files = _with(honest, "events.ndjson", events.replace(b"\n", b"\n\n", 1))
    yield _bundle("line-empty-between", "an empty line between", files, Kind.INSERTED, log_index=1)
    files = _with(honest, "index.bin", index + index[-104:])
    yield _bundle("record-more", "a record behind the last line", files, Kind.DAMAGED)
    files = f.described({**honest, "index.bin": index + index[-104:]}, size=7)
    yield _bundle("record-more-counted", "the same, counted", files, Kind.TRUNCATED, log_index=6)
    files = _with(honest, "index.bin", index[:-104])
    yield _bundle("record-less", "the last record is not there", files, Kind.DAMAGED)
    files = _with(honest, "index.bin", index + b"\0")
    yield _bundle("record-byte", "a byte behind the last record", files, Kind.DAMAGED)
    for name, data in (("gaps-none", b""), ("gaps-one", b'{"logIndex":3}\n'), ("gaps-text", b"x")):
        about = "a gaps file where nothing is missing"
        yield _bundle(name, about, _with(honest, "gaps.ndjson", data), Kind.SURPLUS)


def _manifests() -> Iterator[Vector]:
    honest = f.bundle()

    def lie(name: str, about: str, change: Any, kind: Kind = Kind.DAMAGED, **more: Any) -> Vector:
        return _bundle(f"manifest-{name}", about, f.manifest(honest, change), kind, **more)

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
    for name, about, data in (
        ("number", "a number of 5,000 digits", b'{"size":' + b"1" * 5000 + b"}\n"),
        ("deep", "20,000 levels", b'{"frontier":' + b"[" * 20_000 + b"]" * 20_000 + b"}\n"),
        ("spelled", "a space", b" " + honest["manifest.json"]),
        ("twice", "a name twice", b'{"first":0,' + honest["manifest.json"][1:]),
        ("escape", "terminal escapes", b'{"\x1b[2J\\u001b]0;x\\u0007":1}\n'),
        ("long", "70,000 bytes", b" " * 70_000 + honest["manifest.json"]),
    ):
        files = {**honest, "manifest.json": data}
        yield _bundle(f"manifest-{name}", about, files, Kind.DAMAGED)
    crlf = {
        name: data.replace(b"\n", b"\r\n") for name, data in honest.items() if name != "index.bin"
    }
    files = {**honest, **crlf}
    yield _bundle("converted-crlf", "line ends were changed on the way", files, Kind.CONVERTED)
    files = {**honest, "events.ndjson": crlf["events.ndjson"]}
    yield _bundle("converted-crlf-events", "those of the events only", files, Kind.CONVERTED)
    part = f.bundle(first=3, frontier=[b"\x01" * 32, b"\x02" * 32])
    yield _bundle("edge-wrong", "another edge of the tree", part, Kind.REWRITTEN, log_index=3)


def _checkpoints() -> Iterator[Vector]:
    def notes(name: str, about: str, kind: Kind, *signed: bytes, **more: Any) -> Vector:
        return _bundle(f"checkpoint-{name}", about, f.bundle(notes=signed), kind, **more)

    root = f.tree(f.log()).root()
    forged = Kind.FORGED_CHECKPOINT
    yield notes("none", "no checkpoint", Kind.UNPROVEN, log_index=0)
    yield notes("early", "none at the end", Kind.UNPROVEN, f.note(4), log_index=4)
    yield notes("order", "not in order", Kind.DAMAGED, f.note(4), f.note(2), f.note(6))
    yield notes("twice", "one twice", Kind.DAMAGED, f.note(4), f.note(4), f.note(6))
    yield notes(
        "root", "two histories", Kind.CONTRADICTION, f.note(4, root=b"\x01" * 32), f.note(6)
    )
    text, _, signature = f.note(6).decode().partition("\n\n")
    other = f.note(4).decode().partition("\n\n")[2]
    yield notes("unsigned", "no signature", forged, text.encode() + b"\n")
    yield notes("spliced", "the signature of another", forged, f"{text}\n\n{other}".encode())
    yield notes(
        "both", "a good and a forged signature", forged, f"{text}\n\n{signature}{other}".encode()
    )
    yield notes("stranger", "a key that nobody claims", forged, f.note(6, f.STRANGER))
    for name, about, lines in (
        ("digits", "a size of 5,000 digits", text.replace("\n6\n", f"\n{'6' * 5000}\n")),
        ("zero", "a size with a zero before it", text.replace("\n6\n", "\n06\n")),
        ("negative", "a size below zero", text.replace("\n6\n", "\n-6\n")),
        ("escape", "terminal escapes", text.replace(f.ORIGIN, "\x1b[2J")),
    ):
        yield notes(name, about, forged, f"{lines}\n\n{signature}".encode())
    yield notes(
        "other-log",
        "another log's, by our key",
        forged,
        f.note(6, origin="other.example.com/record"),
    )
    yield notes(
        "elsewhere",
        "another log's",
        forged,
        f.note(6, f.ELSEWHERE, origin=f.ELSEWHERE.verifier.name),
    )
    yield notes("garbage", "no checkpoint at all", forged, b"whatever")
    yield notes(
        "beyond", "a log of more entries", Kind.TRUNCATED, f.note(6), _beyond(root), log_index=6
    )
    yield notes(
        "time-back",
        "signed before a smaller one",
        Kind.TIME_REVERSED,
        f.note(4, minute=5),
        f.note(6, minute=4),
    )
    for name, time in (
        ("time-none", "venture.signed-at/v1 whenever"),
        ("time-zone", "venture.signed-at/v1 2026-11-26T11:00:00.000+00:00"),
        (
            "time-twice",
            "\n".join(["venture.signed-at/v1 2026-11-26T11:00:00.000Z"] * 2),
        ),
    ):
        yield notes(
            name,
            "a time in another form",
            forged,
            _signed(f"{f.note(6, minute=None).decode().partition('\n\n')[0]}\n{time}\n"),
        )
    older = f.bundle(first=3, notes=[f.note(2), f.note(6)])
    yield _bundle("checkpoint-before", "older than the first entry", older, Kind.SURPLUS)
    files = f.bundle()
    line = files["checkpoints.ndjson"]
    for name, about, data in (
        ("spelling", "another spelling", line.replace(b"log.", b"\\u006cog.", 1)),
        ("space", "a space", line.replace(b'"\n', b'" \n', 1)),
        ("end", "no end of the last line", line.removesuffix(b"\n")),
        ("blank", "an empty line", line + b"\n"),
        ("deep", "20,000 levels", line + b"[" * 20_000 + b"\n"),
        ("number", "a number of 5,000 digits", line + b"1" * 5000 + b"\n"),
        ("utf-8", "no UTF-8", line + b'"\xff"\n'),
    ):
        yield _bundle(
            f"checkpoints-{name}", about, _with(files, "checkpoints.ndjson", data), Kind.DAMAGED
        )


def _signed(text: str) -> bytes:
    blob = base64.b64encode(f.SIGNER.sign(text.encode())).decode()
    return f"{text}\n\u2014 {f.ORIGIN} {blob}\n".encode()


def _beyond(root: bytes) -> bytes:
    return f.note(9, root=root)


def _keys() -> Iterator[Vector]:
    files = f.bundle(notes=[f.note(2), f.note(6, f.STRANGER)], keys=(f.SIGNER, f.STRANGER))
    yield _bundle("key-unknown", "a key that the bundle claims", files, Kind.UNKNOWN_KEY)
    for name, about, signed in (
        ("key-retired", "a key after its time", [f.note(2), f.note(6)]),
        ("key-early", "a key before its time", [f.note(2, f.SUCCESSOR), f.note(6, f.SUCCESSOR)]),
    ):
        yield _bundle(name, about, f.bundle(notes=signed), Kind.RETIRED_KEY, policy="retired")
    good = f.note(6)
    for name, about, last in (
        ("quorum-none", "no witness cosigned", good),
        ("quorum-spliced", "a cosignature of another checkpoint", f.cosigned(good, over=f.note(4))),
    ):
        yield _bundle(name, about, f.bundle(notes=[last]), Kind.NO_QUORUM, policy="witnessed")
    key = f.SIGNER.verifier.text.encode()
    for name, about, data in (
        ("keys-text", "keys that are none", b"whatever\n"),
        ("keys-twice", "a key twice", key + b"\n" + key + b"\n"),
        ("keys-end", "no end of the last line", key),
        ("keys-id", "a key with another id", key.replace(b"+", b"+0", 1)[:-1] + b"\n"),
    ):
        yield _bundle(name, about, _with(f.bundle(), "keys.txt", data), Kind.DAMAGED)


def _archives() -> Iterator[Vector]:
    honest = f.bundle()
    whole = f.packed(honest)

    def members(name: str, about: str, change: Any, kind: Kind) -> Vector:
        held = f.members_of(honest)
        change(held)
        return _bundle(f"archive-{name}", about, f.packed({}, held), kind)

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
    for name, about, data in (
        ("behind-byte", "a byte behind the end", whole + b"\n"),
        ("behind-block", "zeros behind the end", whole + bytes(512)),
        ("behind-archive", "an archive behind the end", whole + whole),
    ):
        yield _bundle(f"archive-{name}", about, data, surplus)
    padded = bytearray(whole)
    padded[len(whole) - 1025] = 1
    yield _bundle("archive-padding", "data between files", bytes(padded), damaged)
    for name, about, length, more in (
        ("cut-end", "the end is cut off", len(whole) - 600, {"log_index": 6}),
        ("cut-events", "events are cut off", len(whole) - 1024 - 1500, {"log_index": 3}),
        ("cut-manifest", "cut off in the manifest", 700, {}),
        ("cut-all", "an empty file", 0, {}),
    ):
        kind = damaged if name == "cut-all" else Kind.TRUNCATED
        yield _bundle(f"archive-{name}", about, whole[:length], kind, **more)
    huge = tarfile.TarInfo("manifest.json")
    huge.size = 2**62
    start = huge.tobuf(tarfile.GNU_FORMAT)
    yield _bundle("archive-huge", "a size of 2^62", start + bytes(1024), Kind.TRUNCATED)
    yield _bundle("archive-text", "no archive at all", b"whatever" * 100, damaged)
    yield Vector(
        "converted-gzip", "compressed", {".tar": gzip.compress(whole, mtime=0)}, Kind.CONVERTED
    )
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for info, content in f.members_of(honest):
            info.size, info.mtime = len(content), 1_764_000_000
            archive.addfile(info, io.BytesIO(content))
    yield _bundle("converted-tar", "packed by another program", buffer.getvalue(), Kind.CONVERTED)


def _garbage() -> Iterator[Vector]:
    """What the log itself signed, though it is no event."""
    good = f.event(2)
    kind = Kind.MALFORMED
    name_twice = good.replace(b'"payload":', b'"payload":{},"payload":')
    for name, about, line in (
        ("space", "a space between", good.replace(b":", b": ", 1)),
        ("twice", "a name twice", name_twice),
        ("id-twice", "two ids", good.replace(b'"event_type":', b'"event_id":"x","event_type":')),
        ("escape", "an escaped letter", good.replace(b"deck", b"\\u0064eck")),
        ("surrogate", "a lone surrogate", good.replace(b"deck", b"\\ud800")),
        ("utf-8", "no UTF-8", good.replace(b"deck", b"\xff")),
        ("overlong", "an overlong encoding", good.replace(b"deck", b"\xc0\xaf")),
        ("control", "a control character", good.replace(b"deck", b"\x1b[2J")),
        ("fraction", "a fraction", good.replace(b'"attempt":1', b'"attempt":1.5')),
        ("exponent", "an exponent", good.replace(b'"attempt":1', b'"attempt":1e2')),
        ("minus-zero", "minus zero", good.replace(b'"attempt":1', b'"attempt":-0')),
        ("nan", "NaN", good.replace(b'"attempt":1', b'"attempt":NaN')),
        (
            "large",
            "a number beyond 2^53",
            good.replace(b'"attempt":1', b'"attempt":9007199254740992'),
        ),
        (
            "digits",
            "a number of 5,000 digits",
            good.replace(b'"attempt":1', b'"attempt":' + b"1" * 5000),
        ),
        (
            "deep",
            "10,000 levels",
            good.replace(b'"attempt":1', b'"attempt":' + b"[" * 10_000 + b"]" * 10_000),
        ),
        (
            "order",
            "another order of names",
            good.replace(b'"attempt":1,"name":"deck-2"', b'"name":"deck-2","attempt":1'),
        ),
        ("less", "a member less", good.replace(b'"task_id":null,', b"")),
        ("more", "a member more", good.replace(b'"trace_id":', b'"tracd_id":1,"trace_id":')),
        ("id", "an id in capitals", f.event(2, event_id="00000000-0000-4000-8000-00000000000A")),
        ("type", "a type of no form", f.event(2, event_type="Started")),
        ("payload", "a payload that is a list", f.event(2, payload=[])),
        ("text", "no JSON", b"whatever" + good[-54:]),
    ):
        lines = [f.event(0), f.event(1), line, f.event(3)]
        rows = f.chained(lines)
        files = f.bundle(rows, notes=[f.note(4, of=rows)])
        yield _bundle(f"signed-{name}", about, files, kind, log_index=2)
    rows = f.chained([f.event(0), f.event(1), f.event(2), f.event(0, payload={"other": True})])
    files = f.bundle(rows, notes=[f.note(4, of=rows)])
    yield _bundle("signed-duplicate", "an event id twice", files, Kind.DUPLICATE, log_index=3)
    rows = f.chained([f.event(0), f.event(1), f.event(2), f.event(0)])
    files = f.bundle(rows, notes=[f.note(4, of=rows)])
    yield _bundle("signed-replay", "an event twice", files, Kind.DUPLICATE, log_index=3)
    rows = [*f.chained([f.event(0), f.event(1)]), *f.chained([f.event(2)])]
    files = f.bundle(rows, notes=[f.note(3, of=rows)])
    yield _bundle("signed-chain", "a chain that starts anew", files, Kind.CHAIN_BROKEN, log_index=2)
    head = {f.event(0)[-54:]: ChainHead(4, b"\x07" * 32)}
    rows = f.chained([f.event(0), f.event(1)], head)
    files = f.bundle(rows, notes=[f.note(2, of=rows)])
    yield _bundle("signed-late", "a chain that starts late", files, Kind.CHAIN_BROKEN, log_index=0)


def _series() -> Iterator[Vector]:
    def part(first: int, size: int, of: list[Entry]) -> bytes:
        edge = f.frontier_at(first)
        return f.packed(
            f.bundle(of[first:size], first=first, notes=[f.note(size, of=of)], frontier=edge)
        )

    def series(name: str, about: str, kind: Kind | None, *parts: bytes, **more: Any) -> Vector:
        files = {f".{number}.tar": data for number, data in enumerate(parts, start=1)}
        return Vector(f"series-{name}", about, files, kind, **more)

    log = [*f.log()]
    yield series("honest", "two bundles", None, part(0, 3, log), part(3, 6, log))
    yield series("honest-overlap", "two that overlap", None, part(0, 4, log), part(2, 6, log))
    yield series(
        "hole", "a hole between", Kind.MISSING, part(0, 2, log), part(4, 6, log), log_index=2
    )
    anew = [*log[:3], *f.chained([row.canonical for row in log[3:]])]
    broken = Kind.CHAIN_BROKEN
    yield series(
        "anew",
        "chains that start anew in the second",
        broken,
        part(0, 3, anew),
        part(3, 6, anew),
        log_index=3,
    )
    heads = {row.canonical[-54:]: ChainHead(9, b"\x07" * 32) for row in log}
    torn = [*log[:3], *f.chained([row.canonical for row in log[3:]], heads)]
    yield series(
        "torn",
        "chains that go on from elsewhere",
        broken,
        part(0, 3, torn),
        part(3, 6, torn),
        log_index=3,
    )
    lines = [row.canonical for row in log]
    lines[5] = f.event(0, payload={"other": True})
    again = f.chained(lines)
    yield series(
        "duplicate",
        "an event id in both",
        Kind.DUPLICATE,
        part(0, 3, again),
        part(3, 6, again),
        log_index=5,
    )
    other = f.rewritten(2)
    yield series(
        "histories", "two histories", Kind.CONTRADICTION, part(0, 4, log), part(2, 6, other)
    )


def _kept() -> Iterator[Vector]:
    files = f.bundle()
    yield _bundle("kept", "a checkpoint kept from before", files, None, checkpoint=f.note(3))
    yield _bundle(
        "kept-fork",
        "the log was another before",
        files,
        Kind.CONTRADICTION,
        checkpoint=f.note(3, root=b"\x01" * 32),
    )
    yield _bundle(
        "kept-cut",
        "the log was longer before",
        files,
        Kind.TRUNCATED,
        log_index=6,
        checkpoint=_beyond(b"\x01" * 32),
    )


def _proofs() -> Iterator[Vector]:
    def proven(name: str, about: str, text: str, kind: Kind | None = Kind.DAMAGED) -> Vector:
        return Vector(
            f"proof-{name}", about, {".tlog-proof": text.encode(errors="surrogateescape")}, kind
        )

    good = f.proof(2)
    yield proven("honest", "an event and its place", good.text(), None)
    for name, about, change in (
        ("event", "another event", {"canonical": f.event(99)}),
        ("seq", "another number", {"seq": 9}),
        ("prev", "another hash before", {"prev": b"\x01" * 32}),
        ("index", "another place", {"log_index": 3}),
        ("beyond", "a place beyond the log", {"log_index": 6}),
        ("short", "a hash less", {"hashes": good.hashes[:-1]}),
        ("long", "a hash more", {"hashes": (*good.hashes, good.hashes[0])}),
        ("hashes", "other hashes", {"hashes": good.hashes[::-1]}),
        ("stranger", "a stranger's checkpoint", {"note": f.note(6, f.STRANGER)}),
        (
            "elsewhere",
            "another log's checkpoint",
            {"note": f.note(6, f.ELSEWHERE, origin=f.ELSEWHERE.verifier.name)},
        ),
        ("smaller", "an older checkpoint", {"note": f.note(4)}),
    ):
        yield proven(name, about, replace(good, **change).text())
    yield proven(
        "zero", "an index with a zero before it", good.text().replace("index 2", "index 02")
    )
    yield proven(
        "digits", "an index of 5,000 digits", good.text().replace("index 2", "index " + "2" * 5000)
    )
    yield proven("space", "a space at the end", good.text() + " ")
    yield proven("text", "no proof at all", "whatever")
    rows = f.chained([f.event(0), f.event(1), b"whatever"])
    yield proven("garbage", "what is no event", f.proof(2, of=rows, size=3).text())


def _growth() -> Iterator[Vector]:
    hashes = tuple(f.tree(f.log()).consistency_proof(3, 6))

    def growth(
        name: str, about: str, text: str, kind: Kind | None = Kind.DAMAGED, **more: Any
    ) -> Vector:
        kept = more.pop("checkpoint", f.note(3))
        return Vector(
            f"growth-{name}", about, {".tlog-consistency": text.encode()}, kind, checkpoint=kept
        )

    good = ConsistencyProof(3, hashes, f.note(6)).text()
    yield growth("honest", "the log grew from 3 to 6 entries", good, None)
    yield growth("old", "another size before", good.replace("old 3", "old 4"))
    yield growth("short", "a hash less", ConsistencyProof(3, hashes[:-1], f.note(6)).text())
    yield growth("long", "a hash more", ConsistencyProof(3, (*hashes, hashes[0]), f.note(6)).text())
    yield growth(
        "stranger",
        "a stranger's checkpoint",
        ConsistencyProof(3, hashes, f.note(6, f.STRANGER)).text(),
    )
    yield growth(
        "fork", "the log was another before", good, checkpoint=f.note(3, root=b"\x01" * 32)
    )
    yield growth(
        "same",
        "the same size, another root",
        ConsistencyProof(6, (), f.note(6)).text(),
        checkpoint=f.note(6, root=b"\x01" * 32),
    )
    yield growth("text", "no proof at all", "whatever")


if __name__ == "__main__":
    for old in VECTORS.glob("*"):
        if old.name != "README.md":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    write_all(VECTORS)
