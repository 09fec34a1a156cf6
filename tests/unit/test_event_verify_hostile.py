"""Bundles that are made to hurt their reader: bounded, refused with a sentence, told apart."""

import bz2
import gzip
import json
import lzma
import os
import tarfile
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from auditlog import SIGNER, entries, write_bundle
from venture_core.canonical import canonical_json
from venture_core.events.bundle import BundleError, open_bundle, pack
from venture_core.events.verify import Finding, Kind, verify_bundle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOG = entries(6)
MIB = 1024 * 1024


@pytest.fixture
def honest(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "bundle", LOG, signed=LOG)


def find(path: Path) -> Finding:
    try:
        finding = verify_bundle(open_bundle(path), [SIGNER.verifier]).finding
    except BundleError as error:
        return Finding.of(error)
    assert finding is not None
    return finding


@pytest.mark.parametrize(
    "manifest",
    [
        b'{"size":' + b"1" * 5_000 + b"}\n",
        b'{"size":-' + b"9" * 50_000 + b"}\n",
        b'{"size":1e400}\n',
        b'{"frontier":' + b"[" * 30_000 + b"]" * 30_000 + b"}\n",
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"\n",
        b'{"\x1b[2J\\u001b]0;owned":1}\n',
        b'{"origin":"\\u001b[2J"}\n',
        b"\xff\xfe}\n",
    ],
)
def test_a_manifest_that_is_hard_to_read(honest: Path, manifest: bytes) -> None:
    (honest / "manifest.json").write_bytes(manifest)
    finding = find(honest)
    assert finding.kind is Kind.DAMAGED
    assert finding.message.isprintable()
    assert len(finding.message) < 300


def test_numbers_of_a_manifest_are_those_of_a_log(honest: Path) -> None:
    path = honest / "manifest.json"
    manifest = json.loads(path.read_bytes())
    for size in (2**62, 2**63, 10**300):
        path.write_bytes(
            json.dumps(manifest | {"size": size}, separators=(",", ":")).encode() + b"\n"
        )
        assert find(honest).kind in {Kind.DAMAGED, Kind.TRUNCATED}


@pytest.mark.parametrize("name", ["events.ndjson", "checkpoints.ndjson", "keys.txt", "gaps.ndjson"])
def test_a_sparse_file_takes_no_memory(honest: Path, name: str) -> None:
    path, manifest = honest / name, json.loads((honest / "manifest.json").read_bytes())
    path.touch()
    os.truncate(path, 1300 * MIB)
    described = {"bytes": 1300 * MIB}
    manifest["files"][name] = (
        described if name == "events.ndjson" else described | {"sha256": "0" * 64}
    )
    (honest / "manifest.json").write_bytes(canonical_json(manifest) + b"\n")
    tracemalloc.start()
    finding = find(honest)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert finding.kind in {Kind.DAMAGED, Kind.SURPLUS}
    assert peak < 16 * MIB


def test_many_short_lines_take_no_memory(honest: Path) -> None:
    manifest = json.loads((honest / "manifest.json").read_bytes())
    count = MIB // 4
    (honest / "events.ndjson").write_bytes(b"\n" * count)
    os.truncate(honest / "index.bin", 104 * count)
    manifest["size"] = count
    manifest["files"]["events.ndjson"] = {"bytes": count}
    manifest["files"]["index.bin"] = {"bytes": 104 * count}
    (honest / "manifest.json").write_bytes(canonical_json(manifest) + b"\n")
    tracemalloc.start()
    assert find(honest).kind in {Kind.MISSING, Kind.CONTENT_CHANGED}
    assert tracemalloc.get_traced_memory()[1] < 64 * MIB
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("compress", "name"),
    [
        (gzip.compress, "gzip"),
        (bz2.compress, "bzip2"),
        (lzma.compress, "xz"),
        (lambda data: b"\x28\xb5\x2f\xfd" + data, "zstd"),
        (lambda data: b"PK\x03\x04" + data, "zip"),
    ],
)
def test_a_compressed_archive_says_so(
    honest: Path, compress: Callable[[bytes], bytes], name: str
) -> None:
    archive = honest.with_suffix(".tar")
    pack(honest, archive)
    archive.write_bytes(compress(archive.read_bytes()))
    finding = find(archive)
    assert finding.kind is Kind.CONVERTED
    assert f"compressed with {name}" in finding.message
    assert "says nothing about the log" in finding.message


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_an_archive_of_another_program_says_so(honest: Path, form: int) -> None:
    with tarfile.open(honest.with_suffix(".tar"), "w", format=form) as archive:
        archive.add(honest / "manifest.json", arcname="manifest.json")
    finding = find(honest.with_suffix(".tar"))
    assert finding.kind is Kind.CONVERTED
    assert "unpack it and verify the folder" in finding.message


@pytest.mark.parametrize(
    "names",
    [
        ("manifest.json", "events.ndjson", "checkpoints.ndjson", "keys.txt"),
        ("events.ndjson",),
        ("checkpoints.ndjson",),
        ("keys.txt",),
    ],
)
def test_line_ends_that_were_changed_on_the_way(honest: Path, names: tuple[str, ...]) -> None:
    for name in names:
        path = honest / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    finding = find(honest)
    assert finding.kind is Kind.CONVERTED
    assert "CRLF" in finding.message
