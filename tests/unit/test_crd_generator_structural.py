"""From pydantic types to structural schemas: what is written, and what is refused and how."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum, IntEnum, StrEnum
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, JsonValue, computed_field, create_model
from venture_crds.base import SpecModel, StatusModel
from venture_crds.generator.structural import RefusedError, structural
from venture_crds.markers import (
    Cel,
    ExactlyOneOf,
    FreeForm,
    ImmutableExcept,
    ListMap,
    ListSet,
    Matches,
    Nullable,
)

type Bounded = Annotated[str, Field(max_length=8)]
type Json = dict[str, Any]


class Colour(StrEnum):
    RED = "Red"
    BLUE = "Blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Mixed(Enum):
    WORD = "word"
    NUMBER = 1


class Inner(SpecModel):
    """What is inside."""

    name: Bounded
    """The name."""

    note: Bounded = ""
    """A note."""


class Untold(SpecModel):
    name: Bounded


class Tree(SpecModel):
    """A tree."""

    branches: Annotated[tuple[Tree, ...], Field(max_length=2)] = ()
    """Smaller trees."""


class Empty(SpecModel):
    """Nothing at all."""


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    name: Bounded
    """The name."""


class Circle(SpecModel):
    """Round."""

    shape: Literal["circle"]
    """The discriminator."""


class Square(SpecModel):
    """Not round."""

    shape: Literal["square"]
    """The discriminator."""


def schema_of(type_: Any, default: Any = ...) -> Json:
    """Give the schema of a field of that type, without its description."""
    schema: Json = structural(thing(type_, default))["properties"]["value"]
    assert schema.pop("description") == "A value."
    return schema


def thing(type_: Any, default: Any = ...) -> type[SpecModel]:
    field = (type_, Field(default, description="A value."))
    return create_model("Thing", __base__=SpecModel, value=field)


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


REFUSED: dict[str, tuple[Any, str]] = {
    "unbounded string": (str, ": a string needs a bound: max_length"),
    "unbounded list": (list[Bounded], ": a list needs a bound: max_length"),
    "unbounded map": (
        dict[str, Bounded],
        ": a map or free-form object needs a bound: max_length or max_properties",
    ),
    "unbounded integer": (int, ": an integer needs bounds: ge and le"),
    "integer without lower bound": (
        Annotated[int, Field(le=1)],
        ": an integer needs bounds: ge and le",
    ),
    "integer without upper bound": (
        Annotated[int, Field(ge=1)],
        ": an integer needs bounds: ge and le",
    ),
    "integer with open bounds": (
        Annotated[int, Field(gt=1, lt=9)],
        ": an integer needs bounds: ge and le",
    ),
    "multiples": (
        Annotated[int, Field(ge=0, le=9, multiple_of=3)],
        ": Kubernetes has no form for multipleOf",
    ),
    "unbounded string in a list": (
        Annotated[list[str], Field(max_length=1)],
        "[]: a string needs a bound: max_length",
    ),
    "unbounded string in a map": (
        Annotated[dict[str, str], Field(max_length=1)],
        "{}: a string needs a bound: max_length",
    ),
    "no description in an object in a list": (
        Annotated[list[Untold], Field(max_length=1)],
        "[].name: a field needs a description of its own: write a string after it",
    ),
    "pattern without words": (
        Annotated[str, Field(max_length=1, pattern="^a$")],
        ": a pattern needs words for people: mark the field with Matches",
    ),
    "unknown format": (UUID, ": the API server does not check the format uuid"),
    "bytes": (
        Annotated[bytes, Field(max_length=3)],
        ": the API server does not check the format binary",
    ),
    "float": (
        float,
        ": floating-point numbers are not portable: use an integer with its unit in the name",
    ),
    "anything": (
        Any,
        ": any value at all has no structural form: mark an object of free form with FreeForm",
    ),
    "anything in a list": (
        Annotated[list[Any], Field(max_length=1)],
        "[]: any value at all has no structural form: mark an object of free form with FreeForm",
    ),
    "anything in a map": (
        Annotated[dict[str, Any], Field(max_length=1)],
        ": the values of a map need a type",
    ),
    "union": (
        Bounded | bool,
        ": a union has no structural form: make its members optional fields of one object",
    ),
    "discriminated union": (
        Annotated[Circle | Square, Field(discriminator="shape")],
        ": a union has no structural form: make its members optional fields of one object",
    ),
    "mixed enumeration": (
        Mixed,
        ": the values of an enumeration must all be strings or all be integers",
    ),
    "no form in JSON": (Callable[[], None], ": it has no form in JSON: core_schema.CallableSchema"),
    "recursion": (Tree, ".branches[]: Tree contains itself, and a CRD cannot recurse"),
    "no fields": (Empty, ": an object needs fields"),
    "fields without a name": (Open, ": an object cannot keep fields that it does not name"),
    "unique items": (
        Annotated[set[Bounded], Field(max_length=1)],
        ": Kubernetes has no form for uniqueItems",
    ),
    "tuple": (tuple[Bounded, Bounded], ": the items of a list need a type"),
    "constrained keys": (
        Annotated[dict[Bounded, Bounded], Field(max_length=1)],
        ": Kubernetes has no form for propertyNames",
    ),
    "set of objects": (
        Annotated[tuple[Inner, ...], Field(max_length=1), ListSet()],
        ": a set holds scalars; name a key with ListMap instead",
    ),
    "list map without its key": (
        Annotated[tuple[Inner, ...], Field(max_length=1), ListMap("id")],
        ": the items have no required field id to be told apart by",
    ),
    "list map by an optional key": (
        Annotated[tuple[Inner, ...], Field(max_length=1), ListMap("note")],
        ": the items have no required field note to be told apart by",
    ),
    "rule without words": (
        Annotated[Bounded, Cel("self != ''", " ")],
        """: the rule "self != ''" needs a message of one line""",
    ),
    "rule with too many words": (
        Annotated[Bounded, Cel("self != ''", "must\nnot")],
        """: the rule "self != ''" needs a message of one line""",
    ),
    "required but perhaps null": (
        Bounded | None,
        ": a required field may be None: give it the default None, or no None",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_type_without_a_place_in_a_crd_is_refused_with_its_path(case: str) -> None:
    type_, problem = REFUSED[case]
    with pytest.raises(RefusedError) as caught:
        structural(thing(type_))
    assert str(caught.value) == f"Thing.value{problem}"


def test_a_null_default_is_refused_where_null_is_no_value() -> None:
    with pytest.raises(RefusedError) as caught:
        structural(thing(Bounded, None))
    problem = "the default is null, but null is not a value of the field"
    assert str(caught.value) == f"Thing.value: {problem}"


@pytest.mark.parametrize("type_", [Bounded, Inner, Inner | None])
@pytest.mark.parametrize("description", [None, " "])
def test_a_field_without_a_description_of_its_own_is_refused(
    type_: Any, description: str | None
) -> None:
    model = create_model("Thing", __base__=SpecModel, value=(type_, Field(description=description)))
    with pytest.raises(RefusedError) as caught:
        structural(model)
    problem = "a field needs a description of its own: write a string after it"
    assert str(caught.value) == f"Thing.value: {problem}"


def test_a_refusal_names_the_whole_path() -> None:
    class Deep(SpecModel):
        """Deep down."""

        things: Annotated[dict[str, Untold], Field(max_length=1)]
        """Things by name."""

    with pytest.raises(RefusedError, match=r"^Thing\.value\.things\{\}\.name: a field needs"):
        structural(thing(Deep))


class Choice(SpecModel):
    """One of three."""

    schema_rules: ClassVar[tuple[Any, ...]] = (
        ExactlyOneOf(("a", "bB", "c")),
        Cel("!has(self.c) || self.c != 'x'", "c is never x", field_path=".c"),
    )

    a: Bounded | None = None
    """The first."""

    b_b: Bounded | None = None
    """The second."""

    c: Bounded | None = None
    """The third."""


def test_rules_of_a_whole_object_stand_on_it_and_join_those_of_the_field() -> None:
    schema = schema_of(Annotated[Choice, Cel("has(self.a)", "a is set here")])
    assert schema["x-kubernetes-validations"] == [
        {
            "rule": "[has(self.a), has(self.bB), has(self.c)].filter(set, set).size() == 1",
            "message": "must set exactly one of a, bB and c",
        },
        {
            "rule": "!has(self.c) || self.c != 'x'",
            "message": "c is never x",
            "fieldPath": ".c",
        },
        {"rule": "has(self.a)", "message": "a is set here"},
    ]


def test_immutability_has_a_rule_for_each_field_that_stays() -> None:
    class Frozen(SpecModel):
        """Mostly fixed."""

        schema_rules: ClassVar = (ImmutableExcept(("pause",)),)

        name: Bounded
        """Required."""

        note: Bounded | None = None
        """Optional."""

        pause: bool = False
        """Free."""

    name, note = structural(Frozen)["x-kubernetes-validations"]
    assert name == {
        "rule": "self.name == oldSelf.name",
        "message": "name cannot change after creation (only pause can); "
        "create another object instead",
        "fieldPath": ".name",
        "reason": "FieldValueForbidden",
    }
    assert note["rule"] == (
        "has(self.note) == has(oldSelf.note) && (!has(self.note) || self.note == oldSelf.note)"
    )


@pytest.mark.parametrize("rule", [ExactlyOneOf(("a", "z")), ImmutableExcept(("z",))])
def test_a_rule_about_an_unknown_field_is_an_error(rule: Any) -> None:
    class Wrong(Choice):
        """Wrong."""

        schema_rules: ClassVar[tuple[Any, ...]] = (rule,)

    with pytest.raises(ValueError, match=r"^Wrong: no field named z$"):
        structural(Wrong)


def test_matches_stands_on_strings_only() -> None:
    with pytest.raises(TypeError, match="Matches stands on strings only"):
        thing(Annotated[int, Matches("^a$", "must be an a")])


def test_pydantic_checks_matches_too() -> None:
    model = thing(Annotated[Bounded, Matches("^a$", "must be an a")])
    with pytest.raises(ValueError, match="should match pattern"):
        model.model_validate({"value": "b"})
