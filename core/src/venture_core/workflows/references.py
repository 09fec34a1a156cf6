"""References in texts: `${inputs.market}`, `${tasks.research.output.title}`.

What stands for a reference is put in as a value, once: nothing in it is read as a reference, a
field's name or anything else. `$${` is the text `${`.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, override

from venture_core.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import JsonValue

MAX_FILLED_BYTES: Final = 256 * 1024
"""How large a value may become by what is put in."""

_TOKEN: Final = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_NAME: Final = r"[A-Za-z0-9_-]+"
_INPUT: Final = re.compile(rf"inputs\.({_NAME})")
_OUTPUT: Final = re.compile(rf"tasks\.({_NAME})\.output((?:\.{_NAME})*)")


class ReferenceSyntaxError(ValueError):
    """A text holds `${` that begins no reference; the message says what to write."""


class MissingValueError(LookupError):
    """There is no value for a reference."""


class TooMuchError(ValueError):
    """The value would become larger than MAX_FILLED_BYTES."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What `${…}` refers to: an input, or (part of) the output of a task."""

    task: str | None
    """None for an input."""
    path: tuple[str, ...]
    """Of an input its name, of an output the fields that lead to the value; empty: all of it."""

    @override
    def __str__(self) -> str:
        start = ("inputs",) if self.task is None else ("tasks", self.task, "output")
        return "${" + ".".join((*start, *self.path)) + "}"


type Template = tuple[str | Reference, ...]
"""A text cut into what stands there and what is referred to."""


@dataclass(frozen=True, slots=True)
class Values:
    """What references stand for."""

    inputs: Mapping[str, str]
    outputs: Mapping[str, JsonValue]
    """By task."""


def parse(text: str) -> Template:
    """Cut a text at its references. Raises ReferenceSyntaxError."""
    parts: list[str | Reference] = []
    end = 0
    for found in _TOKEN.finditer(text):
        parts.append(text[end : found.start()])
        parts.append("${" if found.group() == "$${" else _reference(found))
        end = found.end()
    parts.append(text[end:])
    return tuple(each for each in parts if each != "")


def references_in(value: JsonValue, at: str) -> Iterator[tuple[str, str]]:
    """Yield every text of a JSON value that may hold references, with its path below `at`."""
    match value:
        case str():
            yield at, value
        case dict():
            for key, inner in value.items():
                yield from references_in(inner, f"{at}.{key}")
        case list():
            for index, inner in enumerate(value):
                yield from references_in(inner, f"{at}[{index}]")
        case _:
            return


def keys_in(value: JsonValue, at: str) -> Iterator[tuple[str, str]]:
    """Yield every field's name within a JSON value, with the path of the object that has it."""
    match value:
        case dict():
            for key, inner in value.items():
                yield at, key
                yield from keys_in(inner, f"{at}.{key}")
        case list():
            for index, inner in enumerate(value):
                yield from keys_in(inner, f"{at}[{index}]")
        case _:
            return


def fill(value: JsonValue, values: Values) -> JsonValue:
    """Return a JSON value with what its references stand for, in texts only, never in names.

    A text that is one reference becomes the value itself, of whatever type; within a longer text a
    value that is no text becomes its canonical JSON. Raises MissingValueError, TooMuchError.
    """
    return _Filling(values, MAX_FILLED_BYTES).of(value)


def fill_text(text: str, values: Values) -> str:
    """Return a text with what its references stand for; it stays a text. Raises as `fill`."""
    return _Filling(values, MAX_FILLED_BYTES).text(parse(text))


def find(value: JsonValue, path: tuple[str, ...]) -> JsonValue:
    """Return the part of a value that the path leads to. Raises MissingValueError."""
    for step in path:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            raise MissingValueError(step)
    return value


class _Filling:
    """Puts values in, and counts how much."""

    def __init__(self, values: Values, room: int) -> None:
        self._values = values
        self._room = room

    def of(self, value: JsonValue) -> JsonValue:
        match value:
            case str():
                template = parse(value)
                match template:
                    case (Reference() as whole,):
                        found = self._find(whole)
                        self._take(found)
                        return found
                    case _:
                        return self.text(template)
            case dict():
                return {key: self.of(inner) for key, inner in value.items()}
            case list():
                return [self.of(inner) for inner in value]
            case _:
                return value

    def text(self, template: Template) -> str:
        parts = []
        for each in template:
            if isinstance(each, str):
                parts.append(each)
                continue
            found = self._find(each)
            self._take(found)
            parts.append(found if isinstance(found, str) else canonical_json(found).decode())
        return "".join(parts)

    def _find(self, reference: Reference) -> JsonValue:
        values = self._values
        try:
            if reference.task is None:
                return values.inputs[reference.path[0]]
            return find(values.outputs[reference.task], reference.path)
        except LookupError as error:
            raise MissingValueError(f"there is no value for {reference}") from error

    def _take(self, value: JsonValue) -> None:
        self._room -= len(value.encode() if isinstance(value, str) else canonical_json(value))
        if self._room < 0:
            raise TooMuchError(f"more than {MAX_FILLED_BYTES} bytes would be put in")


def _reference(found: re.Match[str]) -> Reference:
    inside = found[1]
    if inside is None:
        raise ReferenceSyntaxError("'${' is never closed: write '$${' for the text itself")
    if named := _INPUT.fullmatch(inside):
        return Reference(None, (named[1],))
    if output := _OUTPUT.fullmatch(inside):
        return Reference(output[1], tuple(output[2].split(".")[1:]))
    raise ReferenceSyntaxError(
        f"'${{{inside}}}' is no reference: write ${{inputs.<name>}} or "
        f"${{tasks.<task>.output.<field>}}, or '$${{{inside}}}' for the text itself"
    )
