"""The part of JSON Schema that agents' answers are held to: bounded, and quick to check.

There is no `$ref`, `pattern` or combination of schemas, so a check takes time in proportion to the
answer, whoever wrote the schema.
"""

from typing import TYPE_CHECKING, Any, Final

from venture_core.nesting import is_deeper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pydantic import JsonValue

MAX_DEPTH: Final = 16
MAX_PROBLEMS: Final = 10

_TYPES: Final[Mapping[str, Callable[[JsonValue], bool]]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
_NOTES: Final = frozenset({"title", "description"})
_COUNTS: Final = frozenset({"minItems", "maxItems", "minLength", "maxLength"})
_LIMITS: Final = frozenset({"minimum", "maximum"})
_OTHERS: Final = frozenset(
    {"type", "properties", "required", "additionalProperties", "items", "enum"}
)
KEYWORDS: Final = _NOTES | _COUNTS | _LIMITS | _OTHERS


def schema_problems(schema: JsonValue, at: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a schema: the path below `at`, and what to write instead."""
    if is_deeper(schema, MAX_DEPTH):
        yield at, f"is nested more than {MAX_DEPTH} levels deep"
        return
    yield from _problems(schema, at)


def _problems(schema: JsonValue, at: str) -> Iterator[tuple[str, str]]:
    if not isinstance(schema, dict):
        yield at, "must be a schema: an object"
        return
    for keyword in schema:
        if keyword not in KEYWORDS:
            yield f"{at}.{keyword}", f"is not supported; {', '.join(sorted(KEYWORDS))} are"
    if not isinstance(schema.get("type"), str) or schema["type"] not in _TYPES:
        yield f"{at}.type", f"must be one of {', '.join(_TYPES)}"
    for keyword in _COUNTS | _LIMITS:
        limit = schema.get(keyword, 0)
        if (
            isinstance(limit, bool)
            or not isinstance(limit, int)
            or (keyword in _COUNTS and limit < 0)
        ):
            yield f"{at}.{keyword}", "must be a whole number"
    if not isinstance(schema.get("enum", []), list):
        yield f"{at}.enum", "must be a list of values"
    if not isinstance(schema.get("additionalProperties", False), bool):
        yield f"{at}.additionalProperties", "must be true or false"
    yield from _inner_problems(schema, at)


def _inner_problems(schema: Mapping[str, JsonValue], at: str) -> Iterator[tuple[str, str]]:
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        yield f"{at}.properties", "must be an object: a schema for each field"
        properties = {}
    for field, inner in properties.items():
        yield from _problems(inner, f"{at}.properties.{field}")
    required = schema.get("required", [])
    if not isinstance(required, list):
        yield f"{at}.required", "must be a list of names"
        required = []
    for name in required:
        if name not in properties:
            yield f"{at}.required", f"names {name!r}, which is not in properties"
    if "items" in schema:
        yield from _problems(schema["items"], f"{at}.items")


def violations(value: JsonValue, schema: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """Yield sentences that say where a value breaks a schema that has no problems."""
    here = at or "the answer"
    if not _TYPES[schema["type"]](value):
        yield f"{here} must be of type {schema['type']}"
        return
    if "enum" in schema and not any(_same(value, each) for each in schema["enum"]):
        yield f"{here} must be one of {', '.join(map(repr, schema['enum']))}"
    match value:
        case bool() | None:
            return
        case str():
            yield from _count(len(value), schema, "Length", f"{here} must have", "characters")
        case int() | float():
            if value < schema.get("minimum", value):
                yield f"{here} must be at least {schema['minimum']}"
            if value > schema.get("maximum", value):
                yield f"{here} must be at most {schema['maximum']}"
        case list():
            yield from _count(len(value), schema, "Items", f"{here} must have", "items")
            for index, inner in enumerate(value):
                if "items" in schema:
                    yield from violations(inner, schema["items"], f"{at}[{index}]")
        case dict():
            yield from _fields(value, schema, at)


def _fields(value: Mapping[str, JsonValue], schema: Mapping[str, Any], at: str) -> Iterator[str]:
    properties: Mapping[str, Any] = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{at}.{name}".removeprefix(".") + " is missing"
    for name, inner in value.items():
        where = f"{at}.{name}".removeprefix(".")
        if name in properties:
            yield from violations(inner, properties[name], where)
        elif properties and not schema.get("additionalProperties", False):
            yield f"{where} is not a field that the schema has"


def _count(
    number: int, schema: Mapping[str, Any], what: str, sentence: str, unit: str
) -> Iterator[str]:
    if number < schema.get(f"min{what}", 0):
        yield f"{sentence} at least {schema[f'min{what}']} {unit}"
    if number > schema.get(f"max{what}", number):
        yield f"{sentence} at most {schema[f'max{what}']} {unit}"


def _same(one: JsonValue, other: JsonValue) -> bool:
    """Whether two values are equal as JSON: true is not 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)
