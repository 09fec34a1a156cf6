"""Audit bundles: what is untouched verifies, and what was logged or signed wrong is told apart."""

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from honestlog import (
    CHECKPOINTS,
    ORIGIN,
    SIGNER,
    SIZE,
    Row,
    checkpoint,
    entry,
    find,
    log,
    logged_in,
    rewritten,
    tree_of,
    verify,
    with_logged,
    write,
)
from venture_core.events.bundle import BundleWriter, Entry, open_bundle, pack
from venture_core.events.chain import ChainHead
from venture_core.events.checkpoint import Checkpoint, sign_checkpoint
from venture_core.events.envelope import workflow_of
from venture_core.events.notes import NoteSigner, NoteVerifier
from venture_core.events.verify import Kind, verify_bundle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

OTHER = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x02" * 32))


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


def test_verifier_keys_are_all_that_is_needed(tmp_path: Path) -> None:
    path = write(tmp_path / "bundle", log())
    key = NoteVerifier.parse((path / "keys.txt").read_text().strip())
    assert verify_bundle(open_bundle(path), [key]).ok
