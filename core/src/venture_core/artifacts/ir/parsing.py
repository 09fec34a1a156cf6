"""From a document's bytes to a checked document of its kind, or to what is wrong with it."""

from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from pydantic import ValidationError

from venture_core.artifacts.ir.problems import (
    MAX_PROBLEMS,
    MAX_SENTENCE,
    InvalidIRError,
    Problem,
    pointer,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from pydantic_core import ErrorDetails

    from venture_core.artifacts.ir.document import Document
    from venture_core.artifacts.ir.values import IRModel

MAX_IR_BYTES = 1024 * 1024
"""The largest document that is read at all."""


@dataclass(frozen=True, slots=True)
class Grammar[D: IRModel]:
    """A kind of document, or of what is laid under them: its type, and rules beyond its fields."""

    model: type[D]
    rules: tuple[Callable[[D], Iterator[Problem]], ...]

    def read(self, data: bytes, value: object) -> D:
        """Return the document in `data`, whose JSON says `value`. Raises `InvalidIRError`."""
        try:
            spec = self.model.model_validate_json(data)
        except ValidationError as error:
            errors = error.errors(include_url=False, include_input=False)
            raise InvalidIRError(islice(_problems(errors, value), MAX_PROBLEMS)) from None
        broken = tuple(islice(chain.from_iterable(rule(spec) for rule in self.rules), MAX_PROBLEMS))
        if broken:
            raise InvalidIRError(broken)
        return spec


def check_assets(spec: Document, names: Collection[str]) -> None:
    """Raise `InvalidIRError` unless every asset `spec` uses is inline or one of `names`.

    `names` are the assets given beside the document. A name that is both inline and given is
    refused as ambiguous.
    """
    problems = tuple(_asset_problems(spec, names))
    if problems:
        raise InvalidIRError(problems)


def _asset_problems(spec: Document, names: Collection[str]) -> Iterator[Problem]:
    inline = {asset.name for asset in spec.assets}
    for index, asset in enumerate(spec.assets):
        if asset.name in names:
            yield Problem(
                pointer(("assets", index, "name")),
                "a name that is not among the assets given beside the document",
                f"the asset {asset.name} is given twice",
            )
    for at, name in spec.asset_references():
        if name not in inline and name not in names:
            known = ", ".join(sorted(inline.union(names))) or "none is given"
            yield Problem(
                at, f"the name of an asset ({known})"[:MAX_SENTENCE], f"no asset is named {name}"
            )


def _problems(errors: list[ErrorDetails], value: object) -> Iterator[Problem]:
    """Translate errors, but for lists that are only short because their items were refused."""
    parents = {error["loc"][:depth] for error in errors for depth in range(len(error["loc"]))}
    for error in errors:
        if error["type"] != "too_short" or error["loc"] not in parents:
            expected, message = _sentences(error)
            at = pointer(_path(error["loc"], value))
            yield Problem(at, expected[:MAX_SENTENCE], message[:MAX_SENTENCE])


def _path(location: tuple[str | int, ...], value: object) -> Iterator[str | int]:
    """Follow a location through the document, without the levels that only pydantic knows.

    Where a field takes one of several types it puts the object's `type`, or a word of ours for what
    is no object, before what is within.
    """
    entered = False
    for part in location:
        if entered and isinstance(part, str):
            tag = value.get("type") == part if isinstance(value, dict) else value is not None
            if tag:
                entered = False
                continue
        yield part
        entered = True
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]


_EXPECTED = {
    "string_type": 'a string; a number or a yes is one in quotes, such as "268"',
    "string_unicode": "a string of valid Unicode",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dict_type": "an object",
    "missing": "a value",
    "extra_forbidden": "no such field",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} character",
    "too_long": "at most {max_length} items",
    "too_short": "at least {min_length} items",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "union_tag_invalid": "a type among {expected_tags}",
    "union_tag_not_found": "a field `type` that says what it is",
    "value_form": "{expected}",
    "less_than_equal": "at most {le}",
    "greater_than_equal": "at least {ge}",
    "json_invalid": "JSON",
}
"""What each kind of pydantic error asks for, filled from the error's own context."""

_MESSAGES = {
    "string_type": "the value is no string",
    "union_tag_invalid": "there is no such type here",
    "too_short": "the list is too short",
    "too_long": "the list is too long",
    "missing": "the field is required",
    "extra_forbidden": "the field is unknown; is it misspelt?",
    "union_tag_not_found": "the field `type` is missing",
    "value_form": "the value has another form",
    "literal_error": "the value is not among those allowed",
    "enum": "the value is not among those allowed",
}
"""Clearer sentences than pydantic's own, where there are any."""


def _sentences(details: ErrorDetails) -> tuple[str, str]:
    """Turn one of pydantic's errors into what was expected and what is wrong."""
    kind = details["type"]
    expected = _EXPECTED.get(kind, "a valid value").format(**details.get("ctx", {}))
    return expected, _MESSAGES.get(kind, details["msg"])
