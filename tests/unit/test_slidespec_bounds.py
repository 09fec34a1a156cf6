"""Whatever a document holds, to read it costs little, and it ends in a problem, not a defect."""

import time

import pytest
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.ir import MAX_IR_BYTES, InvalidIRError
from venture_core.artifacts.ir.structure import MAX_NAMES, MAX_VALUES
from venture_core.canonical import CanonicalJsonError, canonical_json

CPU_SECONDS = 2.0
"""Ten times what the slowest takes on a small machine, a tenth of what one quadratic step took."""


def deck(members: str = "", slides: str = '{"type":"title","title":"a"}') -> bytes:
    head = '{"kind":"SlideSpec","version":1,"title":"t"'
    return f'{head}{members and "," + members},"slides":[{slides}]}}'.encode()


def names(count: int, prefix: str = "a") -> str:
    return ",".join(f'"{prefix}{number}":1' for number in range(count))


EMPTY_TABLE = '{"type":"table","title":"a","table":{"columns":[],"rows":[]}}'
BAD_ROW = "[" + ",".join(["1"] * 1_000) + "]"

HOSTILE = {
    "a name repeated after 44,000": (
        deck(names(44_000) + ',"a43999":1'),
        f"at most {MAX_NAMES} names in an object",
    ),
    "a name repeated within bounds": (
        deck(f'"x":{{{names(MAX_NAMES - 1)},"a{MAX_NAMES - 2}":1}}'),
        "each name once in an object",
    ),
    "44,000 unknown names": (deck(names(44_000)), f"at most {MAX_NAMES} names in an object"),
    "lists that are too short": (
        deck(slides=",".join([EMPTY_TABLE] * 16_000)),
        f"at most {MAX_VALUES} values",
    ),
    "as many of those as are allowed": (
        deck(slides=",".join([EMPTY_TABLE] * 9_000)),
        "at least 1 items",
    ),
    "half a million numbers": (
        deck(
            slides=f'{{"type":"table","title":"a","table":{{"columns":[],"rows":[{BAD_ROW}'
            + f",{BAD_ROW}" * 500
            + "]}}"
        ),
        f"at most {MAX_VALUES} values",
    ),
    "a third of a million objects": (
        deck('"x":[' + "{}," * 340_000 + "1]"),
        f"at most {MAX_VALUES} values",
    ),
    "an integer of a million digits": (deck('"x":' + "1" * 1_000_000), "JSON"),
    "a number of a million decimals": (deck('"x":1.' + "1" * 1_000_000), "no such field"),
    "half a million levels": (
        deck('"x":' + "[" * 500_000 + "]" * 500_000),
        "a document, which has a few levels",
    ),
    "nine thousand levels": (
        deck('"x":' + "[" * 9_000 + "]" * 9_000),
        "a document, which has a few levels",
    ),
}


@pytest.mark.parametrize(("document", "expected"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_document_is_refused_at_little_cost(document: bytes, expected: str) -> None:
    assert len(document) <= MAX_IR_BYTES
    before = time.process_time()
    with pytest.raises(InvalidIRError) as refused:
        parse_ir(document)
    assert refused.value.problems[0].expected == expected
    assert time.process_time() - before < CPU_SECONDS


def test_the_largest_deck_there_can_be_is_read() -> None:
    row = "[" + ",".join(['""'] * 10) + "]"
    columns = ",".join(['{"header":""}'] * 10)
    table = f'{{"columns":[{columns}],"rows":[{",".join([row] * 25)}]}}'
    slide = f'{{"type":"table","title":"a","table":{table}}}'
    assert len(parse_ir(deck(slides=",".join([slide] * 200))).slides) == 200


def test_what_is_nested_too_deeply_has_no_canonical_form() -> None:
    value: object = 1
    for _ in range(5_000):
        value = {"a": value}
    with pytest.raises(CanonicalJsonError, match="nested too deeply"):
        canonical_json(value)


def test_names_are_shown_harmlessly_and_cut() -> None:
    cases = {
        "a\\u0000b\\nc": "/a\\u0000b\\u000ac",
        "\\u202etxt": "/\\u202etxt",
        "n" * 500_000: "/" + "n" * 100 + "\u2026",
    }
    for name, shown in cases.items():
        with pytest.raises(InvalidIRError) as refused:
            parse_ir(deck(f'"{name}":1'))
        assert refused.value.problems[0].pointer == shown
