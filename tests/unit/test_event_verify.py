"""Audit bundles: what is untouched verifies, what was tampered with is found, named and told apart.

Tampering is done as a superuser of the database would: to the rows that the writer is then given,
while the log's order and signed checkpoints stay as they were, unless the test changes them too.
"""

import json
import random
import tarfile
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from soaking import examples
from venture_core.canonical import canonical_json
from venture_core.events.bundle import (
    BundleError,
    BundleWriter,
    Entry,
    Gap,
    MissingDataError,
    SurplusDataError,
    UnreadableBundleError,
    open_bundle,
    pack,
)
from venture_core.events.chain import ChainHead
from venture_core.events.checkpoint import Checkpoint, sign_checkpoint
from venture_core.events.envelope import workflow_of
from venture_core.events.merkle import Frontier, MerkleTree, leaf_hashes
from venture_core.events.notes import NoteSigner, NoteVerifier
from venture_core.events.verify import Finding, Kind, Report, verify_bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

ORIGIN = "venture.example.com/record"
SIGNER = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
OTHER = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x02" * 32))
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


def in_its_workflow(entries: Sequence[Entry], at: int, new: bytes | None) -> list[Row]:
    """Insert before the row at `at`, or delete it, within its workflow's chain only.

    The superuser renumbers and rehashes the rest of the chain, while the log keeps saying which
    number of which workflow stands at which place: so the chain's last event loses its place, or
    the last place its event.
    """
    name = workflow_of(entries[at].canonical)
    places = [i for i, row in enumerate(entries) if workflow_of(row.canonical) == name]
    lines = [entries[i].canonical for i in places]
    cut = places.index(at)
    lines[cut : cut + (new is None)] = [] if new is None else [new]
    rows: list[Row] = [*entries]
    head = ChainHead()
    for place, line in zip(places, lines, strict=False):
        before, head = head, head.append(line)
        logged = entries[place].logged
        rows[place] = Entry(line, head.seq, before.hash, head.hash, logged)
    for place in places[len(lines) :]:
        rows[place] = Gap(entries[place].logged)
    return rows


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


def place(finding: Finding) -> tuple[Kind, int | None, str | None, int | None]:
    return finding.kind, finding.log_index, finding.workflow_id, finding.seq


def expected(kind: Kind, at: int) -> tuple[Kind, int, str | None, int]:
    return kind, at, workflow_of(entry(at).canonical), entry(at).seq


def event_id(at: int) -> str:
    return str(UUID(int=at + (4 << 76) + (8 << 60)))


# --- what is untouched verifies


def test_an_untouched_log_verifies(tmp_path: Path) -> None:
    path = write(tmp_path / "bundle", log())
    seen: list[tuple[int, int]] = []
    report = verify(path, progress=lambda done, of: seen.append((done, of)))
    assert report.finding is None
    assert report.ok
    assert (report.entries, report.workflows, report.checkpoints) == (SIZE, 3, len(CHECKPOINTS))
    assert report.root == tree_of(logged_in(log())).root()
    assert report.signers == (SIGNER.verifier.text,)
    assert seen[-1] == (SIZE, SIZE)


def test_an_archive_verifies_as_its_folder_does(tmp_path: Path) -> None:
    folder = write(tmp_path / "bundle", log())
    pack(folder, tmp_path / "bundle.tar")
    assert verify(tmp_path / "bundle.tar") == verify(folder)


@pytest.mark.parametrize("first", [0, 1, 5, 16, SIZE - 1, SIZE])
def test_a_stretch_of_the_log_verifies(tmp_path: Path, first: int) -> None:
    report = verify(write(tmp_path / "bundle", log()[first:], first=first))
    assert report.finding is None
    assert report.entries == SIZE - first


def test_an_empty_log_verifies(tmp_path: Path) -> None:
    assert verify(write(tmp_path / "bundle", (), sizes=(0,))).ok


def test_a_workflow_may_enter_later_only_where_the_bundle_does(tmp_path: Path) -> None:
    at = next(at for at, row in enumerate(log()) if row.seq == 2)
    rows = with_logged(list(log()[at:]), logged_in(log())[at:])
    # A bundle that claims to be the whole log cannot start with a second event.
    finding = find(write(tmp_path / "whole", rows, sizes=()))
    assert finding.log_index == 0


