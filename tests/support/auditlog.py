"""A small honest log, for tests that need a bundle or a proof to verify."""

from typing import TYPE_CHECKING
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from venture_core.canonical import canonical_json
from venture_core.events.bundle import BundleWriter, Entry
from venture_core.events.chain import ChainHead
from venture_core.events.checkpoint import Checkpoint, sign_checkpoint
from venture_core.events.merkle import MerkleTree, leaf_hashes
from venture_core.events.notes import NoteSigner
from venture_core.events.prove import EventProof

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ORIGIN = "venture.example.com/record"
KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
SIGNER = NoteSigner(ORIGIN, KEY)
WORKFLOW = UUID(int=7 << 76 | 8 << 60)


def entries(count: int) -> list[Entry]:
    """Return the entries of a log with one workflow."""
    head, made = ChainHead(), []
    for number in range(count):
        canonical = canonical_json(
            {
                "created_at": "2026-11-23T06:40:18Z",
                "event_id": str(UUID(int=number | 7 << 76 | 8 << 60)),
                "event_type": "artifact.build.started.v1",
                "payload": {"name": f"deck-{number}"},
                "policy_bundle_id": None,
                "source_service": "venture-orchestrator",
                "task_id": None,
                "trace_id": str(UUID(int=1)),
                "workflow_id": str(WORKFLOW),
            }
        )
        before, head = head, head.append(canonical)
        made.append(Entry(canonical, head.seq, before.hash, head.hash, head.hash))
    return made


def checkpoint_note(log: Sequence[Entry], size: int) -> bytes:
    """Return the signed checkpoint of the log when it had that size."""
    tree = MerkleTree(leaf_hashes(entry.logged for entry in log))
    return sign_checkpoint(Checkpoint(ORIGIN, size, tree.root(size)), [SIGNER])


def write_bundle(folder: Path, log: Sequence[Entry], *, signed: Sequence[Entry]) -> Path:
    """Write the bundle of `log`, with the checkpoint of the log that was `signed`."""
    with BundleWriter(folder, origin=ORIGIN) as writer:
        writer.append(log)
        writer.add_checkpoint(checkpoint_note(signed, len(signed)))
        writer.add_key(SIGNER.verifier)
        writer.finish()
    return folder


def proof_of(log: Sequence[Entry], log_index: int) -> EventProof:
    """Return the proof of one entry."""
    tree = MerkleTree(leaf_hashes(entry.logged for entry in log))
    entry = log[log_index]
    assert entry.prev is not None
    return EventProof(
        canonical=entry.canonical,
        seq=entry.seq,
        prev=entry.prev,
        log_index=log_index,
        hashes=tuple(tree.inclusion_proof(log_index, len(log))),
        note=checkpoint_note(log, len(log)),
    )
