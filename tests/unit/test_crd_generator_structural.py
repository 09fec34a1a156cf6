"""Types become structural schemas."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal

import pytest
from crdshapes import Bounded, Inner, Json, schema_of, thing
from pydantic import Field, JsonValue, computed_field
from venture_crds.base import SpecModel, StatusModel
from venture_crds.generator.structural import structural
from venture_crds.markers import Cel, FreeForm, ListMap, ListSet, Matches, Nullable


class Colour(StrEnum):
    RED = "Red"
    BLUE = "Blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


CONVERTED: dict[str, tuple[Any, Json]] = {
    "string": (
        Annotated[str, Field(min_length=1, max_length=5)],
        {"type": "string", "minLength": 1, "maxLength": 5},
    ),
    "alias": (Bounded, {"type": "string", "maxLength": 8}),
    "enumeration": (Colour, {"type": "string", "enum": ["Red", "Blue"]}),
    "one literal": (Literal["Pptx"], {"type": "string", "enum": ["Pptx"]}),
    "some literals": (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
    "numbers": (Level, {"type": "integer", "format": "int64", "enum": [1, 2]}),
    "time": (datetime, {"type": "string", "format": "date-time"}),
    "integer": (
        Annotated[int, Field(ge=-1, le=5)],
        {"type": "integer", "format": "int64", "minimum": -1, "maximum": 5},
    ),
    "boolean": (bool, {"type": "boolean"}),
    "list": (
        Annotated[list[Bounded], Field(min_length=1, max_length=3)],
        {
            "type": "array",
            "minItems": 1,
            "maxItems": 3,
            "x-kubernetes-list-type": "atomic",
            "items": {"type": "string", "maxLength": 8},
        },
    ),
    "set": (
        Annotated[tuple[Colour, ...], Field(max_length=2), ListSet()],
        {
            "type": "array",
            "maxItems": 2,
            "x-kubernetes-list-type": "set",
            "items": {"type": "string", "enum": ["Red", "Blue"]},
        },
    ),
    "map": (
        Annotated[dict[str, Bounded], Field(max_length=4)],
        {
            "type": "object",
            "maxProperties": 4,
            "additionalProperties": {"type": "string", "maxLength": 8},
        },
    ),
    "free form": (
        Annotated[dict[str, JsonValue], FreeForm(max_properties=7)],
        {
            "type": "object",
            "maxProperties": 7,
            "x-kubernetes-map-type": "atomic",
            "x-kubernetes-preserve-unknown-fields": True,
        },
    ),
    "rule": (
        Annotated[Bounded, Cel("self != ''", "must say something", reason="FieldValueRequired")],
        {
            "type": "string",
            "maxLength": 8,
            "x-kubernetes-validations": [
                {
                    "rule": "self != ''",
                    "message": "must say something",
                    "reason": "FieldValueRequired",
                }
            ],
        },
    ),
    "words for a pattern": (
        Annotated[Bounded, Matches(r"^\d+$", "must be digits")],
        {
            "type": "string",
            "maxLength": 8,
            "x-kubernetes-validations": [
                {"rule": r'self.matches("^\\d+$")', "message": "must be digits"}
            ],
        },
    ),
    "null where asked for": (
        Annotated[Bounded | None, Nullable()],
        {"type": "string", "nullable": True, "maxLength": 8},
    ),
}


@pytest.mark.parametrize("case", CONVERTED)
def test_a_type_becomes_a_schema(case: str) -> None:
    type_, expected = CONVERTED[case]
    assert schema_of(type_) == expected


def test_keys_are_written_in_the_order_of_what_a_reader_asks() -> None:
    schema = structural(thing(Annotated[Bounded, Cel("true", "is fine")], "x"))
    assert list(schema["properties"]["value"]) == [
        "description",
        "type",
        "default",
        "maxLength",
        "x-kubernetes-validations",
    ]


def test_models_are_inlined_wherever_they_stand() -> None:
    class Outer(SpecModel):
        """What is outside.

        It has two
        paragraphs.
        """

        one: Inner
        """The only
        one."""

        perhaps: Inner | None = None
        """One, or none."""

        many: Annotated[tuple[Inner, ...], Field(max_length=3), ListMap("name")] = ()
        """More of them."""

    inner = {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"description": "The name.", "type": "string", "maxLength": 8},
            "note": {"description": "A note.", "type": "string", "maxLength": 8},
        },
    }
    assert structural(Outer) == {
        "description": "What is outside.\n\nIt has two paragraphs.",
        "type": "object",
        "required": ["one"],
        "properties": {
            "one": {"description": "The only one.", **inner},
            "perhaps": {"description": "One, or none.", **inner},
            "many": {
                "description": "More of them.",
                "type": "array",
                "maxItems": 3,
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
                "items": {"description": "What is inside.", **inner},
            },
        },
    }


def test_names_are_camel_case_and_a_field_may_be_called_title() -> None:
    class Named(SpecModel):
        """Something with names."""

        alt_text: Bounded
        """Words."""

        title: Bounded
        """A title."""

    assert list(structural(Named)["properties"]) == ["altText", "title"]


@pytest.mark.parametrize(
    ("type_", "default", "written"),
    [
        (Bounded, "x", "x"),
        (Colour, Colour.RED, "Red"),
        (Annotated[int, Field(ge=0, le=9)], 3, 3),
        (bool, True, True),
        (Inner, Inner(name="x"), {"name": "x", "note": ""}),
    ],
)
def test_a_default_is_written(type_: Any, default: Any, written: Any) -> None:
    assert schema_of(type_, default)["default"] == written


@pytest.mark.parametrize(
    ("type_", "default"),
    [
        (Bounded | None, None),
        (Annotated[Bounded | None, Nullable()], None),
        (Bounded, ""),
        (Annotated[int, Field(ge=0, le=9)], 0),
        (bool, False),
        (Annotated[tuple[Bounded, ...], Field(max_length=2)], ()),
    ],
)
def test_a_default_that_says_no_more_than_absence_is_not_written(type_: Any, default: Any) -> None:
    schema = structural(thing(type_, default))
    assert "default" not in schema["properties"]["value"]
    assert "required" not in schema


def test_a_computed_field_is_part_of_what_is_stored() -> None:
    class Measured(StatusModel):
        """A length."""

        metres: Annotated[int, Field(ge=0, le=9)] = 0
        """In metres."""

        @computed_field(description="For people.")  # type: ignore[prop-decorator]
        @property
        def size(self) -> Annotated[str, Field(max_length=9)] | None:
            return f"{self.metres} m" if self.metres else None

        @computed_field(description="Whether it is long.")  # type: ignore[prop-decorator]
        @property
        def long(self) -> bool:
            return self.metres > 5

    schema = structural(Measured)
    assert schema["properties"]["size"] == {
        "description": "For people.",
        "type": "string",
        "maxLength": 9,
    }
    assert schema["required"] == ["long"]


def test_ready_made_properties_are_taken_as_they_are() -> None:
    class Partly(SpecModel):
        """Some of it."""

        ratio: float
        name: Bounded
        """The name."""

    schema = structural(Partly, ready_made={"ratio": {"type": "number"}, "more": {}})
    assert schema["properties"] == {
        "ratio": {"type": "number"},
        "more": {},
        "name": {"description": "The name.", "type": "string", "maxLength": 8},
    }