def test_keys_are_rotated(tmp_path: Path) -> None:
    tree = tree_of(logged_in(log()))
    new = sign_checkpoint(checkpoint(tree, SIZE), [OTHER])
    both = sign_checkpoint(checkpoint(tree, 33), [SIGNER, OTHER])
    path = write(tmp_path / "bundle", log(), notes={SIZE: new, 33: both})
    assert find(path).kind is Kind.FORGED_CHECKPOINT
    report = verify_bundle(open_bundle(path), [SIGNER.verifier, OTHER.verifier])
    assert report.ok
    assert set(report.signers) == {SIGNER.verifier.text, OTHER.verifier.text}


def test_a_checkpoint_kept_from_before_is_compared(tmp_path: Path) -> None:
    path = write(tmp_path / "bundle", log())
    tree = tree_of(logged_in(log()))
    assert verify(path, known=checkpoint(tree, 20)).ok
    other = Checkpoint(ORIGIN, 20, b"\x01" * 32)
    finding = verify(path, known=other).finding
    assert finding is not None
    assert (finding.kind, finding.checkpoint_size) == (Kind.CONTRADICTION, 20)
    longer = Checkpoint(ORIGIN, SIZE + 5, b"\x01" * 32)
    finding = verify(path, known=longer).finding
    assert finding is not None
    assert (finding.kind, finding.log_index) == (Kind.TRUNCATED, SIZE)
    late = write(tmp_path / "late", log()[30:], first=30)
    with pytest.raises(ValueError, match="says nothing"):
        verify(late, known=checkpoint(tree, 20))


# --- tampering in the database


@pytest.mark.parametrize("at", range(SIZE))
def test_a_changed_byte_is_named(tmp_path: Path, at: int) -> None:
    row = entry(at)
    changed = row.canonical.replace(b"deck", b"desk")
    rows = [*log()[:at], replace(row, canonical=changed), *log()[at + 1 :]]
    finding = find(write(tmp_path / "bundle", rows))
    assert place(finding) == expected(Kind.CONTENT_CHANGED, at)
    assert finding.event_id == event_id(at)
    assert f"log index {at}" in finding.message


def test_a_changed_workflow_is_named(tmp_path: Path) -> None:
    row = entry(9)
    changed = row.canonical[:-3] + b'f"}'
    rows = [*log()[:9], replace(row, canonical=changed), *log()[10:]]
    finding = find(write(tmp_path / "bundle", rows))
    assert (finding.kind, finding.log_index) == (Kind.CONTENT_CHANGED, 9)


def test_a_changed_event_whose_hash_was_recomputed_is_named(tmp_path: Path) -> None:
    changed = entry(9).canonical.replace(b"deck", b"desk")
    rows: list[Row] = [*log()[:9], replace(entry(9), canonical=changed), *log()[10:]]
    rows[9] = rechain(rows, 9)[9]
    finding = find(write(tmp_path / "bundle", rows))
    assert place(finding) == expected(Kind.CONTENT_CHANGED, 9)
    assert "hash was recomputed" in finding.message
    # In the log as well: then only its follower in the workflow, and the signed root, show it.
    rows[9] = replace(rows[9], logged=rows[9].hash)  # type: ignore[union-attr]
    finding = find(write(tmp_path / "log", rows))
    assert place(finding) == expected(Kind.CONTENT_CHANGED, 9)
    assert "recomputed, here and in the log" in finding.message


@pytest.mark.parametrize("at", range(SIZE))
def test_a_deleted_row_is_named(tmp_path: Path, at: int) -> None:
    rows: list[Row] = [*log()[:at], Gap(logged=entry(at).logged), *log()[at + 1 :]]
    finding = find(write(tmp_path / "bundle", rows))
    name = workflow_of(entry(at).canonical)
    followers = [row for row in log()[at + 1 :] if workflow_of(row.canonical) == name]
    if followers:
        assert place(finding) == expected(Kind.MISSING, at)
    else:
        assert place(finding) == (Kind.MISSING, at, None, None)


