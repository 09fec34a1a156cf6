"""An honest log, bundles of it as a tampered database would give them, and what verifying finds."""

import random
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from venture_core.canonical import canonical_json
from venture_core.events.bundle import BundleWriter, Entry, Gap, open_bundle
from venture_core.events.chain import ChainHead
from venture_core.events.checkpoint import Checkpoint, sign_checkpoint
from venture_core.events.envelope import workflow_of
from venture_core.events.merkle import Frontier, MerkleTree, leaf_hashes
from venture_core.events.notes import NoteSigner
from venture_core.events.verify import Finding, Report, verify_bundle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ORIGIN = "venture.example.com/record"
SIGNER = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))

TRUSTED = [SIGNER.verifier]
SIZE = 40
CHECKPOINTS = (1, 7, 16, 17, 33, SIZE)

type Row = Entry | Gap


def event_bytes(number: int, workflow: int) -> bytes:
    return canonical_json(
        {
            "created_at": "2026-11-23T06:40:18.123456Z",
            "event_id": str(UUID(int=number + (4 << 76) + (8 << 60))),
            "event_type": "artifact.build.started.v1",
            "payload": {"attempt": 1, "name": f"deck-{number}", "text": "x" * (number * 7 % 50)},
            "policy_bundle_id": None,
            "source_service": "venture-orchestrator",
            "task_id": None,
            "trace_id": str(UUID(int=number)),
            "workflow_id": workflow_name(workflow),
        }
    )


def workflow_name(workflow: int) -> str:
    return str(UUID(int=workflow + (7 << 76) + (8 << 60)))


@cache
def log(size: int = SIZE, workflows: int = 3) -> tuple[Entry, ...]:
    """An honest log: the workflows' events interleaved without a pattern."""
    heads: dict[int, ChainHead] = {}
    chance = random.Random(7)  # noqa: S311 - a fixed pattern is wanted
    entries: list[Entry] = []
    for number in range(size):
        workflow = chance.randrange(workflows)
        before = heads.get(workflow, ChainHead())
        canonical = event_bytes(number, workflow)
        head = heads[workflow] = before.append(canonical)
        prev = before.hash if before.seq else None
        entries.append(Entry(canonical, head.seq, prev, head.hash, head.hash))
    return tuple(entries)


def rechain(rows: Sequence[Row], start: int) -> list[Row]:
    """Recompute numbers and hashes from `start` on, as a careful superuser would."""
    heads: dict[str | None, ChainHead] = {}
    out: list[Row] = []
    for at, row in enumerate(rows):
        assert isinstance(row, Entry)
        name = workflow_of(row.canonical)
        before = heads.get(name, ChainHead())
        head = before.append(row.canonical)
        if at < start:
            heads[name] = ChainHead(row.seq, row.hash)
            out.append(row)
        else:
            heads[name] = head
            prev = before.hash if before.seq else None
            out.append(replace(row, seq=head.seq, prev=prev, hash=head.hash))
    return out


def with_logged(rows: Sequence[Row], logged: Sequence[bytes]) -> list[Row]:
    """Put the hashes that the log holds at each place beside the rows."""
    return [replace(row, logged=each) for row, each in zip(rows, logged, strict=False)]


def logged_in(rows: Sequence[Row]) -> list[bytes]:
    return [row.logged for row in rows]


def tree_of(logged: Sequence[bytes]) -> MerkleTree:
    return MerkleTree(leaf_hashes(logged))


def checkpoint(tree: MerkleTree, size: int) -> Checkpoint:
    return Checkpoint(ORIGIN, size, tree.root(size))


def write(
    folder: Path,
    rows: Sequence[Row],
    *,
    first: int = 0,
    workflows: int = 3,
    sizes: tuple[int, ...] = CHECKPOINTS,
    notes: dict[int, bytes] | None = None,
) -> Path:
    """Write a bundle of the rows, with the checkpoints of the honest log."""
    tree = tree_of(logged_in(log(SIZE, workflows)))
    edge = Frontier()
    edge.extend(leaf_hashes(logged_in(log(SIZE, workflows))[:first]))
    with BundleWriter(folder, origin=ORIGIN, first=first, frontier=edge.nodes) as writer:
        for row in rows:
            writer.append([row])
        for size in sizes:
            if size >= first:
                note = sign_checkpoint(checkpoint(tree, size), [SIGNER])
                writer.add_checkpoint((notes or {}).get(size, note))
        writer.add_key(SIGNER.verifier)
        writer.finish()
    return folder


def verify(path: Path, **options: object) -> Report:
    return verify_bundle(open_bundle(path), TRUSTED, **options)  # type: ignore[arg-type]


def find(path: Path) -> Finding:
    finding = verify(path).finding
    assert finding is not None
    return finding


def entry(at: int) -> Entry:
    return log()[at]


def event_id(at: int) -> str:
    return str(UUID(int=at + (4 << 76) + (8 << 60)))


def rewritten(at: int, workflows: int = 3) -> list[Row]:
    entries = log(SIZE, workflows)
    name = workflow_of(entries[at].canonical)
    rows: list[Row] = [
        replace(row, canonical=row.canonical.replace(b"deck", b"fake"))
        if number >= at and workflow_of(row.canonical) == name
        else row
        for number, row in enumerate(entries)
    ]
    return rechain(rows, at)
