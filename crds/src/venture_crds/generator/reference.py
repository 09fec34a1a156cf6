"""The reference page of a kind, in Markdown, from its CRD."""

import json
from typing import TYPE_CHECKING, Final

from venture_crds.markers import LIST_MAP_KEYS, LIST_TYPE, PRESERVE_UNKNOWN, VALIDATIONS
from venture_crds.v1alpha1.reasons import CommonReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from venture_crds.markers import Schema
    from venture_crds.resource import Resource
    from venture_crds.v1alpha1.reasons import DocumentedReason

_BOUNDS: Final = {
    "minLength": "at least {:,}",
    "maxLength": "at most {:,} characters",
    "minItems": "{:,} items or more",
    "maxItems": "at most {:,} items",
    "minProperties": "{:,} fields or more",
    "maxProperties": "at most {:,} fields",
    "minimum": "from {:,}",
    "maximum": "to {:,}",
}


def reference_page(crd: Schema, versions: Sequence[type[Resource]]) -> str:
    """Describe a kind: its names, columns, examples, and each version's fields and rules."""
    names = crd["spec"]["names"]
    examples = {version.kind_info.version: version.kind_info.examples for version in versions}
    reasons = {version.kind_info.version: version.kind_info.reasons for version in versions}
    lines = [f"# {names['kind']}", ""]
    for version in crd["spec"]["versions"]:
        schema = version["schema"]["openAPIV3Schema"]
        lines += [schema["description"], "", *_names(crd, version), ""]
        for example in examples[version["name"]]:
            lines += [f"## {example.title}", "", "```yaml", example.manifest.rstrip(), "```", ""]
        lines += ["## Columns of `kubectl get`", "", *_columns(version), ""]
        if own := reasons[version["name"]]:
            lines += ["## Reasons in conditions", "", *_reasons([*own, *CommonReason]), ""]
        lines += ["## Fields", "", *_rules(schema, names["kind"])]
        for name in ("spec", "status"):
            lines += [*_section(name, schema["properties"][name])]
    return "\n".join(lines).rstrip() + "\n"


def _names(crd: Schema, version: Schema) -> Iterator[str]:
    names = crd["spec"]["names"]
    selectable = [f"`{field['jsonPath'][1:]}`" for field in version.get("selectableFields", ())]
    yield from _table(
        ("", ""),
        [
            ("API version", f"`{crd['spec']['group']}/{version['name']}`"),
            ("Short names", ", ".join(f"`{name}`" for name in names["shortNames"])),
            ("Categories", ", ".join(f"`{name}`" for name in names["categories"])),
            ("Scope", crd["spec"]["scope"]),
            ("Field selectors", ", ".join(selectable) or "none"),
        ],
    )


def _columns(version: Schema) -> Iterator[str]:
    rows = [
        (column["name"], column["description"], "with `-o wide`" if "priority" in column else "")
        for column in version["additionalPrinterColumns"]
    ]
    yield from _table(("Column", "Meaning", "Shown"), rows)


def _reasons(reasons: Iterable[DocumentedReason]) -> Iterator[str]:
    rows = [(f"`{each}`", each.meaning, each.retried) for each in reasons]
    yield from _table(("Reason", "Means", "Tried again"), rows)


def _section(path: str, schema: Schema) -> Iterator[str]:
    """Describe one object and, after it, the objects within it."""
    yield from (f"### `{path}`", "", schema.get("description", ""), "")
    required = schema.get("required", ())
    fields = schema["properties"]
    rows = [
        (f"`{name}`", _type(field), _meaning(field, required=name in required))
        for name, field in fields.items()
    ]
    yield from (*_table(("Field", "Type", "Meaning"), rows), "", *_rules(schema, path))
    for name, field in fields.items():
        inner, suffix = _within(field)
        if "properties" in inner:
            yield from _section(f"{path}.{name}{suffix}", inner)


def _within(field: Schema) -> tuple[Schema, str]:
    """Give what a list or map holds, with the sign for it in a path; else the field itself."""
    if "items" in field:
        return field["items"], "[]"
    if "additionalProperties" in field:
        return field["additionalProperties"], "{}"
    return field, ""


def _type(schema: Schema) -> str:
    if "enum" in schema:
        return " \\| ".join(f"`{value}`" for value in schema["enum"])
    inner, suffix = _within(schema)
    if suffix:
        return f"{'list' if suffix == '[]' else 'map'} of {_type(inner)}"
    if schema.get(PRESERVE_UNKNOWN):
        return "object of free form"
    return "time (RFC 3339)" if schema.get("format") == "date-time" else schema["type"]


def _meaning(field: Schema, *, required: bool) -> str:
    """Say all there is to say of a field in one cell."""
    inner, suffix = _within(field)
    facts = ["**Required.**"] if required else []
    facts.append(field["description"].replace("\n\n", " "))
    if bounds := _bounds(field):
        facts.append(f"{bounds.capitalize()}.")
    if suffix and (bounds := _bounds(inner)):
        facts.append(f"Each {bounds}.")
    if field.get(LIST_TYPE) == "map":
        facts.append(f"No two with the same `{field[LIST_MAP_KEYS][0]}`.")
    if field.get(LIST_TYPE) == "set":
        facts.append("No two alike.")
    if "default" in field:
        facts.append(f"Default: `{json.dumps(field['default'])}`.")
    if "properties" not in field:
        facts += [f"Rule: {rule['message']}." for rule in field.get(VALIDATIONS, ())]
    return " ".join(facts).replace("|", "\\|")


def _bounds(schema: Schema) -> str:
    if schema.get("format") == "date-time":
        return ""
    said = (words.format(schema[key]) for key, words in _BOUNDS.items() if key in schema)
    return ", ".join(said).replace(", to ", " to ")


def _rules(schema: Schema, owner: str) -> Iterator[str]:
    """List the rules of an object as a whole."""
    if rules := schema.get(VALIDATIONS, ()):
        yield from (f"Rules of `{owner}`:", "")
        yield from (f"- {rule['message']}" for rule in rules)
        yield ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
