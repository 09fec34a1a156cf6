"""Bundles that follow one another are one log; and what checkpoints say of time."""

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from auditlog import ORIGIN, SIGNER, entries
from venture_core.events.bundle import BundleWriter, Entry, open_bundle
from venture_core.events.chain import ChainHead
from venture_core.events.checkpoint import (
    Checkpoint,
    CheckpointError,
    open_checkpoint,
    sign_checkpoint,
    to_milliseconds,
)
from venture_core.events.merkle import Frontier, MerkleTree, leaf_hashes
from venture_core.events.verify import Kind, Report, verify_bundle, verify_series

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LOG = entries(30)
TRUSTED = [SIGNER.verifier]
START = datetime(2026, 11, 26, 11, 0, 0, 250_000, tzinfo=UTC)


def part(
    folder: Path,
    first: int,
    size: int,
    *,
    log: Sequence[Entry] = LOG,
    sizes: tuple[int, ...] = (),
    times: tuple[datetime | None, ...] = (),
) -> Path:
    """Write the bundle of a stretch, with a checkpoint at its end and at the sizes before."""
    tree, edge = MerkleTree(leaf_hashes(each.logged for each in log)), Frontier()
    edge.extend(leaf_hashes(each.logged for each in log[:first]))
    with BundleWriter(folder, origin=ORIGIN, first=first, frontier=edge.nodes) as writer:
        writer.append(log[first:size])
        for number, each in enumerate((*sizes, size)):
            time = times[number] if times else None
            note = sign_checkpoint(Checkpoint(ORIGIN, each, tree.root(each), time), [SIGNER])
            writer.add_checkpoint(note)
        writer.add_key(SIGNER.verifier)
        writer.finish()
    return folder


def verify(*paths: Path, known: Checkpoint | None = None) -> Report:
    return verify_series([open_bundle(path) for path in paths], TRUSTED, known=known)


def rechained(lines: Sequence[bytes], head: ChainHead) -> list[Entry]:
    made = []
    for line in lines:
        before, head = head, head.append(line)
        made.append(Entry(line, head.seq, before.hash, head.hash, head.hash))
    return made


@pytest.mark.parametrize(
    "cuts",
    [
        [(0, 30)],
        [(0, 10), (10, 30)],
        [(0, 10), (10, 20), (20, 30)],
        [(0, 12), (9, 21), (18, 30)],
        [(0, 12), (0, 30)],
        [(0, 12), (11, 12), (12, 30)],
        [(0, 30), (30, 30)],
        [(5, 12), (10, 30)],
    ],
)
def test_a_series_verifies_as_one_log(tmp_path: Path, cuts: list[tuple[int, int]]) -> None:
    paths = [part(tmp_path / f"{n}", *cut) for n, cut in enumerate(cuts)]
    report = verify(*paths)
    assert report.finding is None
    assert (report.first, report.size, report.bundles) == (cuts[0][0], 30, len(cuts))
    assert (report.entries, report.workflows) == (30 - cuts[0][0], 1)
    assert report.root == MerkleTree(leaf_hashes(each.logged for each in LOG)).root()


def test_a_hole_between_bundles_is_named(tmp_path: Path) -> None:
    report = verify(part(tmp_path / "a", 0, 10), part(tmp_path / "b", 13, 30))
    assert report.finding is not None
    assert report.finding.kind is Kind.MISSING
    assert (report.finding.log_index, report.finding.last_log_index) == (10, 12)


def test_a_chain_that_breaks_at_the_border_is_noticed_in_a_series_only(tmp_path: Path) -> None:
    # The log itself signed it: the second month starts the workflow's chain anew, as number 11
    # behind a hash that no event has.
    broken = [
        *LOG[:10],
        *rechained([each.canonical for each in LOG[10:]], ChainHead(10, b"\x07" * 32)),
    ]
    first, second = (
        part(tmp_path / name, *cut, log=broken) for name, cut in (("a", (0, 10)), ("b", (10, 30)))
    )
    assert verify(second).ok
    report = verify(first, second)
    assert report.finding is not None
    assert (report.finding.kind, report.finding.log_index) == (Kind.CHAIN_BROKEN, 10)


def test_a_workflow_that_starts_twice_is_noticed_in_a_series_only(tmp_path: Path) -> None:
    broken = [*LOG[:10], *rechained([each.canonical for each in LOG[10:]], ChainHead())]
    first, second = (
        part(tmp_path / "a", 0, 12, log=broken),
        part(tmp_path / "b", 10, 30, log=broken),
    )
    report = verify(first, second)
    assert report.finding is not None
    assert (report.finding.kind, report.finding.log_index) == (Kind.CHAIN_BROKEN, 10)


def test_bundles_of_two_histories_contradict_each_other(tmp_path: Path) -> None:
    other = [
        *LOG[:5],
        *rechained(
            [each.canonical.replace(b"deck", b"desk") for each in LOG[5:]],
            ChainHead(5, LOG[4].hash),
        ),
    ]
    paths = part(tmp_path / "a", 0, 12), part(tmp_path / "b", 9, 30, log=other)
    assert all(verify(path).ok for path in paths)
    report = verify(*paths)
    assert report.finding is not None
    assert report.finding.kind is Kind.CONTRADICTION
    assert report.finding.checkpoint_size == 12


def test_an_event_id_comes_once_in_a_series(tmp_path: Path) -> None:
    lines = [*(each.canonical for each in LOG[:20]), LOG[3].canonical]
    log = rechained(lines, ChainHead())
    report = verify(part(tmp_path / "a", 0, 12, log=log), part(tmp_path / "b", 9, 21, log=log))
    assert report.finding is not None
    assert report.finding.kind is Kind.DUPLICATE
    assert (report.finding.log_index, report.finding.other_log_index) == (20, 3)


