"""What must hold of a Workflow: mistakes, each with its field and what to write instead."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venture_core.workflows.checks import check
from venture_core.workflows.references import (
    MissingValueError,
    ReferenceSyntaxError,
    TooMuchError,
    Values,
    fill,
    fill_text,
    parse,
)
from venture_core.workflows.schemas import schema_problems, violations
from workflows import AGENT, MONEY, task, workflow

BUDGET = {"currency": "USD", "cashCents": 500, "llmCents": 100}
SCHEMA = {"type": "object", "properties": {"title": {"type": "string"}}}
RESEARCH = task("research", agent={**AGENT, "outputSchema": SCHEMA})


def deck(text: str, *depends_on: str, key: str = "title") -> dict[str, Any]:
    order = {"target": "Pptx", "source": {"inline": {key: text}}}
    return task("deck", *depends_on, artifact=order)


@pytest.mark.parametrize(
    ("tasks", "path", "says"),
    [
        ([RESEARCH, task("b", "reserch")], "spec.tasks[1].dependsOn[0]", "did you mean research?"),
        ([task("a", "b"), task("b", "a")], "spec.tasks", "a → b → a wait for each other"),
        ([RESEARCH, deck("${inputs.wat}")], "spec.tasks[1].artifact.source.inline.title", "what?"),
        ([RESEARCH, deck("${tasks.research.output.title}")], "inline.title", "add research to"),
        ([RESEARCH, deck("${tasks.reseach.output}", "research")], "inline.title", "mean research?"),
        (
            [RESEARCH, deck("${tasks.research.output.titel}", "research")],
            "inline.title",
            "the output of research has no titel; did you mean title?",
        ),
        ([RESEARCH, deck("${HOME}")], "inline.title", "or '$${HOME}' for the text itself"),
        ([RESEARCH, deck("${")], "inline.title", "never closed"),
        ([RESEARCH, deck("x", key="${inputs.what}")], "inline", "a field's name is never"),
        ([task("a", money={**MONEY, "capCents": 501})], "[0].money.capCents", "cashCents is 500"),
        (
            [
                task("a", money={**MONEY, "capCents": 400}),
                task("b", money=MONEY | {"capCents": 101}),
            ],
            "spec.tasks[1].money.capCents",
            "up to b ask for 501",
        ),
        ([task("a", money=MONEY | {"currency": "EUR"})], "[0].money.currency", "is EUR, and"),
        (
            [
                task("a", money=MONEY),
                task("b", "a", approval={"message": "${tasks.a.output.capCent}"}),
            ],
            "approval.message",
            "did you mean capCents?",
        ),
        ([task("a", agent={**AGENT, "llmCents": 101})], "spec.tasks[0].agent.llmCents", "raise it"),
        (
            [task("a", agent={**AGENT, "outputSchema": {"type": "object", "pattern": "(a+)+"}})],
            "outputSchema.pattern",
            "is not supported",
        ),
        ([task("a", agent={**AGENT, "outputSchema": {"type": "string"}})], "type", "be object"),
    ],
)
def test_a_mistake_is_named_with_what_to_write(
    tasks: list[dict[str, Any]], path: str, says: str
) -> None:
    found = check(workflow(*tasks, budget=BUDGET, inputs=[{"name": "what", "value": "x"}]).spec)
    assert any(each.path.endswith(path) and says in each.message for each in found), found


def test_what_fits_together_has_no_problems() -> None:
    right = deck("${inputs.what} ${tasks.research.output.title} $${x}", "middle")
    spec = workflow(
        RESEARCH,
        task("middle", "research"),
        right,
        budget=BUDGET,
        inputs=[{"name": "what", "value": "x"}],
    ).spec
    assert check(spec) == ()


VALUES = Values({"a": "${inputs.b}", "b": "B"}, {"t": {"n": 7, "list": [{"x": "${inputs.b}"}]}})


@pytest.mark.parametrize(
    ("given", "filled"),
    [
        ("${inputs.a}", "${inputs.b}"),
        ("$${inputs.a}", "${inputs.a}"),
        ("${tasks.t.output.n}", 7),
        ("n=${tasks.t.output.n}", "n=7"),
        ("${tasks.t.output.list}", [{"x": "${inputs.b}"}]),
        ("${tasks.t.output.list.0.x}", "${inputs.b}"),
        ({"${inputs.a}": ["${inputs.b}", None, 1.5]}, {"${inputs.a}": ["B", None, 1.5]}),
    ],
)
def test_values_are_put_in_once_and_never_read_again(given: Any, filled: Any) -> None:
    assert fill(given, VALUES) == filled


@pytest.mark.parametrize("text", ["${inputs.zz}", "${tasks.t.output.zz}", "${tasks.u.output}"])
def test_what_has_no_value_is_missing(text: str) -> None:
    with pytest.raises(MissingValueError):
        fill_text(text, VALUES)


def test_what_is_put_in_is_bounded() -> None:
    large = Values({"a": "x" * 4096}, {})
    with pytest.raises(TooMuchError):
        fill_text("${inputs.a}" * 65, large)


@given(st.text(max_size=40))
def test_any_value_stays_what_it_is(value: str) -> None:
    values = Values({"a": value}, {"t": {"v": value}})
    assert fill("${inputs.a}", values) == value
    assert fill_text("<${tasks.t.output.v}>", values) == f"<{value}>"


@given(st.text(alphabet="${}.ainputs x", max_size=30))
def test_a_text_is_cut_or_refused_and_nothing_else(text: str) -> None:
    try:
        parts = parse(text)
    except ReferenceSyntaxError:
        return
    assert (
        "".join(each.replace("${", "$${") if isinstance(each, str) else str(each) for each in parts)
        == text
    )


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (True, {"type": "integer"}),
        ("", {"type": "string", "minLength": 1}),
        ([1, "x"], {"type": "array", "items": {"type": "integer"}}),
        ({"a": 1, "b": 2}, {"type": "object", "properties": {"a": {"type": "integer"}}}),
        ({}, {"type": "object", "properties": {"a": {"type": "null"}}, "required": ["a"]}),
        (1, {"type": "integer", "enum": [True, 2]}),
        (9, {"type": "number", "maximum": 8}),
    ],
)
def test_an_answer_that_breaks_its_schema_is_told_so(value: Any, schema: Any) -> None:
    assert list(schema_problems(schema, "s")) == []
    assert list(violations(value, schema))
