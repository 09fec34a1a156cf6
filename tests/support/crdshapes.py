"""Small types from which the generator's tests make definitions."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, create_model
from venture_crds.base import SpecModel
from venture_crds.generator.structural import structural

type Bounded = Annotated[str, Field(max_length=8)]
type Json = dict[str, Any]


class Inner(SpecModel):
    """What is inside."""

    name: Bounded
    """The name."""

    note: Bounded = ""
    """A note."""


def schema_of(type_: Any, default: Any = ...) -> Json:
    """Give the schema of a field of that type, without its description."""
    schema: Json = structural(thing(type_, default))["properties"]["value"]
    assert schema.pop("description") == "A value."
    return schema


def thing(type_: Any, default: Any = ...) -> type[SpecModel]:
    field = (type_, Field(default, description="A value."))
    return create_model("Thing", __base__=SpecModel, value=field)