def test_what_the_database_still_knows_of_a_deleted_row_is_told(tmp_path: Path) -> None:
    known = UUID(event_id(SIZE - 1)), UUID(workflow_name(2))
    gap = Gap(entry(SIZE - 1).logged, event_id=known[0], workflow_id=known[1], seq=9)
    finding = find(write(tmp_path / "bundle", [*log()[:-1], gap]))
    assert finding.kind is Kind.MISSING
    assert (finding.event_id, finding.workflow_id) == (str(known[0]), str(known[1]))
    assert (finding.seq, finding.log_index) == (9, SIZE - 1)


@pytest.mark.parametrize("at", range(SIZE - 1))
def test_a_deleted_row_behind_which_all_moved_up_is_named(tmp_path: Path, at: int) -> None:
    rows = with_logged([*log()[:at], *log()[at + 1 :]], logged_in(log()))
    finding = find(write(tmp_path / "bundle", [*rows, Gap(logged=entry(SIZE - 1).logged)]))
    assert (finding.kind, finding.log_index) == (Kind.MISSING, at)
    assert finding.workflow_id in {None, workflow_of(entry(at).canonical)}


def test_a_deleted_row_whose_followers_were_renumbered_is_named(tmp_path: Path) -> None:
    rows = with_logged([*log()[:9], *log()[10:]], logged_in(log()))
    rows = [*rechain(rows, 9), Gap(logged=entry(SIZE - 1).logged)]
    finding = find(write(tmp_path / "bundle", rows))
    assert (finding.kind, finding.log_index) == (Kind.MISSING, 9)


def swapped(first: int, second: int) -> list[Row]:
    rows: list[Row] = list(log())
    rows[first] = replace(entry(first), canonical=entry(second).canonical)
    rows[second] = replace(entry(second), canonical=entry(first).canonical)
    return rows


@pytest.mark.parametrize(("first", "second"), [(3, 4), (0, 1), (5, 30), (38, 39), (0, 39)])
def test_swapped_bytes_are_named(tmp_path: Path, first: int, second: int) -> None:
    finding = find(write(tmp_path / "bundle", swapped(first, second)))
    assert (finding.kind, finding.log_index) == (Kind.SWAPPED, first)
    assert finding.other_log_index == second
    assert finding.event_id == event_id(second)


@pytest.mark.parametrize(("first", "second"), [(3, 4), (5, 30), (0, 39)])
def test_swapped_rows_are_named(tmp_path: Path, first: int, second: int) -> None:
    rows: list[Row] = list(log())
    rows[first] = replace(entry(second), logged=entry(first).logged)
    rows[second] = replace(entry(first), logged=entry(second).logged)
    finding = find(write(tmp_path / "bundle", rows))
    assert (finding.kind, finding.log_index) == (Kind.SWAPPED, first)
    assert finding.other_log_index == second


@pytest.mark.parametrize(("first", "second"), [(3, 4), (5, 30), (0, 39)])
def test_swapped_rows_with_a_recomputed_chain_are_named(
    tmp_path: Path, first: int, second: int
) -> None:
    rows = rechain(swapped(first, second), first)
    finding = find(write(tmp_path / "bundle", rows))
    assert (finding.kind, finding.log_index) == (Kind.SWAPPED, first)
    assert finding.other_log_index == second


def test_rows_in_a_new_order_are_named(tmp_path: Path) -> None:
    rows = list(log())
    rotated = [rows[12], rows[10], rows[11]]
    moved = with_logged([*rows[:10], *rotated, *rows[13:]], logged_in(rows))
    finding = find(write(tmp_path / "bundle", moved))
    assert (finding.kind, finding.log_index, finding.other_log_index) == (Kind.MISPLACED, 10, 11)


