"""The zip writer: readable by others, the same bytes every time."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venture_core.artifacts.packaging.archive import ArchiveError, write_zip

NAMES = st.text(st.sampled_from("abcdefgh/._-"), min_size=1, max_size=20)


@given(st.dictionaries(NAMES, st.binary(max_size=300), max_size=8))
def test_any_reader_gets_back_what_was_written(members: dict[str, bytes]) -> None:
    data = write_zip(members.items())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == members
        assert archive.namelist() == list(members)
    assert write_zip(members.items()) == data


def test_members_carry_no_time_and_no_machine() -> None:
    with zipfile.ZipFile(io.BytesIO(write_zip([("a", b"x" * 100)]))) as archive:
        (info,) = archive.infolist()
    assert info.date_time == (1980, 1, 1, 0, 0, 0)
    assert (info.create_system, info.external_attr, info.flag_bits, info.extra) == (0, 0, 0, b"")


def test_what_does_not_shrink_is_stored() -> None:
    members = [("text", b"hello " * 100), ("noise", bytes(range(256)))]
    with zipfile.ZipFile(io.BytesIO(write_zip(members))) as archive:
        methods = {info.filename: info.compress_type for info in archive.infolist()}
    assert methods == {"text": zipfile.ZIP_DEFLATED, "noise": zipfile.ZIP_STORED}


@pytest.mark.parametrize("members", [[("a", b""), ("a", b"")], [("ä", b"")]])
def test_ambiguous_names_are_refused(members: list[tuple[str, bytes]]) -> None:
    with pytest.raises(ArchiveError):
        write_zip(members)


def test_the_bytes_are_these() -> None:
    """A change of libdeflate or of the writer shows here first."""
    local = "504b0304 1400 0000 0800 0000 2100 5565b489 06000000 40000000 0500 0000"
    central = "504b0102 1400 1400 0000 0800 0000 2100 5565b489 06000000 40000000 0500 0000"
    attributes = "0000 0000 0000 00000000 00000000"
    end = "504b0506 0000 0000 0100 0100 33000000 29000000 0000"
    name, deflated = b"a.txt".hex(), "4b4ca40c0000"
    expected = bytes.fromhex(local + name + deflated + central + attributes + name + end)
    assert write_zip([("a.txt", b"a" * 64)]) == expected
