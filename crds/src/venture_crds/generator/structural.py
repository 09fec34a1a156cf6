"""Structural OpenAPI v3 schemas from pydantic types.

Pydantic writes JSON Schema; Kubernetes takes a narrow dialect of it, in which every value has one
type, nothing refers elsewhere and, by our own rule, everything is described and bounded. What does
not fit is refused with the path of the field rather than bent into something else.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, override

from pydantic.json_schema import GenerateJsonSchema

from venture_crds.markers import (
    LIST_MAP_KEYS,
    LIST_TYPE,
    MAP_TYPE,
    PRESERVE_UNKNOWN,
    VALIDATIONS,
    Schema,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel
    from pydantic_core import CoreSchema

_SCALARS: Final = frozenset({"string", "integer", "boolean"})

_NO_JSON: Final = "x-no-json"

# The order in which a schema's keys are written: what a reader asks first comes first.
_COMMON: Final = ("description", "type", "format", "nullable", "enum", "default")
_RULE: Final = ("rule", "message", "fieldPath", "reason")
_KEYWORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "string": ("minLength", "maxLength"),
    "integer": ("minimum", "maximum"),
    "boolean": (),
    "array": ("minItems", "maxItems", LIST_TYPE, LIST_MAP_KEYS, "items"),
    "object": (
        "minProperties",
        "maxProperties",
        MAP_TYPE,
        PRESERVE_UNKNOWN,
        "required",
        "properties",
        "additionalProperties",
    ),
}


class RefusedError(ValueError):
    """A type has no place in a CRD. The message starts with the path of the field."""


class _JsonSchema(GenerateJsonSchema):
    """Pydantic's generator, but for what has no JSON: it is marked, and refused in its place."""

    @override
    def handle_invalid_for_json_schema(self, schema: CoreSchema, error_info: str) -> Schema:
        del schema
        return {_NO_JSON: error_info}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the types the walk is: the field's path, and the definitions that enclose it."""

    path: str
    definitions: Mapping[str, Schema]
    enclosing: tuple[str, ...] = ()

    def child(self, suffix: str) -> _Place:
        return replace(self, path=self.path + suffix)

    def refuse(self, problem: str) -> RefusedError:
        return RefusedError(f"{self.path}: {problem}")


def structural(model: type[BaseModel], ready_made: Mapping[str, Schema] | None = None) -> Schema:
    """Give the structural schema of ``model``.

    ``ready_made`` properties of the model are taken as they are given. Raises RefusedError where
    a field lacks a description or a bound, has a default of null, or no structural form.
    """
    document = model.model_json_schema(mode="serialization", schema_generator=_JsonSchema)
    place = _Place(model.__name__, document.pop("$defs", {}))
    node, place, _ = _flatten(document, place)
    ready_made = ready_made or {}
    derived = {k: v for k, v in node.get("properties", {}).items() if k not in ready_made}
    schema = _convert({**node, "properties": derived}, place)
    return {**schema, "properties": {**ready_made, **schema["properties"]}}


def _convert(node: Schema, place: _Place) -> Schema:
    """Convert a node of pydantic's schema, whatever its type."""
    node, place, optional = _flatten(node, place)
    kind = node.get("type")
    if not isinstance(kind, str) or kind not in _KEYWORDS:
        raise place.refuse(_no_structural_form(node))
    node = _settle_default(node, place, optional=optional)
    if "const" in node:
        node["enum"] = [node.pop("const")]
    if "description" in node:
        node["description"] = _paragraphs(node["description"])
    if VALIDATIONS in node:
        node[VALIDATIONS] = [_convert_rule(rule, place) for rule in node[VALIDATIONS]]
    match kind:
        case "string":
            _check_string(node, place)
        case "integer":
            _check_integer(node, place)
            node["format"] = "int64"
        case "array":
            node = _convert_array(node, place)
        case "object":
            node = _convert_object(node, place)
        case _:  # a boolean has nothing to bound
            pass
    order = (*_COMMON, *_KEYWORDS[kind], VALIDATIONS)
    if unknown := sorted(node.keys() - set(order)):
        raise place.refuse(f"Kubernetes has no form for {', '.join(unknown)}")
    return {key: node[key] for key in order if key in node}


def _flatten(node: Schema, place: _Place) -> tuple[Schema, _Place, bool]:
    """Inline references and collapse ``X | None`` to X; say whether None was allowed."""
    optional = False
    while "$ref" in node or _is_optional(node):
        if "$ref" in node:
            name = node["$ref"].removeprefix("#/$defs/")
            if name in place.enclosing:
                raise place.refuse(f"{name} contains itself, and a CRD cannot recurse")
            place = replace(place, enclosing=(*place.enclosing, name))
            node = _overlay(place.definitions[name], node, without="$ref")
        else:
            optional = True
            value = next(member for member in node["anyOf"] if member != {"type": "null"})
            node = _overlay(value, node, without="anyOf")
    return {k: v for k, v in node.items() if k not in {"title", "readOnly"}}, place, optional