def test_bundles_are_given_in_order(tmp_path: Path) -> None:
    a, b = part(tmp_path / "a", 0, 10), part(tmp_path / "b", 10, 30)
    for wrong in ((b, a), (a, part(tmp_path / "c", 0, 5))):
        with pytest.raises(ValueError, match="follow one another"):
            verify(*wrong)
    with pytest.raises(ValueError, match="no bundle"):
        verify_series([], TRUSTED)


def test_a_kept_checkpoint_is_compared_wherever_it_falls(tmp_path: Path) -> None:
    paths = part(tmp_path / "a", 4, 12), part(tmp_path / "b", 9, 30)
    tree = MerkleTree(leaf_hashes(each.logged for each in LOG))
    for size in (4, 7, 10, 12, 20, 30):
        assert verify(*paths, known=Checkpoint(ORIGIN, size, tree.root(size))).ok, size
        finding = verify(*paths, known=Checkpoint(ORIGIN, size, b"\x01" * 32)).finding
        assert finding is not None, size
    with pytest.raises(ValueError, match="says nothing"):
        verify(*paths, known=Checkpoint(ORIGIN, 3, tree.root(3)))
    finding = verify(*paths, known=Checkpoint(ORIGIN, 31, b"\x01" * 32)).finding
    assert finding is not None
    assert finding.kind is Kind.TRUNCATED


# --- time


def test_a_checkpoint_says_when_it_was_signed() -> None:
    timed = Checkpoint(ORIGIN, 3, b"\x01" * 32, START)
    assert timed.text().splitlines()[3] == "venture.signed-at/v1 2026-11-26T11:00:00.250Z"
    assert open_checkpoint(sign_checkpoint(timed, [SIGNER]), TRUSTED) == timed
    # Whoever reads the first version only, reads the same log, size and root.
    assert timed.text().startswith(Checkpoint(ORIGIN, 3, b"\x01" * 32).text())
    elsewhere = START.astimezone(timezone(timedelta(hours=5)))
    assert Checkpoint(ORIGIN, 3, b"\x01" * 32, elsewhere).text() == timed.text()
    assert to_milliseconds(START.replace(microsecond=999_999)).microsecond == 999_000


@pytest.mark.parametrize(
    "line",
    [
        "",
        "2026-11-26T11:00:00Z",
        "2026-11-26T11:00:00.25Z",
        "2026-11-26T11:00:00.250+00:00",
        "2026-13-26T11:00:00.250Z",
        "2026-11-26 11:00:00.250Z",
        "2026-11-26T11:00:00.250Z ",
        "2026-11-26T11:00:00.250Z\nventure.signed-at/v1 2026-11-26T11:00:00.250Z",
    ],
)
def test_a_time_is_written_in_one_way(line: str) -> None:
    text = Checkpoint(ORIGIN, 3, b"\x01" * 32).text()
    with pytest.raises(CheckpointError):
        Checkpoint.parse(f"{text}venture.signed-at/v1 {line}\n")


def times(*seconds: float | None) -> tuple[datetime | None, ...]:
    return tuple(None if each is None else START + timedelta(seconds=each) for each in seconds)


def test_times_are_told_and_old_checkpoints_still_verify(tmp_path: Path) -> None:
    path = part(tmp_path / "a", 0, 20, sizes=(5, 10, 15), times=times(None, None, 1, 1))
    report = verify(path)
    assert report.ok
    assert (report.timed_from, report.signed_at) == (15, START + timedelta(seconds=1))
    report = verify(part(tmp_path / "b", 0, 20))
    assert report.ok
    assert (report.timed_from, report.signed_at) == (None, None)


def test_time_does_not_go_back(tmp_path: Path) -> None:
    path = part(tmp_path / "a", 0, 20, sizes=(5, 10, 15), times=times(0, 2, None, 1))
    finding = verify(path).finding
    assert finding is not None
    assert (finding.kind, finding.checkpoint_size) == (Kind.TIME_REVERSED, 20)
    later = (
        part(tmp_path / "b", 0, 20, times=times(5)),
        part(tmp_path / "c", 20, 30, times=times(4)),
    )
    assert verify(later[1]).ok
    finding = verify(*later).finding
    assert finding is not None
    assert (finding.kind, finding.checkpoint_size) == (Kind.TIME_REVERSED, 30)


def test_time_does_not_go_back_behind_what_was_kept(tmp_path: Path) -> None:
    path = part(tmp_path / "a", 0, 20, sizes=(5,), times=times(0, 4))
    tree = MerkleTree(leaf_hashes(each.logged for each in LOG))
    for size, seconds, is_right in ((10, 4, True), (10, 5, False), (20, 5, False), (3, 1, False)):
        known = Checkpoint(ORIGIN, size, tree.root(size), START + timedelta(seconds=seconds))
        finding = verify(path, known=known).finding
        assert (finding is None) is is_right, known
        assert finding is None or finding.kind is Kind.TIME_REVERSED


def test_the_report_hands_on_the_last_checkpoint(tmp_path: Path) -> None:
    report = verify(part(tmp_path / "a", 0, 20, sizes=(5,), times=times(0, 1)))
    assert report.note is not None
    kept = open_checkpoint(report.note, TRUSTED, origin=ORIGIN)
    assert (kept.size, kept.root) == (20, report.root)
    assert verify_bundle(open_bundle(part(tmp_path / "b", 0, 30)), TRUSTED, known=kept).ok
