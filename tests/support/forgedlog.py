"""A small log of two workflows, and the parts of which bundles of it are made, honest or not."""

import base64
import hashlib
import json
import tarfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from venture_core.canonical import canonical_json
from venture_core.events.bundle import Entry
from venture_core.events.chain import ChainHead
from venture_core.events.checkpoint import Checkpoint, sign_checkpoint
from venture_core.events.envelope import workflow_of
from venture_core.events.merkle import Frontier, MerkleTree, leaf_hashes
from venture_core.events.notes import NoteSigner
from venture_core.events.prove import EventProof

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ORIGIN: Final = "log.example.com/record"


def _signer(seed: int, name: str = ORIGIN) -> NoteSigner:
    return NoteSigner(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


SIGNER: Final = _signer(1)
SUCCESSOR: Final = _signer(2)
STRANGER: Final = _signer(3)
ELSEWHERE: Final = _signer(4, "other.example.com/record")
WITNESS: Final = Ed25519PrivateKey.from_private_bytes(bytes([5]) * 32)
WITNESS_NAME: Final = "witness.example.org"

SIZE: Final = 6
SIZES: Final = (2, 4, SIZE)
WORKFLOWS: Final = (0, 1, 0, 1, 0, 0)
START: Final = datetime(2026, 11, 26, 11, 0, 0, tzinfo=UTC)
ORDER: Final = (
    "manifest.json",
    "keys.txt",
    "checkpoints.ndjson",
    "gaps.ndjson",
    "index.bin",
    "events.ndjson",
)
SMALL: Final = ("keys.txt", "checkpoints.ndjson", "gaps.ndjson")

type Files = dict[str, bytes]


def event(number: int, workflow: int = 0, **members: object) -> bytes:
    """Return the bytes of an event."""
    return canonical_json(
        {
            "created_at": "2026-11-26T11:00:00Z",
            "event_id": str(UUID(int=number + 1 | 4 << 76 | 8 << 60)),
            "event_type": "artifact.build.started.v1",
            "payload": {"attempt": 1, "name": f"deck-{number}"},
            "policy_bundle_id": None,
            "source_service": "venture-orchestrator",
            "task_id": None,
            "trace_id": str(UUID(int=7)),
            "workflow_id": str(UUID(int=workflow + 1 | 7 << 76 | 8 << 60)),
        }
        | members
    )


def chained(lines: Sequence[bytes], heads: dict[bytes, ChainHead] | None = None) -> list[Entry]:
    """Return the entries of a log that holds these lines; `heads` by the lines' last 54 bytes."""
    known, made = dict(heads or {}), []
    for line in lines:
        before = known.get(line[-54:], ChainHead())
        head = known[line[-54:]] = before.append(line)
        made.append(Entry(line, head.seq, before.hash, head.hash, head.hash))
    return made


@cache
def log() -> tuple[Entry, ...]:
    """Return the honest log."""
    return tuple(chained([event(number, each) for number, each in enumerate(WORKFLOWS)]))


def tree(entries: Sequence[Entry]) -> MerkleTree:
    """Return the tree that the log of these entries has."""
    return MerkleTree(leaf_hashes(entry.logged for entry in entries))


def note(
    size: int,
    *signers: NoteSigner,
    of: Sequence[Entry] = (),
    origin: str = ORIGIN,
    root: bytes | None = None,
    minute: int | None = 0,
) -> bytes:
    """Return the signed checkpoint of a log, of the honest one unless told, at 11:`minute`."""
    named = root or tree(of or log()).root(size)
    time = None if minute is None else START + timedelta(minutes=minute)
    return sign_checkpoint(Checkpoint(origin, size, named, time), signers or [SIGNER])


def cosigned(signed: bytes, over: bytes | None = None) -> bytes:
    """Add the witness's cosignature to a note; `over`: one that it made of another."""
    text = (over or signed).decode().rpartition("\n\n")[0] + "\n"
    time = int(START.timestamp())
    signature = WITNESS.sign(f"cosignature/v1\ntime {time}\n{text}".encode())
    blob = bytes.fromhex(witness_key().split("+")[1]) + time.to_bytes(8) + signature
    return signed + f"\u2014 {WITNESS_NAME} {base64.b64encode(blob).decode()}\n".encode()


def witness_key() -> str:
    """Return the verifier key of the witness."""
    raw = b"\x04" + WITNESS.public_key().public_bytes_raw()
    key_id = hashlib.sha256(WITNESS_NAME.encode() + b"\n" + raw).digest()[:4]
    return f"{WITNESS_NAME}+{key_id.hex()}+{base64.b64encode(raw).decode()}"


def bundle(
    entries: Sequence[Entry | bytes] | None = None,
    *,
    notes: Sequence[bytes] | None = None,
    keys: Sequence[NoteSigner] = (SIGNER,),
    first: int = 0,
    frontier: Sequence[bytes] | None = None,
    origin: str = ORIGIN,
) -> Files:
    """Return the files of a bundle; an entry given as bytes is a gap with that hash logged."""
    rows = log()[first:] if entries is None else entries
    signed = [note(each) for each in SIZES if each > first] if notes is None else notes
    edge = frontier_at(first) if frontier is None else frontier
    files = {
        "keys.txt": b"".join(each.verifier.text.encode() + b"\n" for each in keys),
        "checkpoints.ndjson": b"".join(
            json.dumps(each.decode(), ensure_ascii=False).encode() + b"\n" for each in signed
        ),
        "index.bin": b"".join(map(_record, rows)),
        "events.ndjson": b"".join(
            (b"" if isinstance(row, bytes) else row.canonical) + b"\n" for row in rows
        ),
    }
    gaps = [at for at, row in enumerate(rows, start=first) if isinstance(row, bytes)]
    if gaps:
        files["gaps.ndjson"] = b"".join(b'{"logIndex":%d}\n' % at for at in gaps)
    manifest = {
        "format": "venture-audit-bundle/v1",
        "origin": origin,
        "first": first,
        "size": first + len(rows),
        "frontier": [node.hex() for node in edge],
    }
    return described(files, **manifest)


def frontier_at(size: int) -> tuple[bytes, ...]:
    """Return the edge of the honest log's tree when it had that size."""
    edge = Frontier()
    edge.extend(leaf_hashes(entry.logged for entry in log()[:size]))
    return edge.nodes


def _record(row: Entry | bytes) -> bytes:
    if isinstance(row, bytes):
        return bytes(72) + row
    return (row.prev or bytes(32)) + row.seq.to_bytes(8) + row.hash + row.logged


def described(files: Files, **manifest: object) -> Files:
    """Return the files with a manifest that agrees with them, and says what else it is told."""
    before: dict[str, Any] = json.loads(files.get("manifest.json", b"{}"))
    held = {name: _description(name, data) for name, data in files.items() if name in ORDER[1:]}
    written = canonical_json(before | {"files": held} | manifest) + b"\n"
    return {**files, "manifest.json": written}


def _description(name: str, data: bytes) -> dict[str, object]:
    digest = {"sha256": hashlib.sha256(data).hexdigest()} if name in SMALL else {}
    return {"bytes": len(data), **digest}


def manifest(files: Files, change: Callable[[dict[str, Any]], object]) -> Files:
    """Return the files with a manifest that was changed and says what is not so."""
    told = json.loads(files["manifest.json"])
    change(told)
    return {**files, "manifest.json": canonical_json(told) + b"\n"}


def packed(files: Files, members: Sequence[tuple[tarfile.TarInfo, bytes]] | None = None) -> bytes:
    """Return the archive of a bundle, or of whatever members somebody wants."""
    data = b""
    for info, content in members_of(files) if members is None else members:
        if info.type == tarfile.REGTYPE:
            info.size = info.size or len(content)
        data += info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)
    return data + bytes(1024)


