"""Writes the reference of documents: a JSON Schema and a page for each kind.

    python -m venture_core.artifacts.reference docs/reference/documents

Both follow from the types, so that neither can say what the compiler does not do.
"""

import ast
import inspect
import json
import sys
import textwrap
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from venture_core.artifacts.documents import DOCUMENTS, grammar
from venture_core.artifacts.ir.brand import Brand
from venture_core.artifacts.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

type Schema = dict[str, Any]


def files() -> dict[str, str]:
    """Return what the folder holds: the text of each file by its name."""
    written = {}
    described = {kind: grammar(kind).model for kind in DOCUMENTS} | {"Brand": Brand}
    for kind, model in sorted(described.items()):
        models = list(_models(model, set()))
        schema = _schema(model, models)
        written[f"{kind.lower()}.schema.json"] = json.dumps(schema, indent=2) + "\n"
        written[f"{kind.lower()}.md"] = _page(kind, models, schema)
    return written


def _schema(model: type[BaseModel], models: list[type[BaseModel]]) -> Schema:
    schema = model.model_json_schema(by_alias=True)
    described = {each.__name__: _descriptions(each) for each in models}
    places = {**schema.get("$defs", {}), model.__name__: schema}
    for name, place in places.items():
        for field, text in described.get(name, {}).items():
            place["properties"][field]["description"] = text
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _models(annotation: object, seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    """Give every model that a value can hold, the outer ones first."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation in seen:
            return
        seen.add(annotation)
        yield annotation
        for field in annotation.model_fields.values():
            yield from _models(field.annotation, seen)
        return
    for inner in get_args(annotation):
        yield from _models(inner, seen)


def _descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Return what the source says of each field of a model, by the field's name in JSON."""
    found = {}
    for each in reversed(model.__mro__):
        if not issubclass(each, BaseModel) or each is BaseModel:
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(each))).body[0]
        lines = body.body if isinstance(body, ast.ClassDef) else []
        for line, after in pairwise(lines):
            said = after.value if isinstance(after, ast.Expr) else None
            if not (isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)):
                continue
            name = line.target.id
            if isinstance(said, ast.Constant) and name in model.model_fields:
                alias = model.model_fields[name].alias or name
                found[alias] = " ".join(str(said.value).split())
    return found


def _page(kind: str, models: list[type[BaseModel]], schema: Schema) -> str:
    able = ", ".join(f"`{target.name}`" for target in TARGETS if kind in target.compilers)
    use = f"It becomes {able}." if able else "It is laid under documents of every kind."
    types = schema.get("$defs", {})
    lines = [
        f"# {kind}",
        "",
        f"{inspect.getdoc(models[0])} {use} Written by "
        "`python -m venture_core.artifacts.reference`; "
        f"[JSON Schema]({kind.lower()}.schema.json).",
    ]
    for model in models:
        place = schema if model is models[0] else schema["$defs"][model.__name__]
        lines += ["", f"## {model.__name__}", "", str(inspect.getdoc(model)), ""]
        lines += ["| field | value | default | |", "| --- | --- | --- | --- |"]
        for name, field in model.model_fields.items():
            alias = field.alias or name
            told = place["properties"][alias]
            cells = (
                f"`{alias}`",
                _value(told, types),
                _default(field),
                told.get("description", ""),
            )
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.default
    return "" if isinstance(value, BaseModel) else f"`{json.dumps(value, default=str)}`"


def _value(schema: Schema, types: Schema) -> str:
    """Say what a value may be, in a few words."""
    several = schema.get("anyOf") or schema.get("oneOf")
    if several:
        said = " or ".join(dict.fromkeys(_value(each, types) for each in several))
    elif "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        # What has no fields is said at once.
        fields = "properties" in types[name]
        said = f"[{name}](#{name.lower()})" if fields else _value(types[name], types)
    elif "const" in schema or "enum" in schema:
        said = ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    elif schema.get("type") == "array":
        said = f"list of {_value(schema.get('items', {}), types)}{_bounds(schema, 'Items')}"
    elif schema.get("type") == "string":
        said = f"string{_bounds(schema, 'Length')}"
    elif "maximum" in schema:
        said = f"{schema['type']}, {schema['minimum']:g} to {schema['maximum']:g}"
    else:
        said = str(schema.get("type", "any value"))
    return said


def _bounds(schema: Schema, of: str) -> str:
    most = schema.get(f"max{of}")
    return "" if most is None else f", at most {most:,}"


def main() -> None:
    """Write the files into the folder that is named."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    main()