@pytest.mark.parametrize("workflow", [0, 1, 2])
@pytest.mark.parametrize("at", [0, 9, 20, SIZE - 1])
def test_an_inserted_row_with_a_recomputed_chain_is_named(
    tmp_path: Path, at: int, workflow: int
) -> None:
    new = Entry(event_bytes(999, workflow), 1, None, b"", b"")
    rows = rechain(with_logged([*log()[:at], new, *log()[at:]], logged_in(log())), at)
    finding = find(write(tmp_path / "bundle", rows))
    if at == SIZE - 1:
        # What it displaced is gone: this is the same as a changed entry.
        assert finding.kind in {Kind.CONTENT_CHANGED, Kind.INSERTED}
    else:
        assert finding.kind is Kind.INSERTED
    assert finding.log_index == at
    assert finding.event_id == event_id(999)
    assert finding.workflow_id == workflow_name(workflow)


@pytest.mark.parametrize("at", [0, 9, 20, 30])
def test_a_row_inserted_into_a_chain_is_named(tmp_path: Path, at: int) -> None:
    name = workflow_of(entry(at).canonical)
    number = next(n for n in range(3) if workflow_name(n) == name)
    rows = in_its_workflow(log(), at, event_bytes(999, number))
    finding = find(write(tmp_path / "bundle", rows))
    assert place(finding) == expected(Kind.INSERTED, at)
    assert finding.event_id == event_id(999)


@pytest.mark.parametrize("at", range(SIZE))
def test_a_row_deleted_from_a_chain_that_was_renumbered_is_named(tmp_path: Path, at: int) -> None:
    finding = find(write(tmp_path / "bundle", in_its_workflow(log(), at, None)))
    name = workflow_of(entry(at).canonical)
    if name in [workflow_of(row.canonical) for row in log()[at + 1 :]]:
        assert place(finding) == expected(Kind.MISSING, at)
    else:
        assert (finding.kind, finding.log_index) == (Kind.MISSING, at)


def test_an_inserted_row_that_stands_last_in_the_log_is_named(tmp_path: Path) -> None:
    """A row with a number in the middle of its chain, but behind all others in the log."""
    name = workflow_of(entry(9).canonical)
    number = next(n for n in range(3) if workflow_name(n) == name)
    new = Entry(event_bytes(999, number), 1, None, b"", b"")
    chained = rechain([*log()[:9], new, *log()[9:]], 9)
    rows = [*chained[:9], *chained[10:], chained[9]]
    tree = tree_of([*logged_in(log()), b"\x05" * 32])
    last = sign_checkpoint(Checkpoint(ORIGIN, SIZE + 1, tree.root()), [SIGNER])
    rows = with_logged(rows, [*logged_in(log()), b"\x05" * 32])
    folder = tmp_path / "bundle"
    with BundleWriter(folder, origin=ORIGIN) as writer:
        writer.append(rows)
        writer.add_checkpoint(last)
        writer.finish()
    finding = find(folder)
    assert (finding.kind, finding.log_index) == (Kind.INSERTED, SIZE)
    assert finding.event_id == event_id(999)
    assert "log index 9" in finding.message


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


@pytest.mark.parametrize("at", [0, 9, 20, 30])
@pytest.mark.parametrize("workflows", [1, 3])
def test_a_rewritten_chain_is_named(tmp_path: Path, at: int, workflows: int) -> None:
    path = write(tmp_path / "bundle", rewritten(at, workflows), workflows=workflows)
    finding = find(path)
    row = log(SIZE, workflows)[at]
    assert place(finding) == (Kind.REWRITTEN, at, workflow_of(row.canonical), row.seq)
    assert finding.event_id == event_id(at)


def test_a_rewritten_chain_and_tree_are_narrowed_to_between_checkpoints(tmp_path: Path) -> None:
    rows = rewritten(20)
    rows = with_logged(rows, [row.hash for row in rows if isinstance(row, Entry)])
    finding = find(write(tmp_path / "bundle", rows))
    assert (finding.kind, finding.log_index, finding.last_log_index) == (Kind.REWRITTEN, 17, 32)
    assert finding.checkpoint_size == 33


