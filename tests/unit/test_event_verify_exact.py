"""Whatever is in a bundle is proven or makes it fail: no line, file or byte is passed over.

Each bundle here was made by somebody without a key, out of an honest one whose manifest was written
anew to agree.
"""

import hashlib
import io
import json
import os
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from auditlog import ORIGIN, SIGNER, checkpoint_note, entries, write_bundle
from venture_core.canonical import canonical_json
from venture_core.events.bundle import BundleError, BundleWriter, open_bundle, pack
from venture_core.events.merkle import Frontier, leaf_hashes
from venture_core.events.verify import Kind, verify_bundle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOG = entries(6)
FORGED = entries(9)[-1].canonical
TRUSTED = [SIGNER.verifier]
SMALL = ("checkpoints.ndjson", "keys.txt", "gaps.ndjson")


@pytest.fixture
def honest(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "bundle", LOG, signed=LOG)


def agree(folder: Path, **more: Any) -> Path:
    """Write the manifest anew, so that it describes the files as they are."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_bytes()) | more
    names = [each.name for each in folder.iterdir() if each.name in {*manifest["files"], *SMALL}]
    manifest["files"] = {name: describe(folder / name) for name in names}
    path.write_bytes(canonical_json(manifest) + b"\n")
    return folder


def describe(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    digest = {"sha256": hashlib.sha256(data).hexdigest()} if path.name in SMALL else {}
    return {"bytes": len(data), **digest}


def add(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def found_in(path: Path) -> tuple[str, str]:
    """Return the kind and the sentence of what is wrong, wherever it is noticed."""
    try:
        finding = verify_bundle(open_bundle(path), TRUSTED).finding
    except BundleError as error:
        return type(error).__name__, str(error)
    assert finding is not None, "the forgery verifies"
    return finding.kind, finding.message


def found_in_all(folder: Path) -> set[str]:
    """Return the kinds that are found in the folder, and in the archive of it."""
    archive = folder.with_suffix(".tar")
    pack(folder, archive)
    return {found_in(folder)[0], found_in(archive)[0]}


@pytest.mark.parametrize("end", [b"\n", b""], ids=["whole", "without its end"])
@pytest.mark.parametrize("lines", [1, 2, 5000])
def test_lines_behind_the_last_record(honest: Path, lines: int, end: bytes) -> None:
    add(honest / "events.ndjson", b"\n".join([FORGED] * lines) + end)
    assert found_in_all(agree(honest)) == {Kind.SURPLUS}


def test_lines_far_behind_the_last_record(honest: Path) -> None:
    # Beyond what is read at once: not even looked at, and not passed over.
    add(honest / "events.ndjson", (b"x" * 900_000 + b"\n") * 4)
    assert found_in_all(agree(honest)) == {Kind.SURPLUS}


def test_an_empty_line_behind_the_last_record(honest: Path) -> None:
    add(honest / "events.ndjson", b"\n")
    assert found_in_all(agree(honest)) == {Kind.SURPLUS}


@pytest.mark.parametrize("end", [b"\n", b""], ids=["whole", "without its end"])
@pytest.mark.parametrize("first", [0, len(LOG)])
def test_events_in_a_bundle_of_no_entries(tmp_path: Path, first: int, end: bytes) -> None:
    edge = Frontier()
    edge.extend(leaf_hashes(each.logged for each in LOG[:first]))
    folder = tmp_path / "bundle"
    with BundleWriter(folder, origin=ORIGIN, first=first, frontier=edge.nodes) as writer:
        writer.add_checkpoint(checkpoint_note(LOG, first))
        writer.add_key(SIGNER.verifier)
        writer.finish()
    assert verify_bundle(open_bundle(folder), TRUSTED).ok
    add(folder / "events.ndjson", FORGED + end)
    assert found_in_all(agree(folder)) == {Kind.SURPLUS}


def test_a_last_line_without_its_end(honest: Path) -> None:
    events = honest / "events.ndjson"
    events.write_bytes(events.read_bytes().removesuffix(b"\n"))
    assert found_in_all(agree(honest)) == {Kind.DAMAGED}


def test_records_behind_the_last_line(honest: Path) -> None:
    index = honest / "index.bin"
    add(index, index.read_bytes()[-104:])
    assert found_in_all(agree(honest)) == {Kind.DAMAGED}
    agree(honest, size=len(LOG) + 1)
    honest.with_suffix(".tar").unlink()
    assert found_in_all(honest) == {Kind.TRUNCATED}


def test_a_gaps_file_where_nothing_is_missing(honest: Path) -> None:
    for text in (b"", b'{"logIndex":3}\n', b"whatever"):
        (honest / "gaps.ndjson").write_bytes(text)
        assert found_in_all(agree(honest)) == {Kind.SURPLUS}
        honest.with_suffix(".tar").unlink()


def test_a_checkpoint_from_before_the_first_entry(tmp_path: Path) -> None:
    edge = Frontier()
    edge.extend(leaf_hashes(each.logged for each in LOG[:4]))
    folder = tmp_path / "bundle"
    with BundleWriter(folder, origin=ORIGIN, first=4, frontier=edge.nodes) as writer:
        writer.append(LOG[4:])
        for size in (3, len(LOG)):
            writer.add_checkpoint(checkpoint_note(LOG, size))
        writer.finish()
    assert found_in(folder)[0] == Kind.SURPLUS


@pytest.mark.parametrize(
    "respell",
    [
        lambda line: line.replace(b"venture", b"\\u0076enture", 1),
        lambda line: b" " + line,
        lambda line: line.replace(b"\n", b" \n"),
        lambda line: line.removesuffix(b"\n"),
        lambda line: line + b"\n",
        lambda line: line.replace(b"\\n", b"\\u000a", 1),
        lambda line: line + b"[" * 200_000,
        lambda line: line + b"1" * 5_000 + b"\n",
    ],
)
def test_checkpoints_have_one_spelling(honest: Path, respell: Callable[[bytes], bytes]) -> None:
    path = honest / "checkpoints.ndjson"
    path.write_bytes(respell(path.read_bytes()))
    assert found_in_all(agree(honest)) == {Kind.DAMAGED}


@pytest.mark.parametrize("text", ["hello\n", f" {SIGNER.verifier.text}\n", "\n"])
def test_keys_that_are_none(honest: Path, text: str) -> None:
    (honest / "keys.txt").write_text(text)
    assert found_in_all(agree(honest)) == {Kind.DAMAGED}


def test_keys_that_are_written_twice_or_without_an_end(honest: Path) -> None:
    for text in (f"{SIGNER.verifier.text}\n" * 2, SIGNER.verifier.text):
        (honest / "keys.txt").write_text(text)
        assert found_in(agree(honest))[0] == Kind.DAMAGED


@pytest.mark.parametrize("name", [".DS_Store", "events.ndjson.bak", "readme", "gaps.ndjson"])
def test_files_that_nobody_listed(honest: Path, name: str) -> None:
    (honest / name).write_bytes(b"")
    kind, message = found_in(honest)
    assert kind == Kind.SURPLUS
    assert name in message


def test_a_folder_that_nobody_listed(honest: Path) -> None:
    (honest / "more").mkdir()
    assert found_in(honest)[0] == Kind.SURPLUS


FILES = ("manifest.json", "events.ndjson", "index.bin", "checkpoints.ndjson", "keys.txt")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda path, other: path.symlink_to(other), "a symbolic link"),
        (lambda path, other: path.hardlink_to(other), "a hard link"),
        (lambda path, _: os.mkfifo(path), "no file"),
        (lambda path, _: path.mkdir(), "no file"),
        (lambda path, _: path.symlink_to("/dev/zero"), "a symbolic link"),
    ],
    ids=["symlink", "hardlink", "pipe", "folder", "link to a device"],
)
def test_what_is_no_plain_file(
    honest: Path, name: str, make: Callable[[Path, Path], object], what: str
) -> None:
    other = honest.parent / "other"
    (honest / name).rename(other)
    make(honest / name, other)
    kind, message = found_in(honest)
    assert kind in {Kind.DAMAGED, "UnreadableBundleError"}
    assert f"{name} is {what}" in message


def repack(
    folder: Path, archive: Path, change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], object]
) -> Path:
    """Write an archive that has the form of a bundle's, but whatever members somebody wants."""
    order = ("manifest.json", "keys.txt", "checkpoints.ndjson", "index.bin", "events.ndjson")
    members = [(tarfile.TarInfo(name), (folder / name).read_bytes()) for name in order]
    change(members)
    data = b""
    for info, content in members:
        info.size = len(content)
        data += info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)
    archive.write_bytes(data + bytes(1024))
    return archive


