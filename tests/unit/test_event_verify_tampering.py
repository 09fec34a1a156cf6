"""Audit bundles: what was tampered with in the database is found, named and told apart.

Tampering is done as a superuser of the database would: to the rows that the writer is then given,
while the log's order and signed checkpoints stay as they were, unless the test changes them too.
"""

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from honestlog import (
    ORIGIN,
    SIGNER,
    SIZE,
    Row,
    entry,
    event_bytes,
    event_id,
    find,
    log,
    logged_in,
    rechain,
    rewritten,
    tree_of,
    with_logged,
    workflow_name,
    write,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from soaking import examples
from venture_core.events.bundle import BundleWriter, Entry, Gap
from venture_core.events.chain import ChainHead
from venture_core.events.checkpoint import Checkpoint, sign_checkpoint
from venture_core.events.envelope import workflow_of
from venture_core.events.verify import Finding, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


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


def place(finding: Finding) -> tuple[Kind, int | None, str | None, int | None]:
    return finding.kind, finding.log_index, finding.workflow_id, finding.seq


def expected(kind: Kind, at: int) -> tuple[Kind, int, str | None, int]:
    return kind, at, workflow_of(entry(at).canonical), entry(at).seq


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
