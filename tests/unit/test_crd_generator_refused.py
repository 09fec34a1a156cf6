"""Types without a place in a CRD are refused, with their path."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from crdshapes import Bounded, Inner, thing
from pydantic import BaseModel, ConfigDict, Field, create_model
from venture_crds.base import SpecModel
from venture_crds.generator.structural import RefusedError, structural
from venture_crds.markers import Cel, ListMap, ListSet


class Mixed(Enum):
    WORD = "word"
    NUMBER = 1


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