def typed(kind: bytes) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo("gaps.ndjson")
    info.type, info.linkname = kind, "/etc/passwd" if kind in {b"1", b"2"} else ""
    return info, b""


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda members: members.insert(1, members[1]), "keys.txt twice"),
        (lambda members: members.append(members[-1]), "events.ndjson twice"),
        (lambda members: members.append(members[0]), "manifest.json twice"),
        (lambda members: members.append((tarfile.TarInfo("more"), b"")), "'more', which is no"),
        (lambda members: members.append((tarfile.TarInfo("\x1b[2J"), b"")), "'\\x1b[2J', which"),
        (lambda members: members.insert(3, (tarfile.TarInfo("gaps.ndjson"), b"")), "not list"),
        (lambda members: members.reverse(), "where it does not belong"),
        (lambda members: members.insert(3, typed(tarfile.SYMTYPE)), "a link"),
        (lambda members: members.insert(3, typed(tarfile.LNKTYPE)), "a link"),
        (lambda members: members.insert(3, typed(tarfile.CHRTYPE)), "no file at all"),
        (lambda members: members.insert(3, typed(tarfile.DIRTYPE)), "no file at all"),
    ],
)
def test_members_of_an_archive(
    honest: Path, change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], object], sentence: str
) -> None:
    archive = repack(honest, honest.with_suffix(".tar"), lambda _: None)
    assert verify_bundle(open_bundle(archive), TRUSTED).ok
    assert sentence in found_in(repack(honest, archive, change))[1]


