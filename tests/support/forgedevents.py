"""What the log itself signed, though it is no event or follows nothing."""

from typing import TYPE_CHECKING, Any

import forgedlog as f
from forgery import Vector, bundle
from venture_core.events.chain import ChainHead
from venture_core.events.verify import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from venture_core.events.bundle import Entry


def garbage() -> Iterator[Vector]:
    """Yield what the log itself signed, though it is no event."""
    yield from _lines()
    yield from _ids_and_chains()


def _lines() -> Iterator[Vector]:
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
        (
            "planes",
            "names sorted by code points, not by UTF-16",
            good.replace(b'"attempt":1,"name":"deck-2"', '"\ufb33":1,"\U0001f600":1'.encode()),
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
        yield bundle(f"signed-{name}", about, files, kind, log_index=2)


def _ids_and_chains() -> Iterator[Vector]:
    rows = f.chained([f.event(0), f.event(1), f.event(2), f.event(0, payload={"other": True})])
    files = f.bundle(rows, notes=[f.note(4, of=rows)])
    yield bundle("signed-duplicate", "an event id twice", files, Kind.DUPLICATE, log_index=3)
    rows = f.chained([f.event(0), f.event(1), f.event(2), f.event(0)])
    files = f.bundle(rows, notes=[f.note(4, of=rows)])
    yield bundle("signed-replay", "an event twice", files, Kind.DUPLICATE, log_index=3)
    rows = [*f.chained([f.event(0), f.event(1)]), *f.chained([f.event(2)])]
    files = f.bundle(rows, notes=[f.note(3, of=rows)])
    yield bundle("signed-chain", "a chain that starts anew", files, Kind.CHAIN_BROKEN, log_index=2)
    head = {f.event(0)[-54:]: ChainHead(4, b"\x07" * 32)}
    rows = f.chained([f.event(0), f.event(1)], head)
    files = f.bundle(rows, notes=[f.note(2, of=rows)])
    yield bundle("signed-late", "a chain that starts late", files, Kind.CHAIN_BROKEN, log_index=0)


def series() -> Iterator[Vector]:
    """Yield bundles that follow one another, or should."""

    def part(first: int, size: int, of: list[Entry]) -> bytes:
        edge = f.frontier_at(first)
        return f.packed(
            f.bundle(of[first:size], first=first, notes=[f.note(size, of=of)], frontier=edge)
        )

    def several(name: str, about: str, kind: Kind | None, *parts: bytes, **more: Any) -> Vector:
        files = {f".{number}.tar": data for number, data in enumerate(parts, start=1)}
        return Vector(f"series-{name}", about, files, kind, **more)

    log = [*f.log()]
    yield several("honest", "two bundles", None, part(0, 3, log), part(3, 6, log))
    yield several("honest-overlap", "two that overlap", None, part(0, 4, log), part(2, 6, log))
    yield several(
        "hole", "a hole between", Kind.MISSING, part(0, 2, log), part(4, 6, log), log_index=2
    )
    anew = [*log[:3], *f.chained([row.canonical for row in log[3:]])]
    broken = Kind.CHAIN_BROKEN
    yield several(
        "anew",
        "chains that start anew in the second",
        broken,
        part(0, 3, anew),
        part(3, 6, anew),
        log_index=3,
    )
    heads = {row.canonical[-54:]: ChainHead(9, b"\x07" * 32) for row in log}
    torn = [*log[:3], *f.chained([row.canonical for row in log[3:]], heads)]
    yield several(
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
    yield several(
        "duplicate",
        "an event id in both",
        Kind.DUPLICATE,
        part(0, 3, again),
        part(3, 6, again),
        log_index=5,
    )
    other = f.rewritten(2)
    yield several(
        "histories", "two histories", Kind.CONTRADICTION, part(0, 4, log), part(2, 6, other)
    )