@pytest.mark.parametrize(
    "change",
    [
        lambda row: replace(row, seq=row.seq + 1),
        lambda row: replace(row, seq=-5),
        lambda row: replace(row, seq=2**64),
        lambda row: replace(row, prev=b"\x01" * 32),
        lambda row: replace(row, prev=b"\x01"),
        lambda row: replace(row, hash=b"\x01" * 32),
        lambda row: replace(row, hash=b""),
        lambda row: replace(row, logged=b"\x01" * 32),
        lambda row: replace(row, logged=b"\x01" * 33),
    ],
)
@pytest.mark.parametrize("at", [0, 9, SIZE - 1])
def test_a_changed_column_is_named(
    tmp_path: Path, change: Callable[[Entry], Entry], at: int
) -> None:
    rows = [*log()[:at], change(entry(at)), *log()[at + 1 :]]
    finding = find(write(tmp_path / "bundle", rows))
    assert (finding.kind, finding.log_index) == (Kind.COLUMNS_CHANGED, at)
    assert finding.event_id == event_id(at)


def test_a_line_break_within_an_event_spoils_only_that_event(tmp_path: Path) -> None:
    broken = replace(entry(9), canonical=entry(9).canonical.replace(b":", b":\n", 1))
    finding = find(write(tmp_path / "bundle", [*log()[:9], broken, *log()[10:]]))
    assert place(finding) == expected(Kind.CONTENT_CHANGED, 9)


# --- what was logged wrong, and signed


def signed_log(folder: Path, rows: Sequence[Row]) -> Path:
    """A log whose tree holds whatever the rows' hashes are."""
    rows = with_logged(rows, [row.hash for row in rows if isinstance(row, Entry)])
    tree = tree_of(logged_in(rows))
    with BundleWriter(folder, origin=ORIGIN) as writer:
        writer.append(rows)
        writer.add_checkpoint(sign_checkpoint(checkpoint(tree, len(rows)), [SIGNER]))
        writer.finish()
    return folder


def test_a_chain_that_was_logged_broken_is_named(tmp_path: Path) -> None:
    rows: list[Row] = [*log()[:9], *log()[10:]]
    name = workflow_of(entry(9).canonical)
    at = next(
        at
        for at, row in enumerate(rows)
        if at >= 9 and isinstance(row, Entry) and workflow_of(row.canonical) == name
    )
    finding = find(signed_log(tmp_path / "bundle", rows))
    assert (finding.kind, finding.log_index) == (Kind.CHAIN_BROKEN, at)


def test_what_was_logged_without_being_an_event_is_named(tmp_path: Path) -> None:
    head = ChainHead().append(b"{}")
    rows = [*log(), Entry(b"{}", head.seq, None, head.hash, b"")]
    finding = find(signed_log(tmp_path / "bundle", rows))
    assert (finding.kind, finding.log_index) == (Kind.MALFORMED, SIZE)


# --- checkpoints


def test_a_checkpoint_signed_with_another_key_is_forged(tmp_path: Path) -> None:
    tree = tree_of(logged_in(log()))
    forged = sign_checkpoint(checkpoint(tree, 17), [OTHER])
    finding = find(write(tmp_path / "bundle", log(), notes={17: forged}))
    assert (finding.kind, finding.checkpoint_size) == (Kind.FORGED_CHECKPOINT, 17)


def test_a_rewritten_log_with_forged_checkpoints_is_forged(tmp_path: Path) -> None:
    rows = rewritten(20)
    rows = with_logged(rows, [row.hash for row in rows if isinstance(row, Entry)])
    tree = tree_of(logged_in(rows))
    notes = {}
    for size in (33, SIZE):
        # The attacker has no key: the signature is the old one, over the new root.
        signed = sign_checkpoint(checkpoint(tree_of(logged_in(log())), size), [SIGNER])
        notes[size] = checkpoint(tree, size).text().encode() + signed[signed.index(b"\n\n") + 1 :]
    finding = find(write(tmp_path / "bundle", rows, notes=notes))
    assert (finding.kind, finding.checkpoint_size) == (Kind.FORGED_CHECKPOINT, 33)
    assert "is not that key's" in finding.message


@pytest.mark.parametrize("note", [b"", b"nonsense", b"\xff", b"a\n1\n\n"])
def test_what_is_no_checkpoint_is_forged(tmp_path: Path, note: bytes) -> None:
    finding = find(write(tmp_path / "bundle", log(), notes={17: note}))
    assert finding.kind is Kind.FORGED_CHECKPOINT


