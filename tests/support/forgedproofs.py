"""Forgeries of proofs: that an event is in the log, that the log only grew."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import forgedlog as f
from forgery import Vector
from venture_core.events.consistency import ConsistencyProof
from venture_core.events.verify import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator


def proofs() -> Iterator[Vector]:
    """Yield proofs of one event."""

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


def growth() -> Iterator[Vector]:
    """Yield proofs that the log only grew."""
    hashes = tuple(f.tree(f.log()).consistency_proof(3, 6))

    def grown(
        name: str, about: str, text: str, kind: Kind | None = Kind.DAMAGED, **more: Any
    ) -> Vector:
        kept = more.pop("checkpoint", f.note(3))
        return Vector(
            f"growth-{name}", about, {".tlog-consistency": text.encode()}, kind, checkpoint=kept
        )

    good = ConsistencyProof(3, hashes, f.note(6)).text()
    yield grown("honest", "the log grew from 3 to 6 entries", good, None)
    yield grown("old", "another size before", good.replace("old 3", "old 4"))
    yield grown("short", "a hash less", ConsistencyProof(3, hashes[:-1], f.note(6)).text())
    yield grown("long", "a hash more", ConsistencyProof(3, (*hashes, hashes[0]), f.note(6)).text())
    yield grown(
        "stranger",
        "a stranger's checkpoint",
        ConsistencyProof(3, hashes, f.note(6, f.STRANGER)).text(),
    )
    yield grown("fork", "the log was another before", good, checkpoint=f.note(3, root=b"\x01" * 32))
    yield grown(
        "same",
        "the same size, another root",
        ConsistencyProof(6, (), f.note(6)).text(),
        checkpoint=f.note(6, root=b"\x01" * 32),
    )
    yield grown("text", "no proof at all", "whatever")
