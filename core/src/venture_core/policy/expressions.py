"""Expressions of bundles, in CEL: checked when a bundle is compiled, evaluated for each request.

The library has neither a cost bound nor a time limit, hands errors back as values, and is quadratic
in some comprehensions. So comprehensions, regular expressions and joining of texts are no part of
the language here, and only a boolean that is True counts as yes.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from cel_expr_python import cel
from venture_crds.v1alpha1.policybundle import Governed

from venture_core.policy.limits import MAX_ADDITIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

_LANGUAGE: Final = """
stdlib:
  exclude_macros: [map, filter, all, exists, exists_one]
  exclude_functions:
    - name: matches
    - name: "_+_"
      overloads: [{id: add_string}, {id: add_bytes}, {id: add_list}]
"""
_ERROR: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): ([^\n]*)")
_COMPREHENSIONS: Final = ("map", "filter", "all", "exists", "exists_one")
_UNDECLARED: Final = re.compile(r"undeclared reference to '(\w+)'")

_ANY: Final = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
_COMMON: Final = {"namespace": cel.Type.STRING, "now": cel.Type.TIMESTAMP}
_OF_ROLE: Final = _COMMON | {"role": cel.Type.STRING}
_OF_OBJECT: Final = _COMMON | {"name": cel.Type.STRING, "spec": _ANY, "requester": _ANY}
VARIABLES: Final[Mapping[Governed, Mapping[str, cel.Type]]] = {
    Governed.TOOL_CALL: _OF_ROLE | {"tool": cel.Type.STRING, "args": _ANY},
    Governed.MODEL_CALL: _OF_ROLE | {"provider": cel.Type.STRING, "model": cel.Type.STRING},
    Governed.CONNECTION: _OF_ROLE | {"host": cel.Type.STRING, "port": cel.Type.INT},
    Governed.SPEND: _OF_ROLE
    | {
        "merchant": cel.Type.STRING,
        "category": cel.Type.STRING,
        "currency": cel.Type.STRING,
        "cents": cel.Type.INT,
    },
    Governed.ARTIFACT_BUILD: _OF_OBJECT,
    Governed.MONEY_INTENT: _OF_OBJECT,
    Governed.WORKFLOW: _OF_OBJECT,
}
"""What an expression may name, by the kind of request."""


class ExpressionError(ValueError):
    """An expression that is not taken; `line` and `column` count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class EvaluationError(ValueError):
    """An expression gives no boolean for a request."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The variables of one request, as the expressions of its kind see them."""

    activation: cel.Activation


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition over requests of one kind."""

    program: cel.Expression

    def holds(self, facts: Facts) -> bool:
        """Return whether it holds; raise EvaluationError where it gives no boolean."""
        value = self.program.eval(facts.activation)
        if value.type() != cel.Type.BOOL:
            raise EvaluationError(_why_not(value))
        return value.value() is True


def compile_expression(kind: Governed, text: str) -> Expression:
    """Compile a condition over requests of that kind. Raises ExpressionError."""
    if text.count("+") > MAX_ADDITIONS:
        line, column = _place_of(text, "+")
        raise ExpressionError(f"it adds more than {MAX_ADDITIONS} times", line, column)
    try:
        program = _environment(kind).compile(text)
    except RuntimeError as error:
        raise _refusal(str(error)) from None
    if program.return_type() not in (cel.Type.BOOL, cel.Type.DYN):
        raise ExpressionError(f"it gives {program.return_type().name().lower()}, not a boolean")
    return Expression(program)


def facts_of(kind: Governed, variables: Mapping[str, Any]) -> Facts:
    """Return the variables of a request for the expressions of its kind."""
    return Facts(_environment(kind).Activation(dict(variables)))


@cache
def _environment(kind: Governed) -> cel.Env:
    return cel.NewEnv(config=cel.NewEnvConfigFromYaml(_LANGUAGE), variables=dict(VARIABLES[kind]))


def _refusal(report: str) -> ExpressionError:
    """Return what the compiler says first, in the words of a policy's author."""
    found = [(int(line), int(column), text) for line, column, text in _ERROR.findall(report)]
    if not found:
        deep = "recursion limit" in report
        return ExpressionError("it is nested too deeply" if deep else "it cannot be read")
    for line, column, text in found:
        name = _UNDECLARED.match(text)
        if name and name[1] in _COMPREHENSIONS:
            return ExpressionError(
                f"{name[1]} is no part of rules: it may take any time", line, column
            )
    line, column, text = found[0]
    if text.startswith("Syntax error:"):
        text = text.partition(" expecting {")[0]
    return ExpressionError(text.removesuffix(" (in container '')"), line, column)


def _place_of(text: str, what: str) -> tuple[int, int]:
    """Return line and column of the last `what` in a text."""
    before = text[: text.rindex(what)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


_FAILURES: Final = {
    "Key not found": "a key that it names is missing",
    "No matching overloads": "a value has another type than it takes",
    "overflow": "a number overflows",
    "by zero": "it divides by zero",
}


def _why_not(value: cel.Value) -> str:
    """Say why there is no boolean, without the library's words: they may quote the request."""
    kind = value.type()
    if kind != cel.Type.ERROR:
        return f"it gives {kind.name().lower()}, not a boolean"
    report = str(value.value())
    return next((why for part, why in _FAILURES.items() if part in report), "it fails")