def members_of(files: Files) -> list[tuple[tarfile.TarInfo, bytes]]:
    """Return the members of a bundle's archive in their order."""
    return [(tarfile.TarInfo(name), files[name]) for name in ORDER if name in files]


def proof(at: int, *, of: Sequence[Entry] = (), size: int = SIZE) -> EventProof:
    """Return the proof that an event is in the log."""
    entries = of or log()
    entry = entries[at]
    return EventProof(
        canonical=entry.canonical,
        seq=entry.seq,
        prev=entry.prev or bytes(32),
        log_index=at,
        hashes=tuple(tree(entries).inclusion_proof(at, size)),
        note=note(size, of=entries),
    )


def rewritten(start: int, entries: Sequence[Entry] = ()) -> list[Entry]:
    """Return the log with an event changed, and all hashes of its chain written anew behind it."""
    lines = [entry.canonical for entry in entries or log()]
    lines[start] = lines[start].replace(b"deck", b"desk")
    return chained(lines)


def with_logged(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries with the hashes that the honest log holds at their places."""
    return [replace(row, logged=log()[at].logged) for at, row in enumerate(entries) if at < SIZE]


def workflow_at(at: int) -> str | None:
    """Return the workflow of an event of the honest log."""
    return workflow_of(log()[at].canonical)