def test_a_checkpoint_of_another_log_is_forged(tmp_path: Path) -> None:
    tree = tree_of(logged_in(log()))
    other = Checkpoint("other.example.com/record", 17, tree.root(17))
    finding = find(write(tmp_path / "bundle", log(), notes={17: sign_checkpoint(other, [SIGNER])}))
    assert (finding.kind, finding.checkpoint_size) == (Kind.FORGED_CHECKPOINT, 17)


def test_two_signed_histories_contradict_each_other(tmp_path: Path) -> None:
    other = sign_checkpoint(Checkpoint(ORIGIN, 17, b"\x01" * 32), [SIGNER])
    finding = find(write(tmp_path / "bundle", log(), notes={17: other}))
    assert (finding.kind, finding.checkpoint_size) == (Kind.CONTRADICTION, 17)


def test_checkpoints_out_of_order_are_refused(tmp_path: Path) -> None:
    finding = find(write(tmp_path / "bundle", log(), sizes=(7, 1, SIZE)))
    assert (finding.kind, finding.checkpoint_size) == (Kind.DAMAGED, 1)


def test_entries_that_nothing_signed_are_unproven(tmp_path: Path) -> None:
    finding = find(write(tmp_path / "bundle", log(), sizes=(7, 33)))
    assert (finding.kind, finding.log_index) == (Kind.UNPROVEN, 33)
    finding = find(write(tmp_path / "none", log(), sizes=()))
    assert (finding.kind, finding.log_index) == (Kind.UNPROVEN, 0)


def test_a_bundle_whose_start_is_not_the_signed_one(tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    tree = tree_of(logged_in(log()))
    with BundleWriter(folder, origin=ORIGIN, first=1, frontier=[b"\x01" * 32]) as writer:
        writer.append(log()[1:])
        for size in (1, SIZE):
            writer.add_checkpoint(sign_checkpoint(checkpoint(tree, size), [SIGNER]))
        writer.finish()
    finding = find(folder)
    assert (finding.kind, finding.checkpoint_size) == (Kind.DAMAGED, 1)


# --- cut off and damaged bundles


def bundle_bytes(tmp_path: Path) -> bytes:
    pack(write(tmp_path / "whole", log()), tmp_path / "whole.tar")
    return (tmp_path / "whole.tar").read_bytes()


def find_in(tmp_path: Path, archive: bytes) -> Finding | BundleError:
    """What is wrong with an archive: found on opening it, or on verifying it."""
    (tmp_path / "bundle.tar").write_bytes(archive)
    try:
        return find(tmp_path / "bundle.tar")
    except BundleError as error:
        return error


def test_a_bundle_that_is_cut_off_anywhere_is_truncated(tmp_path: Path) -> None:
    whole = bundle_bytes(tmp_path)
    for length in range(0, len(whole), 97):
        found = find_in(tmp_path, whole[:length])
        if isinstance(found, Finding):
            assert found.kind is Kind.TRUNCATED, (length, found)
            assert found.log_index is not None
        else:
            # Without its manifest, nothing is known of a bundle.
            assert isinstance(found, MissingDataError | UnreadableBundleError)
            assert length < 2048


def test_the_first_entry_that_is_cut_off_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "bundle", log())
    events = folder / "events.ndjson"
    events.write_bytes(b"".join(events.read_bytes().splitlines(keepends=True)[:23])[:-5])
    finding = find(folder)
    assert (finding.kind, finding.log_index) == (Kind.TRUNCATED, 22)


def test_a_bundle_that_was_cut_back_to_a_prefix_betrays_itself(tmp_path: Path) -> None:
    finding = find(write(tmp_path / "bundle", log()[:30]))
    assert (finding.kind, finding.log_index) == (Kind.TRUNCATED, 30)
    assert f"{SIZE} entries" in finding.message


