"""Base classes of everything inside a custom resource: how it parses, prints and describes itself.

The same types are the source of the CRDs and the operator's parsed view of an object, so they are
frozen, and their dumps are what the API server stores: camelCase JSON without nulls.
"""

from typing import TYPE_CHECKING, Any, ClassVar, override

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from venture_crds.markers import ModelRule, Schema, with_rules

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema


class Model(BaseModel):
    """An object within a custom resource; the strings after its fields describe them.

    ``schema_rules`` are the rules of the object as a whole.
    """

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        use_attribute_docstrings=True,
    )

    schema_rules: ClassVar[tuple[ModelRule, ...]] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the object as the API server stores it: camelCase, plain JSON, absent for None."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @classmethod
    @override
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> Schema:
        schema = handler.resolve_ref_schema(handler(core_schema))
        return with_rules(schema, [cel for rule in cls.schema_rules for cel in rule.expand(schema)])


class SpecModel(Model):
    """What a person wrote: a field that the types do not know is an error."""

    model_config = ConfigDict(extra="forbid")

    @override
    def to_json(self) -> dict[str, Any]:
        """Give what was written and no defaults: one written back would look like a change."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)


class StatusModel(Model):
    """What a controller wrote, perhaps a newer one: fields unknown to the types are skipped."""

    model_config = ConfigDict(extra="ignore")