def _is_optional(node: Schema) -> bool:
    match node.get("anyOf"):
        case [{"type": "null"}, _] | [_, {"type": "null"}]:
            return True
        case _:
            return False


def _overlay(inner: Schema, outer: Schema, *, without: str) -> Schema:
    """Give ``inner`` with what ``outer`` says in its place; the rules of both hold."""
    said = {key: value for key, value in outer.items() if key != without}
    rules = [*inner.get(VALIDATIONS, ()), *outer.get(VALIDATIONS, ())]
    return {**inner, **said} | ({VALIDATIONS: rules} if rules else {})


def _settle_default(node: Schema, place: _Place, *, optional: bool) -> Schema:
    """Drop a default that says no more than absence: null of an optional field, or empty."""
    if "default" not in node:
        return node
    default = node["default"]
    if default is None and not (optional or node.get("nullable")):
        raise place.refuse("the default is null, but null is not a value of the field")
    if default:
        return node
    return {key: value for key, value in node.items() if key != "default"}


def _convert_rule(rule: Schema, place: _Place) -> Schema:
    if not rule["message"].strip() or "\n" in rule["message"]:
        raise place.refuse(f"the rule {rule['rule']!r} needs a message of one line")
    return {key: rule[key] for key in _RULE if key in rule}


def _check_string(node: Schema, place: _Place) -> None:
    if "pattern" in node:
        raise place.refuse("a pattern needs words for people: mark the field with Matches")
    if node.get("format", "date-time") != "date-time":
        raise place.refuse(f"the API server does not check the format {node['format']}")
    if not node.keys() & {"maxLength", "enum", "format"}:
        raise place.refuse("a string needs a bound: max_length")


def _check_integer(node: Schema, place: _Place) -> None:
    if "enum" not in node and not node.keys() >= {"minimum", "maximum"}:
        raise place.refuse("an integer needs bounds: ge and le")


def _convert_array(node: Schema, place: _Place) -> Schema:
    if "maxItems" not in node:
        raise place.refuse("a list needs a bound: max_length")
    if "items" not in node:
        raise place.refuse("the items of a list need a type")
    items = _convert(node["items"], place.child("[]"))
    list_type = node.get(LIST_TYPE, "atomic")
    if list_type == "set" and items["type"] not in _SCALARS:
        raise place.refuse("a set holds scalars; name a key with ListMap instead")
    for key in node.get(LIST_MAP_KEYS, ()):
        if key not in items.get("required", ()):
            raise place.refuse(f"the items have no required field {key} to be told apart by")
    return {**node, LIST_TYPE: list_type, "items": items}


def _convert_object(node: Schema, place: _Place) -> Schema:
    values = node.pop("additionalProperties", False)
    if "properties" in node:
        if not node["properties"]:
            raise place.refuse("an object needs fields")
        if values is not False:
            raise place.refuse("an object cannot keep fields that it does not name")
        return _convert_fields(node, place)
    if "maxProperties" not in node:
        raise place.refuse("a map or free-form object needs a bound: max_length or max_properties")
    if node.get(PRESERVE_UNKNOWN):
        return node
    if not isinstance(values, dict):
        raise place.refuse("the values of a map need a type")
    return {**node, "additionalProperties": _convert(values, place.child("{}"))}


def _convert_fields(node: Schema, place: _Place) -> Schema:
    """Convert an object with named fields."""
    required: list[str] = []
    properties: Schema = {}
    for name, field in node["properties"].items():
        at = place.child(f".{name}")
        # The docstring of the field's type tells what it is, not what it is here for.
        if not field.get("description", "").strip():
            raise at.refuse("a field needs a description of its own: write a string after it")
        properties[name] = _convert(field, at)
        if name in node.get("required", ()) and _must_be_set(field, at):
            required.append(name)
    named = {key: value for key, value in node.items() if key != "required"}
    return named | ({"required": required} if required else {}) | {"properties": properties}


def _must_be_set(field: Schema, place: _Place) -> bool:
    """Whether a field that pydantic requires is required of what is stored.

    A computed field (read-only for pydantic) may be None, which is absent once it is stored.
    """
    flat, _, optional = _flatten(field, place)
    if optional and not field.get("readOnly") and not flat.get("nullable"):
        raise place.refuse("a required field may be None: give it the default None, or no None")
    return not optional or bool(flat.get("nullable"))


def _no_structural_form(node: Schema) -> str:
    """Say why a node without one known type cannot be part of a CRD."""
    if _NO_JSON in node:
        return f"it has no form in JSON: {node[_NO_JSON]}"
    if "anyOf" in node or "oneOf" in node:
        return "a union has no structural form: make its members optional fields of one object"
    if node.get("type") == "number":
        return "floating-point numbers are not portable: use an integer with its unit in the name"
    if "enum" in node or "const" in node:
        return "the values of an enumeration must all be strings or all be integers"
    return "any value at all has no structural form: mark an object of free form with FreeForm"


def _paragraphs(text: str) -> str:
    """Join the lines of each paragraph."""
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))