@pytest.mark.parametrize("name", ["events.ndjson", "index.bin", "checkpoints.ndjson", "keys.txt"])
def test_a_missing_file_is_noticed(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "bundle", log())
    (folder / name).unlink()
    finding = find(folder)
    assert finding.kind in {Kind.TRUNCATED, Kind.UNPROVEN}


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableBundleError):
        open_bundle(tmp_path)
    (tmp_path / "file").write_bytes(b"nonsense" * 200)
    with pytest.raises(BundleError):
        open_bundle(tmp_path / "file")


def test_a_writer_does_not_overwrite(tmp_path: Path) -> None:
    write(tmp_path / "bundle", log())
    with pytest.raises(FileExistsError):
        BundleWriter(tmp_path / "bundle", origin=ORIGIN)


@pytest.mark.parametrize("name", ["events.ndjson", "index.bin", "checkpoints.ndjson", "keys.txt"])
def test_data_behind_a_file_is_noticed(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "bundle", log())
    with (folder / name).open("ab") as file:
        file.write(b"\n")
    assert find(folder).kind is Kind.DAMAGED


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    pack(write(folder / "whole", log()[10:], first=10), folder / "whole.tar")
    return folder / "whole.tar"


@settings(max_examples=examples(300))
@given(st.data())
def test_any_flipped_bit_of_a_bundle_is_found(archive: Path, data: st.DataObject) -> None:
    whole = archive.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    mangled = bytearray(whole)
    mangled[at] ^= 1 << data.draw(st.integers(0, 7))
    found = find_in(archive.parent, bytes(mangled))
    assert isinstance(found, Finding | BundleError)


def test_every_byte_of_a_small_bundle_matters(tmp_path: Path) -> None:
    pack(write(tmp_path / "whole", log()[37:], first=37), tmp_path / "whole.tar")
    whole = (tmp_path / "whole.tar").read_bytes()
    for at in range(len(whole)):
        mangled = bytearray(whole)
        mangled[at] ^= 1 << at % 8
        assert isinstance(find_in(tmp_path, bytes(mangled)), Finding | BundleError)


# --- tampering by chance


@settings(max_examples=examples(500))
@given(
    workflows=st.integers(1, 5),
    at=st.integers(0, SIZE - 1),
    other=st.integers(0, SIZE - 1),
    how=st.sampled_from(
        ["change", "delete", "swap", "insert", "rewrite", "insert in chain", "delete in chain"]
    ),
    recompute=st.booleans(),
    first=st.integers(0, SIZE - 1),
)
def test_tampering_is_named_right(
    tmp_path_factory: pytest.TempPathFactory,
    workflows: int,
    at: int,
    other: int,
    how: str,
    recompute: bool,
    first: int,
) -> None:
    entries = list(log(SIZE, workflows))
    rows: list[Row] = list(entries)
    names = [workflow_of(row.canonical) for row in entries]
    is_last = names[at] not in names[at + 1 :]
    match how:
        case "change":
            rows[at] = replace(
                entries[at], canonical=entries[at].canonical.replace(b"deck", b"desk")
            )
            rows = rechain(rows, at) if recompute else rows
            kind = Kind.REWRITTEN if recompute and not is_last else Kind.CONTENT_CHANGED
        case "delete":
            rows[at] = Gap(logged=entries[at].logged)
            kind = Kind.MISSING
        case "swap":
            at, other = min(at, other), max(at, other)
            if at == other:
                return
            rows[at] = replace(entries[at], canonical=entries[other].canonical)
            rows[other] = replace(entries[other], canonical=entries[at].canonical)
            rows = rechain(rows, at) if recompute else rows
            kind = Kind.SWAPPED
        case "insert":
            at = min(at, SIZE - 2)
            new = Entry(event_bytes(999, other % workflows), 1, None, b"", b"")
            rows = with_logged([*rows[:at], new, *rows[at:]], logged_in(entries))
            rows = rechain(rows, at)
            kind = Kind.INSERTED
        case "insert in chain":
            number = next(n for n in range(5) if workflow_name(n) == names[at])
            rows = in_its_workflow(entries, at, event_bytes(999, number))
            # In the last place of its workflow, it is all that is left of what was there.
            kind = Kind.CONTENT_CHANGED if is_last else Kind.INSERTED
        case "delete in chain":
            rows = in_its_workflow(entries, at, None)
            kind = Kind.MISSING
        case _:
            rows = rewritten(at, workflows)
            kind = Kind.CONTENT_CHANGED if is_last else Kind.REWRITTEN
    # A bundle that starts within the log, but not behind the fault, says the same.
    first = min(first, at)
    path = tmp_path_factory.mktemp("chance") / "bundle"
    write(path, rows[first:], first=first, workflows=workflows)
    finding = find(path)
    assert (finding.kind, finding.log_index) == (kind, at)


