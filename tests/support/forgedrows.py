"""Forgeries of rows: of somebody who has every right in the database, but not the key."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import forgedlog as f
from forgery import bundle
from venture_core.events.chain import ChainHead
from venture_core.events.verify import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from forgery import Vector
    from venture_core.events.bundle import Entry


def rows() -> Iterator[Vector]:
    """Yield what somebody does in the database who has every right there but not the key."""
    yield from _contents()
    yield from _columns()
    yield from _places()
    yield from _more_and_fewer()


def _contents() -> Iterator[Vector]:
    log = [*f.log()]
    changed = log[2].canonical.replace(b"deck", b"desk")
    hashed = replace(log[2], canonical=changed, hash=_hash(log[2], changed))
    kind = Kind.CONTENT_CHANGED
    yield bundle("row-content", "a byte of an event", _row(2, canonical=changed), kind, log_index=2)
    yield bundle(
        "row-content-hash",
        "a byte, and the event's hash",
        f.bundle([*log[:2], hashed, *log[3:]]),
        kind,
        log_index=2,
    )
    yield bundle(
        "row-content-logged",
        "a byte, its hash, and the log's hash",
        f.bundle([*log[:2], replace(hashed, logged=hashed.hash), *log[3:]]),
        Kind.REWRITTEN,
        log_index=2,
    )
    yield bundle(
        "row-chain",
        "an event and its chain from there on",
        f.bundle(f.with_logged(f.rewritten(2))),
        Kind.REWRITTEN,
        log_index=2,
    )
    yield bundle(
        "row-chain-logged",
        "an event, its chain, and all hashes of the log",
        f.bundle(f.rewritten(2)),
        Kind.REWRITTEN,
        log_index=2,
    )


def _columns() -> Iterator[Vector]:
    yield bundle(
        "row-seq", "the number of an event", _row(2, seq=3), Kind.COLUMNS_CHANGED, log_index=2
    )
    yield bundle(
        "row-seq-huge",
        "a number of 2^64 - 1",
        _record(2, 32, b"\xff" * 8),
        Kind.COLUMNS_CHANGED,
        log_index=2,
    )
    yield bundle(
        "row-prev",
        "the hash before an event",
        _row(2, prev=b"\x01" * 32),
        Kind.COLUMNS_CHANGED,
        log_index=2,
    )
    yield bundle(
        "row-hash",
        "the hash of an event",
        _row(2, hash=b"\x01" * 32),
        Kind.COLUMNS_CHANGED,
        log_index=2,
    )
    yield bundle(
        "row-logged",
        "the log's hash",
        _row(2, logged=b"\x01" * 32),
        Kind.COLUMNS_CHANGED,
        log_index=2,
    )
    yield bundle(
        "row-last-logged",
        "the log's last hash",
        _row(5, logged=b"\x01" * 32),
        Kind.COLUMNS_CHANGED,
        log_index=5,
    )


def _places() -> Iterator[Vector]:
    log = f.log()
    yield bundle(
        "row-gone",
        "an event is gone",
        f.bundle([*log[:3], log[3].logged, *log[4:]]),
        Kind.MISSING,
        log_index=3,
    )
    yield bundle(
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
    yield bundle(
        "row-swapped-bytes",
        "the bytes of two events",
        f.bundle([log[0], *swapped, *log[3:]]),
        Kind.SWAPPED,
        log_index=1,
    )
    yield bundle(
        "row-swapped",
        "two events",
        f.bundle(f.with_logged([log[0], log[2], log[1], *log[3:]])),
        Kind.SWAPPED,
        log_index=1,
    )


def _more_and_fewer() -> Iterator[Vector]:
    log, kind = f.log(), Kind.CONTENT_CHANGED
    inserted = f.chained(
        [*(row.canonical for row in log[:2]), f.event(99), *(row.canonical for row in log[2:])]
    )
    yield bundle(
        "row-inserted",
        "an event, and the chain behind it anew",
        f.bundle(f.with_logged(inserted)),
        Kind.INSERTED,
        log_index=2,
    )
    yield bundle(
        "row-inserted-at-the-end",
        "an event behind the last checkpoint",
        f.bundle(f.chained([*(row.canonical for row in log), f.event(99)])),
        Kind.UNPROVEN,
        log_index=6,
    )
    yield bundle(
        "row-workflow",
        "an event in another workflow's name",
        _row(2, canonical=f.event(2, workflow=1)),
        kind,
        log_index=2,
    )
    yield bundle("row-empty", "an event without bytes", _row(2, canonical=b""), kind, log_index=2)
    yield bundle(
        "rows-cut",
        "the last events, with all checkpoints",
        f.bundle(log[:4]),
        Kind.TRUNCATED,
        log_index=4,
    )
    yield bundle(
        "rows-cut-signed",
        "the last events and checkpoints",
        f.bundle(log[:4], notes=[f.note(2), f.note(4)]),
        Kind.TRUNCATED,
        log_index=4,
        checkpoint=f.note(6),
    )


def _row(at: int, **change: Any) -> f.Files:
    """Return the honest bundle with something of one row changed."""
    log = f.log()
    return f.bundle([*log[:at], replace(log[at], **change), *log[at + 1 :]])


def _hash(entry: Entry, line: bytes) -> bytes:
    return ChainHead(entry.seq - 1, entry.prev or bytes(32)).append(line).hash


def _record(at: int, offset: int, data: bytes) -> f.Files:
    files = f.bundle()
    index = bytearray(files["index.bin"])
    index[at * 104 + offset : at * 104 + offset + len(data)] = data
    return {**files, "index.bin": bytes(index)}