@pytest.mark.parametrize("data", [b"\n", b"\x00", bytes(512), bytes(10_240), FORGED])
def test_data_behind_the_end_of_an_archive(honest: Path, data: bytes) -> None:
    archive = honest.with_suffix(".tar")
    pack(honest, archive)
    add(archive, data)
    kind, message = found_in(archive)
    assert (kind, message) == ("SurplusDataError", "the archive has data behind its end")


@pytest.mark.parametrize("size", [2**33, 2**62, 2**63 - 1, 2**63, 2**70])
def test_sizes_that_no_file_has(honest: Path, size: int) -> None:
    info = tarfile.TarInfo("manifest.json")
    info.size = size
    archive = honest.with_suffix(".tar")
    archive.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + (honest / "manifest.json").read_bytes())
    assert found_in(archive)[0] == Kind.TRUNCATED
    archive.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(2048))
    assert found_in(archive)[0] == "MissingDataError"


def test_a_checkpoint_whose_size_is_a_long_number(honest: Path) -> None:
    note = checkpoint_note(LOG, len(LOG)).replace(b"\n6\n", b"\n" + b"6" * 5_000 + b"\n")
    path = honest / "checkpoints.ndjson"
    path.write_bytes(json.dumps(note.decode(), ensure_ascii=False).encode() + b"\n")
    assert found_in_all(agree(honest)) == {Kind.FORGED_CHECKPOINT}


def test_an_archive_of_another_program_says_so(honest: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(honest / "manifest.json", arcname="manifest.json")
    honest.with_suffix(".tar").write_bytes(buffer.getvalue())
    assert "a header of another form" in found_in(honest.with_suffix(".tar"))[1]
