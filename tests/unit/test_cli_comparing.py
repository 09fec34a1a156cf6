"""What changed between lists, parts and fields; and the words for it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venture_cli.domain.changewords import MAX_SHOWN, as_data, headline, line, place
from venture_cli.domain.comparing import Change, Detail, compare
from venture_cli.domain.pagerange import parse_pages
from venture_cli.domain.parts import PARTS, Divided, Part, divide
from venture_cli.domain.stretches import stretches
from venture_core.artifacts.documents import DOCUMENTS, grammar, parse_ir

words = st.lists(st.sampled_from("abcdef"), max_size=12)


@given(words, words)
def test_stretches_turn_one_list_into_the_other(before: list[str], after: list[str]) -> None:
    made, done = [], 0
    for olds, news in stretches(before, after):
        assert olds or news
        made += before[done : olds.start] + [after[j] for j in news]
        assert news.stop == len(made)
        done = olds.stop
    assert made + before[done:] == after


def test_long_lists_that_differ_everywhere_are_compared_in_order() -> None:
    before = [str(number % 2) for number in range(20_000)]
    after = [str(number % 3) for number in range(20_000)]
    ((olds, news),) = stretches(before, after)
    assert (olds.start, news.stop) == (2, 19_998)


def parts(*titles: str) -> Divided:
    made = (Part("slide", title[:1], {"type": "x", "said": title}, title) for title in titles)
    return Divided({}, (tuple(made),))


@given(st.lists(st.text("abc", min_size=1, max_size=2), max_size=8), st.data())
def test_every_part_is_told_of_once(titles: list[str], data: st.DataObject) -> None:
    others = data.draw(st.permutations(titles)) + data.draw(st.lists(st.text("abd", max_size=2)))
    changes = compare(parts(*titles), parts(*others))
    before = [each.before for each in changes if each.before]
    after = [each.after for each in changes if each.after]
    assert len(set(before)) == len(before)
    assert len(set(after)) == len(after)
    gone = sum(each.after is None for each in changes)
    new = sum(each.before is None for each in changes)
    assert len(titles) - gone + new == len(others)
    assert compare(parts(*titles), parts(*titles)) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("a b c", "a c", ["slide 2 “b” is gone"]),
        ("a c", "a b c", ["slide 2 “b” is new"]),
        ("a b c d", "d a b c", ["slide 1 “d”, was slide 4, moved"]),
        ("a1 b", "a2 b", ["slide 1 “a”"]),
        ("a1 b c", "b c a2", ["slide 3 “a”, was slide 1, moved"]),
        ("a", "", ["slide 1 “a” is gone"]),
        ("", "a", ["slide 1 “a” is new"]),
        ("a a", "a", ["slide 2 “a” is gone"]),
        ("a b", "c d b", ["slide 1 “c”", "slide 2 “d” is new"]),
        ("a b", "b a", ["slide 2 “a”, was slide 1, moved"]),
    ],
)
def test_what_is_told(before: str, after: str, told: list[str]) -> None:
    changes = compare(parts(*before.split()), parts(*after.split()))
    assert [headline(each) for each in changes] == told


def test_the_parts_of_every_kind_are_known() -> None:
    assert set(PARTS) == set(DOCUMENTS)
    for kind, fields in PARTS.items():
        assert set(fields) <= set(grammar(kind).model.model_fields)


def test_a_text_is_told_by_its_sections() -> None:
    text = b"""{"kind":"DocSpec","version":1,"title":"t","content":[
        {"type":"paragraph","text":"first"},
        {"type":"heading","text":"One"},{"type":"paragraph","text":"%s"},
        {"type":"heading","text":"Two","level":2},{"type":"paragraph","text":"same"}]}"""
    sides = [divide(parse_ir(text % each), {}) for each in (b"before", b"after")]
    (change,) = compare(*sides)
    assert (change.title, change.before, change.after) == ("One", 2, 2)
    assert line(change.details[0]) == "block 1: “before” → “after”"


def test_pages_of_html_are_told_by_their_lines() -> None:
    text = b"""{"kind":"HtmlSpec","version":1,"title":"t","css":"p { color: #112233 }","html":
        "<p>first</p>\\n<img src=\\"asset:logo\\" alt=\\"logo\\">\\n<p>%s</p>"}"""
    before = divide(parse_ir(text % b"before"), {"logo": "aa"})
    after = divide(parse_ir(text % b"after"), {"logo": "bb"})
    assert [headline(each) for each in compare(before, after)] == [
        'line 2 “<img src="asset:logo (sha256:bb)" alt="logo">”',
        "line 3 “<p>after</p>”",
    ]
    assert compare(before, before) == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (("title",), "title"),
        (("altText",), "alt text"),
        (("bullets", 2, "text"), "bullet 2"),
        (("bullets", 2, "items", 1, "text"), "bullet 2, item 1"),
        (("table", "rows", 3, 2), "table, row 3, cell 2"),
        (("chart", "series", 1, "values", 4), "chart, series 1, value 4"),
        (("chart", "categories", 4), "chart, category 4"),
    ],
)
def test_places_are_said_in_words(path: tuple[str | int, ...], said: str) -> None:
    assert place(path) == said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (1, 2.5, "x: 1 → 2.5"),
        (True, False, "x: true → false"),
        (None, "a", "x: new “a”"),
        ({"text": "a", "items": []}, None, "x: no more “a”"),
        (["a", 1, None], ["b"], "x: “a” | 1 | null → “b”"),
        ("a" * 100 + "b", "a" * 100 + "c", f"x: “…{'a' * 20}b” → “…{'a' * 20}c”"),
    ],
)
def test_values_are_said_in_words(before: Any, after: Any, said: str) -> None:
    assert line(Detail(("x",), before, after)) == said


@given(st.text(), st.text())
def test_no_line_is_long(before: str, after: str) -> None:
    assert len(line(Detail(("x",), before, after))) <= 2 * MAX_SHOWN + 20


def test_a_change_of_the_whole_has_no_number() -> None:
    change = Change("document", "", None, None, details=(Detail(("title",), "a", "b"),))
    details = [{"at": ["title"], "before": "a", "after": "b"}]
    whole = {"part": "document", "title": "", "before": None, "after": None, "moved": False}
    assert as_data(change) == whole | {"details": details}
    assert headline(change) == "document"


@pytest.mark.parametrize(
    ("text", "parts"), [("2", ((2, 2),)), ("1-3, 7", ((1, 3), (7, 7))), ("5-5", ((5, 5),))]
)
def test_pages_can_be_chosen(text: str, parts: tuple[tuple[int, int], ...]) -> None:
    assert parse_pages(text) == parts


@pytest.mark.parametrize("text", ["", "0", "-1", "1-", "a", "1,,2", "3-2", "1234567", "1," * 60])
def test_what_names_no_pages_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"page|before"):
        parse_pages(text)
