"""The only door through which a document comes in: bytes to a checked `SlideSpec`."""

from itertools import chain, islice
from typing import TYPE_CHECKING

from pydantic import ValidationError

from venture_core.artifacts.ir.document import SlideSpec
from venture_core.artifacts.ir.problems import (
    MAX_PROBLEMS,
    MAX_SENTENCE,
    InvalidIRError,
    Problem,
    pointer,
)
from venture_core.artifacts.ir.rules import RULES
from venture_core.artifacts.ir.structure import check_structure

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pydantic_core import ErrorDetails

MAX_IR_BYTES = 1024 * 1024
"""The largest document that is read at all."""

_SLIDE_TAG_POSITION = 2


def parse_ir(data: bytes) -> SlideSpec:
    """Read a SlideSpec from JSON in UTF-8, at most 1 MiB.

    Raises `InvalidIRError`, whose problems name the JSON pointer, what was expected and what is
    wrong. Names that occur twice in one object are refused: readers disagree on which one counts.
    """
    if len(data) > MAX_IR_BYTES:
        raise InvalidIRError(
            [Problem("", f"at most {MAX_IR_BYTES} bytes", f"the document has {len(data)}")]
        )
    check_structure(data)
    try:
        spec = SlideSpec.model_validate_json(data)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        raise InvalidIRError(islice(_problems(errors), MAX_PROBLEMS)) from None
    broken = tuple(islice(chain.from_iterable(rule(spec) for rule in RULES), MAX_PROBLEMS))
    if broken:
        raise InvalidIRError(broken)
    return spec


def check_assets(spec: SlideSpec, names: Collection[str]) -> None:
    """Raise `InvalidIRError` unless every asset `spec` uses is inline or one of `names`.

    `names` are the assets given beside the document. A name that is both inline and given is
    refused as ambiguous.
    """
    problems = tuple(_asset_problems(spec, names))
    if problems:
        raise InvalidIRError(problems)


def _asset_problems(spec: SlideSpec, names: Collection[str]) -> Iterator[Problem]:
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


def _problems(errors: list[ErrorDetails]) -> Iterator[Problem]:
    """Translate errors, but for lists that are only short because their items were refused."""
    parents = {error["loc"][:depth] for error in errors for depth in range(len(error["loc"]))}
    for error in errors:
        if error["type"] != "too_short" or error["loc"] not in parents:
            yield _problem(error)


def _problem(details: ErrorDetails) -> Problem:
    location = details["loc"]
    if location[:1] == ("slides",) and len(location) > _SLIDE_TAG_POSITION:
        # pydantic puts the slide's type after its index; the document has no such level.
        location = location[:_SLIDE_TAG_POSITION] + location[_SLIDE_TAG_POSITION + 1 :]
    expected, message = _sentences(details)
    return Problem(pointer(location), expected[:MAX_SENTENCE], message[:MAX_SENTENCE])


_EXPECTED = {
    "string_type": "a string",
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
    "union_tag_not_found": "a field `type` that says which slide it is",
    "value_form": "{expected}",
    "less_than_equal": "at most {le}",
    "greater_than_equal": "at least {ge}",
    "json_invalid": "JSON",
}
"""What each kind of pydantic error asks for, filled from the error's own context."""

_MESSAGES = {
    "union_tag_invalid": "no slide has this type",
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
