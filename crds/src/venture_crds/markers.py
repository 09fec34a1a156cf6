"""What a Kubernetes schema says beyond JSON Schema, as markers on pydantic types.

A marker stands in ``Annotated[...]`` on a field, or in ``schema_rules`` of a model (see
`venture_crds.base.Model`), and adds its ``x-kubernetes-*`` keys to the schema that pydantic
derives. Parsing never runs them, but for `Matches`, which pydantic checks as well.
"""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, override

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

type Schema = dict[str, Any]

VALIDATIONS = "x-kubernetes-validations"
LIST_TYPE = "x-kubernetes-list-type"
LIST_MAP_KEYS = "x-kubernetes-list-map-keys"
MAP_TYPE = "x-kubernetes-map-type"
PRESERVE_UNKNOWN = "x-kubernetes-preserve-unknown-fields"

type Reason = Literal[
    "FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired", "FieldValueDuplicate"
]


class ModelRule(Protocol):
    """A rule of a whole object, made concrete by the object's own schema."""

    def expand(self, schema: Schema) -> Iterable[Cel]:
        """Give the CEL rules that enforce this rule on an object with ``schema``."""
        ...


class _JsonSchemaMarker(ABC):
    """A marker that rewrites the JSON schema of the type it stands on."""

    __slots__ = ()

    @abstractmethod
    def apply(self, schema: Schema) -> Schema:
        """Give the schema with what this marker says."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> Schema:
        return self.apply(handler(core_schema))


@dataclass(frozen=True, slots=True)
class Cel(_JsonSchemaMarker):
    """A validation rule in CEL that the API server enforces.

    ``rule`` sees the value as ``self`` and, on an update, the former one as ``oldSelf``.
    ``message`` is the sentence a person reads after the field's path and value.
    ``field_path`` moves the error to a child (``.source``), ``reason`` classifies it.
    """

    rule: str
    message: str
    field_path: str | None = None
    reason: Reason | None = None

    def expand(self, schema: Schema) -> Iterable[Cel]:
        """Give this very rule, whatever the object."""
        del schema
        return (self,)

    def as_schema(self) -> Schema:
        """Spell the rule the way a CRD holds it."""
        optional = {"reason": self.reason, "fieldPath": self.field_path}
        return {"rule": self.rule, "message": self.message} | {
            key: value for key, value in optional.items() if value is not None
        }

    @override
    def apply(self, schema: Schema) -> Schema:
        return with_rules(schema, [self])


@dataclass(frozen=True, slots=True)
class Matches(_JsonSchemaMarker):
    """A string must match ``pattern``, and ``message`` says in words what that means.

    Pydantic checks the pattern too. The CRD carries a CEL rule instead of ``pattern``, whose
    refusals show nothing but the regular expression. The pattern must mean the same to RE2 and
    to Rust's regex, and needs its own anchors.
    """

    pattern: str
    message: str

    @override
    def apply(self, schema: Schema) -> Schema:
        words = {key: value for key, value in schema.items() if key != "pattern"}
        return with_rules(words, [Cel(f"self.matches({json.dumps(self.pattern)})", self.message)])

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler.resolve_ref_schema(handler(source))
        if schema["type"] != "str":
            raise TypeError(f"Matches stands on strings only, not on {source!r}")
        # A reference would be to the type without this pattern.
        own = {key: value for key, value in schema.items() if key != "ref"}
        return own | {"pattern": self.pattern}


@dataclass(frozen=True, slots=True)
class ExactlyOneOf:
    """Of these optional fields, named as in JSON, an object sets exactly one."""

    fields: tuple[str, ...]

    def expand(self, schema: Schema) -> Iterable[Cel]:
        """Give one rule that counts the fields that are set."""
        _require_fields(schema, self.fields)
        present = ", ".join(f"has(self.{name})" for name in self.fields)
        names = ", ".join(self.fields[:-1]) + f" and {self.fields[-1]}"
        yield Cel(f"[{present}].filter(set, set).size() == 1", f"must set exactly one of {names}")


@dataclass(frozen=True, slots=True)
class ImmutableExcept:
    """After creation only these fields, named as in JSON, may change, appear or vanish."""

    fields: tuple[str, ...]

    def expand(self, schema: Schema) -> Iterable[Cel]:
        """Give one rule for each field that stays as it was.

        A rule on the optional field itself would not run when the field appears or vanishes,
        so the rules stand on the object and point to the field.
        """
        _require_fields(schema, self.fields)
        *others, last = self.fields
        free = f"{', '.join(others)} and {last}" if others else last
        for name in schema["properties"]:
            if name in self.fields:
                continue
            same = f"self.{name} == oldSelf.{name}"
            if name not in schema.get("required", ()):
                same = f"has(self.{name}) == has(oldSelf.{name}) && (!has(self.{name}) || {same})"
            yield Cel(
                same,
                f"{name} cannot change after creation (only {free} can); "
                "create another object instead",
                field_path=f".{name}",
                reason="FieldValueForbidden",
            )


@dataclass(frozen=True, slots=True)
class ListMap(_JsonSchemaMarker):
    """A list whose items are told apart by ``key``; server-side apply merges item by item."""

    key: str

    @override
    def apply(self, schema: Schema) -> Schema:
        return {**schema, LIST_TYPE: "map", LIST_MAP_KEYS: [self.key]}


@dataclass(frozen=True, slots=True)
class ListSet(_JsonSchemaMarker):
    """A list of scalars without duplicates; server-side apply merges item by item."""

    @override
    def apply(self, schema: Schema) -> Schema:
        return {**schema, LIST_TYPE: "set"}


@dataclass(frozen=True, slots=True)
class FreeForm(_JsonSchemaMarker):
    """An object of which the API server keeps every field and checks none.

    It has at most ``max_properties`` fields of its own; whoever reads it bounds the rest. It has
    one owner: server-side apply replaces it whole and does not record each field in the metadata.
    """

    max_properties: int

    @override
    def apply(self, schema: Schema) -> Schema:
        return {
            "type": "object",
            "maxProperties": self.max_properties,
            MAP_TYPE: "atomic",
            PRESERVE_UNKNOWN: True,
        }


@dataclass(frozen=True, slots=True)
class Nullable(_JsonSchemaMarker):
    """An explicit null is a value of its own; without this marker a CRD never allows null."""

    @override
    def apply(self, schema: Schema) -> Schema:
        return {**schema, "nullable": True}


def with_rules(schema: Schema, rules: Sequence[Cel]) -> Schema:
    """Add rules to those a schema has."""
    if not rules:
        return schema
    return {
        **schema,
        VALIDATIONS: [*schema.get(VALIDATIONS, ()), *(rule.as_schema() for rule in rules)],
    }


def _require_fields(schema: Schema, fields: Iterable[str]) -> None:
    """Raise ValueError where a rule names a field that the object does not have."""
    unknown = sorted(set(fields) - set(schema["properties"]))
    if unknown:
        raise ValueError(f"{schema.get('title', 'object')}: no field named {', '.join(unknown)}")
