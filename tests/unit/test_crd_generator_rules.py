"""Rules that the API server checks stand where their fields are."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import pytest
from crdshapes import Bounded, schema_of, thing
from venture_crds.base import SpecModel
from venture_crds.generator.structural import structural
from venture_crds.markers import Cel, ExactlyOneOf, ImmutableExcept, Matches


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
