"""Events that somebody changed a little, as faults, forgers and other languages' encoders do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Final
from uuid import UUID

from venture_core.canonical import canonical_json
from venture_core.events.types import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

TOKENS: Final = (
    *(b" ", b"\n", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"{}", b"[]", b'""'),
    *(b"null", b"true", b"0", b"-0", b"1.5", b"1e2", b"9007199254740992", b"NaN", b"1" * 400),
    *(b"\\u0041", b"\\u0022", b"\\ud800", b"\\u0000", b"\\/", b"\x00", b"\x1b", b"\x7f"),
    *(b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", "\u2028".encode(), "\U0001f680".encode()),
    *(b'"a":1,', b'"A":1,', b'"~":1,', b',"z":2', b'"payload":{},', b'"event_id":"x",'),
    *(b',"policy_bundle_id":null', b',"workflow_id":"x"}', b"[" * 300 + b"]" * 300),
)
"""What is put in: everything that means something in JSON, and much that means nothing."""

_PLACES: Final = frozenset(b"{}[]:,")


def event_bytes(random: Random, event_id: UUID, workflow_id: UUID) -> bytes:
    """Return an event of any type as its canonical bytes."""
    event_type, service = random.choice(_types())
    return canonical_json(
        {
            "created_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "event_id": str(event_id),
            "event_type": event_type,
            "payload": {name: _value(random, 0) for name in _names(random)},
            "policy_bundle_id": _id(random),
            "source_service": service,
            "task_id": _id(random),
            "trace_id": str(UUID(int=random.getrandbits(128))),
            "workflow_id": str(workflow_id),
        }
    )


def mutated(data: bytes, random: Random) -> bytes:
    """Return the bytes, changed once or a few times."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        data = random.choice(_CHANGES)(data, random)
    return data


@cache
def _types() -> tuple[tuple[str, str], ...]:
    return tuple((each.name, each.owner.value) for each in REGISTRY)


def _id(random: Random) -> str | None:
    return str(UUID(int=random.getrandbits(128))) if random.random() < 0.5 else None


def _names(random: Random) -> list[str]:
    return random.sample(("a", "b", "count", "name", "payload", "uid", "x y", '"', "\\"), 3)


def _value(random: Random, depth: int) -> object:
    plain = (None, True, 0, -7, 2**53 - 1, "", "deck", '"\\\n', "grün", "2026-11-26T08:46:03Z")
    kind = random.randrange(5)
    if kind == 0 and depth < 3:
        return {name: _value(random, depth + 1) for name in _names(random)}
    if kind == 1 and depth < 3:
        return [_value(random, depth + 1) for _ in range(random.randrange(3))]
    return random.choice(plain)


def _flip(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :]


def _put_in(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(TOKENS) + data[at:]


def _put_between(data: bytes, random: Random) -> bytes:
    """Put something in where one token ends."""
    at = random.choice([at + 1 for at, byte in enumerate(data) if byte in _PLACES])
    return data[:at] + random.choice(TOKENS) + data[at:]


def _take_out(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + data[at + random.randint(1, 12) :]


def _say_twice(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data))
    end = at + random.randint(1, 60)
    return data[:end] + data[at:end] + data[end:]


def _exchange(data: bytes, random: Random) -> bytes:
    """Exchange what stands between commas."""
    parts = data.split(b",")
    one, other = random.randrange(len(parts)), random.randrange(len(parts))
    parts[one], parts[other] = parts[other], parts[one]
    return b",".join(parts)


def _other_case(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + data[at : at + 8].swapcase() + data[at + 8 :]


def _other_encoder(data: bytes, random: Random) -> bytes:
    """Write the payload as others would: in another order, spaced, with other escapes."""
    event = json.loads(data)
    names = list(event["payload"])
    random.shuffle(names)
    spelled = json.dumps(
        {name: event["payload"][name] for name in names},
        ensure_ascii=random.random() < 0.5,
        separators=random.choice([(",", ":"), (", ", ": "), (",", ": ")]),
    )
    return data.replace(canonical_json(event["payload"]), spelled.encode())


def _if_json(change: Callable[[bytes, Random], bytes]) -> Callable[[bytes, Random], bytes]:
    def changed(data: bytes, random: Random) -> bytes:
        try:
            return change(data, random)
        except ValueError, LookupError, TypeError, RecursionError, AttributeError:
            return data

    return changed


_CHANGES: Final = (
    *(_flip, _put_in, _put_between, _put_between, _take_out, _say_twice, _exchange, _other_case),
    _if_json(_other_encoder),
)