def test_verifier_keys_are_all_that_is_needed(tmp_path: Path) -> None:
    path = write(tmp_path / "bundle", log())
    key = NoteVerifier.parse((path / "keys.txt").read_text().strip())
    assert verify_bundle(open_bundle(path), [key]).ok


# --- manifests and files that are not what they should be


def lie(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_bytes())
    change(manifest)
    path.write_bytes(canonical_json(manifest) + b"\n")
    return folder


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.update(format="venture-audit-bundle/v2"),
        lambda manifest: manifest.update(first=SIZE + 1),
        lambda manifest: manifest.update(first=1),
        lambda manifest: manifest.update(frontier=["00" * 32]),
        lambda manifest: manifest.update(more=1),
        lambda manifest: manifest.update(origin=""),
        lambda manifest: manifest["files"].update({"../x": {"bytes": 1}}),
    ],
)
def test_a_malformed_manifest_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    with pytest.raises(UnreadableBundleError):
        open_bundle(lie(write(tmp_path / "bundle", log()), change))


def test_a_manifest_has_one_spelling_and_a_bound(tmp_path: Path) -> None:
    path = write(tmp_path / "bundle", log()) / "manifest.json"
    honest = path.read_bytes()
    for data in (b" " + honest, b" " * 70_000 + honest, b"[]\n{}\n"):
        path.write_bytes(data)
        with pytest.raises(UnreadableBundleError):
            open_bundle(path.parent)


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest["files"].pop("keys.txt"),
        lambda manifest: manifest["files"]["keys.txt"].pop("sha256"),
        lambda manifest: manifest["files"]["events.ndjson"].update(sha256="00" * 32),
        lambda manifest: manifest["files"]["keys.txt"].update(sha256="00" * 32),
        lambda manifest: manifest["files"].update({"gaps.ndjson": {"bytes": 0}}),
        lambda manifest: manifest.update(size=SIZE - 1),
    ],
)
def test_a_manifest_that_lies_is_noticed(
    tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    finding = find(lie(write(tmp_path / "bundle", log()), change))
    assert finding.kind in {Kind.DAMAGED, Kind.TRUNCATED, Kind.SURPLUS}


def test_a_line_longer_than_any_event_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "bundle", log())
    (folder / "events.ndjson").write_bytes(b"x" * 3_000_000)
    assert find(folder).kind is Kind.DAMAGED


@pytest.mark.parametrize("line", [b"5\n", b"[\n", b"\xff\n"])
def test_a_line_that_is_no_note_is_refused(tmp_path: Path, line: bytes) -> None:
    folder = write(tmp_path / "bundle", log())
    path = folder / "checkpoints.ndjson"
    path.write_bytes(path.read_bytes() + line)
    assert find(folder).kind is Kind.DAMAGED


def test_gaps_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    rows: list[Row] = [*log()[:-1], Gap(logged=entry(SIZE - 1).logged)]
    folder = write(tmp_path / "bundle", rows)
    (folder / "gaps.ndjson").write_bytes(b"x" * (folder / "gaps.ndjson").stat().st_size)
    assert find(folder).kind is Kind.DAMAGED


def test_an_archive_has_one_form(tmp_path: Path) -> None:
    whole = bundle_bytes(tmp_path)
    for archive in (whole + bytes(512), whole + b"x", whole[:-1024] + whole):
        assert isinstance(find_in(tmp_path, archive), SurplusDataError)
    with tarfile.open(tmp_path / "other.tar", "w") as archive_file:
        archive_file.add(tmp_path / "whole", arcname=".")
    with pytest.raises(UnreadableBundleError):
        open_bundle(tmp_path / "other.tar")
