"""What other people wrote into the API server is read at a bounded cost, whatever it is."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venture_core.kubernetes.bounded import (
    PART_MAX_BYTES,
    UNREADABLE,
    UnreadableError,
    read_event,
    read_object,
    read_page,
)

METADATA = {
    "name": "a",
    "namespace": "n",
    "uid": "u",
    "resourceVersion": "7",
    "generation": 2,
    "creationTimestamp": "2026-11-26T00:00:00Z",
}


def encoded(spec: str = "{}", status: str = "{}", **metadata: Any) -> bytes:
    head = {"apiVersion": "v1", "kind": "K", "metadata": METADATA | metadata}
    return f'{json.dumps(head)[:-1]},"spec":{spec},"status":{status}}}'.encode()


def test_an_ordinary_object_is_read_but_for_what_nobody_decides_by() -> None:
    labels = {"a.b/c": "d"}
    body = read_object(
        encoded('{"x":[1,2.5,"é"]}', labels=labels, annotations=labels, managedFields=[{}])
    )
    assert body == {
        "apiVersion": "v1",
        "kind": "K",
        "metadata": METADATA | {"labels": labels, "annotations": labels},
        "spec": {"x": [1, 2.5, "é"]},
        "status": {},
    }


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ('"' + "x" * PART_MAX_BYTES + '"', "spec has 196610 bytes, at most 196608 are read"),
        ('{"a":' * 50_000 + "1" + "}" * 50_000, "spec has 300001 bytes, at most 196608 are read"),
        ("[" * 90_000 + "]" * 90_000, "spec is nested too deeply to be read"),
        ('{"version":' + "1" * 5_000 + "}", "spec cannot be read: Exceeds the limit (4300 digits)"),
    ],
    ids=["long", "deep and long", "deep", "digits"],
)
def test_what_cannot_be_read_says_so_and_the_rest_is_there(spec: str, says: str) -> None:
    body = read_object(encoded(spec, '{"phase":"Ready"}'))
    assert body[UNREADABLE].startswith(says)
    assert "spec" not in body
    assert body["status"] == {"phase": "Ready"}
    assert body["metadata"]["name"] == "a"


def test_nothing_is_built_of_what_is_too_large() -> None:
    inline = "[" + "{}," * 400_000 + "1]"
    data = encoded(inline, annotations={str(number): "" for number in range(20_000)})
    tracemalloc.start()
    read_object(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # json.loads takes 26 MB for it.
    assert peak < 2 * len(inline)


def test_labels_without_bound_count_as_none() -> None:
    body = read_object(encoded(labels={f"l{number}": "v" for number in range(5_000)}))
    assert "labels" not in body["metadata"]


def test_events_and_lists_are_read_the_same_way() -> None:
    line = b'{"type":"ADDED","object":' + encoded() + b"}"
    assert read_event(line).object == read_object(encoded())
    gone = b'{"type":"ERROR","object":{"kind":"Status","code":410}}'
    assert read_event(gone).object["code"] == 410
    item = encoded().replace(b'"apiVersion": "v1", "kind": "K", ', b"")
    page = b'{"metadata":{"resourceVersion":"9","continue":"c"},"items":[' + item + b"]}"
    read = read_page(page, api_version="v1", kind="K")
    assert read.items == [read_object(encoded())]
    assert read.unreadable == []
    assert (read.resource_version, read.continue_token) == ("9", "c")


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_other_bytes_are_refused_with_one_kind_of_error(data: bytes) -> None:
    for read in (read_object, read_event, lambda raw: read_page(raw, api_version="", kind="")):
        with pytest.raises(UnreadableError):
            read(data)
