"""Audit bundles: files that are cut off, damaged, missing, or not what they should be."""

import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from honestlog import ORIGIN, SIZE, Row, entry, find, log, write
from hypothesis import given, settings
from hypothesis import strategies as st
from soaking import examples
from venture_core.canonical import canonical_json
from venture_core.events.bundle import (
    BundleError,
    BundleWriter,
    Gap,
    MissingDataError,
    SurplusDataError,
    UnreadableBundleError,
    open_bundle,
    pack,
)
from venture_core.events.verify import Finding, Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
