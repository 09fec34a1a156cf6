"""Forgeries of checkpoints, keys and cosignatures."""

import base64
from typing import TYPE_CHECKING, Any

import forgedlog as f
from forgery import bundle, with_file
from venture_core.events.verify import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forgery import Vector


def checkpoints() -> Iterator[Vector]:
    """Yield checkpoints that prove nothing, or something else."""
    yield from _order()
    yield from _signatures()
    yield from _logs_and_times()
    yield from _spellings()


def _order() -> Iterator[Vector]:
    yield _notes("none", "no checkpoint", Kind.UNPROVEN, log_index=0)
    yield _notes("early", "none at the end", Kind.UNPROVEN, f.note(4), log_index=4)
    yield _notes("order", "not in order", Kind.DAMAGED, f.note(4), f.note(2), f.note(6))
    yield _notes("twice", "one twice", Kind.DAMAGED, f.note(4), f.note(4), f.note(6))
    yield _notes(
        "root", "two histories", Kind.CONTRADICTION, f.note(4, root=b"\x01" * 32), f.note(6)
    )


def _signatures() -> Iterator[Vector]:
    forged = Kind.FORGED_CHECKPOINT
    text, _, signature = f.note(6).decode().partition("\n\n")
    other = f.note(4).decode().partition("\n\n")[2]
    yield _notes("unsigned", "no signature", forged, text.encode() + b"\n")
    yield _notes("spliced", "the signature of another", forged, f"{text}\n\n{other}".encode())
    yield _notes(
        "both", "a good and a forged signature", forged, f"{text}\n\n{signature}{other}".encode()
    )
    yield _notes("stranger", "a key that nobody claims", forged, f.note(6, f.STRANGER))
    for name, about, lines in (
        ("digits", "a size of 5,000 digits", text.replace("\n6\n", f"\n{'6' * 5000}\n")),
        ("zero", "a size with a zero before it", text.replace("\n6\n", "\n06\n")),
        ("negative", "a size below zero", text.replace("\n6\n", "\n-6\n")),
        ("escape", "terminal escapes", text.replace(f.ORIGIN, "\x1b[2J")),
    ):
        yield _notes(name, about, forged, f"{lines}\n\n{signature}".encode())


def _logs_and_times() -> Iterator[Vector]:
    root = f.tree(f.log()).root()
    forged = Kind.FORGED_CHECKPOINT
    yield _notes(
        "other-log",
        "another log's, by our key",
        forged,
        f.note(6, origin="other.example.com/record"),
    )
    yield _notes(
        "elsewhere",
        "another log's",
        forged,
        f.note(6, f.ELSEWHERE, origin=f.ELSEWHERE.verifier.name),
    )
    yield _notes("garbage", "no checkpoint at all", forged, b"whatever")
    yield _notes(
        "beyond", "a log of more entries", Kind.TRUNCATED, f.note(6), _beyond(root), log_index=6
    )
    yield _notes(
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
        yield _notes(
            name,
            "a time in another form",
            forged,
            _signed(f"{f.note(6, minute=None).decode().partition('\n\n')[0]}\n{time}\n"),
        )


def _spellings() -> Iterator[Vector]:
    older = f.bundle(first=3, notes=[f.note(2), f.note(6)])
    yield bundle("checkpoint-before", "older than the first entry", older, Kind.SURPLUS)
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
        yield bundle(
            f"checkpoints-{name}", about, with_file(files, "checkpoints.ndjson", data), Kind.DAMAGED
        )


def _notes(name: str, about: str, kind: Kind, *signed: bytes, **more: Any) -> Vector:
    return bundle(f"checkpoint-{name}", about, f.bundle(notes=signed), kind, **more)


def _signed(text: str) -> bytes:
    blob = base64.b64encode(f.SIGNER.sign(text.encode())).decode()
    return f"{text}\n\u2014 {f.ORIGIN} {blob}\n".encode()


def _beyond(root: bytes) -> bytes:
    return f.note(9, root=root)


def keys() -> Iterator[Vector]:
    """Yield keys that are not trusted, or not for such a log, and witnesses that are missing."""
    files = f.bundle(notes=[f.note(2), f.note(6, f.STRANGER)], keys=(f.SIGNER, f.STRANGER))
    yield bundle("key-unknown", "a key that the bundle claims", files, Kind.UNKNOWN_KEY)
    for name, about, signed in (
        ("key-retired", "a key after its time", [f.note(2), f.note(6)]),
        ("key-early", "a key before its time", [f.note(2, f.SUCCESSOR), f.note(6, f.SUCCESSOR)]),
    ):
        yield bundle(name, about, f.bundle(notes=signed), Kind.RETIRED_KEY, policy="retired")
    good = f.note(6)
    for name, about, last in (
        ("quorum-none", "no witness cosigned", good),
        ("quorum-spliced", "a cosignature of another checkpoint", f.cosigned(good, over=f.note(4))),
    ):
        yield bundle(name, about, f.bundle(notes=[last]), Kind.NO_QUORUM, policy="witnessed")
    key = f.SIGNER.verifier.text.encode()
    for name, about, data in (
        ("keys-text", "keys that are none", b"whatever\n"),
        ("keys-twice", "a key twice", key + b"\n" + key + b"\n"),
        ("keys-end", "no end of the last line", key),
        ("keys-id", "a key with another id", key.replace(b"+", b"+0", 1)[:-1] + b"\n"),
    ):
        yield bundle(name, about, with_file(f.bundle(), "keys.txt", data), Kind.DAMAGED)


def kept() -> Iterator[Vector]:
    """Yield bundles that are compared with a checkpoint of before."""
    files = f.bundle()
    yield bundle("kept", "a checkpoint kept from before", files, None, checkpoint=f.note(3))
    yield bundle(
        "kept-fork",
        "the log was another before",
        files,
        Kind.CONTRADICTION,
        checkpoint=f.note(3, root=b"\x01" * 32),
    )
    yield bundle(
        "kept-cut",
        "the log was longer before",
        files,
        Kind.TRUNCATED,
        log_index=6,
        checkpoint=_beyond(b"\x01" * 32),
    )
