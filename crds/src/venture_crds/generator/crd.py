"""CustomResourceDefinitions from the kinds: names, versions, columns, and the checks on them."""

import importlib
import pkgutil
import re
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import venture_crds
from venture_crds.generator.structural import RefusedError, structural
from venture_crds.resource import CATEGORY, GROUP, Resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from venture_crds.markers import Schema
    from venture_crds.resource import Column

MAX_SELECTABLE: Final = 8
"""How many selectable fields the API server takes for a version."""

_STANDARD_FIELDS: Final = {
    "apiVersion": {
        "description": "The group and version of the schema that this object follows.",
        "type": "string",
    },
    "kind": {"description": "The kind of this object.", "type": "string"},
    # The API server fills in the schema of the metadata and refuses even a description of it.
    "metadata": {"type": "object"},
}


def discover() -> tuple[type[Resource], ...]:
    """Find every kind in the version packages (``venture_crds.v*``), ordered by name and version.

    A kind is a subclass of Resource that declares a ``kind_info`` of its own.
    """
    packages = [
        importlib.import_module(f"{venture_crds.__name__}.{package.name}")
        for package in pkgutil.iter_modules(venture_crds.__path__)
        if re.fullmatch(r"v\d+((alpha|beta)\d+)?", package.name)
    ]
    kinds = {
        value
        for package in packages
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
        for value in vars(importlib.import_module(module.name)).values()
        if isinstance(value, type) and issubclass(value, Resource) and "kind_info" in vars(value)
    }
    return tuple(sorted(kinds, key=lambda kind: (kind.__name__, kind.kind_info.version)))


def definitions(kinds: Iterable[type[Resource]]) -> tuple[Schema, ...]:
    """Give one CustomResourceDefinition for each kind, with all of its versions."""
    by_name = sorted(kinds, key=lambda kind: (kind.__name__, kind.kind_info.version))
    return tuple(
        definition(tuple(versions)) for _, versions in groupby(by_name, lambda kind: kind.__name__)
    )


def definition(versions: Sequence[type[Resource]]) -> Schema:
    """Give the CustomResourceDefinition of one kind.

    Raises RefusedError where its versions disagree about the kind's names or rights or do not have
    exactly one storage version, and where a version refuses (see `version_of`).
    """
    name = versions[0].__name__
    infos = [version.kind_info for version in versions]
    shared = {
        (info.plural, info.short_names, info.scope, info.edit, info.operator) for info in infos
    }
    if len(shared) > 1:
        raise RefusedError(f"{name}: its versions differ in plural, short names, scope or rights")
    if sum(info.storage for info in infos) != 1:
        raise RefusedError(f"{name}: exactly one of its versions must be the storage version")
    info = infos[0]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{info.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": name,
                "listKind": f"{name}List",
                "plural": info.plural,
                "singular": name.lower(),
                "shortNames": list(info.short_names),
                "categories": [CATEGORY],
            },
            "scope": info.scope,
            "versions": [version_of(version) for version in versions],
        },
    }


def version_of(kind: type[Resource]) -> Schema:
    """Give one entry of a CRD's list of versions.

    Raises RefusedError where the schema refuses, and where a column or a selectable field points
    to a field that does not exist or cannot be shown or selected.
    """
    info = kind.kind_info
    schema = structural(kind, ready_made=_STANDARD_FIELDS)
    for column in info.columns:
        _require_column(kind, schema, column)
    for path in info.selectable:
        if _type_at(schema, path) not in {"string", "integer", "boolean"}:
            raise RefusedError(f"{kind.__name__}: {path} cannot be selected: it is no scalar field")
    if len(info.selectable) > MAX_SELECTABLE:
        raise RefusedError(f"{kind.__name__}: at most {MAX_SELECTABLE} fields are selectable")
    selectable = [{"jsonPath": path} for path in info.selectable]
    return {
        "name": info.version,
        "served": info.served,
        "storage": info.storage,
        "subresources": {"status": {}},
        **({"selectableFields": selectable} if selectable else {}),
        "additionalPrinterColumns": [_column(column) for column in info.columns],
        "schema": {"openAPIV3Schema": schema},
    }


def _column(column: Column) -> Schema:
    return {
        "name": column.name,
        "type": column.type,
        "jsonPath": column.path,
        "description": column.description,
        **({"priority": 1} if column.wide else {}),
    }


def _require_column(kind: type[Resource], schema: Schema, column: Column) -> None:
    if column.path == ".metadata.creationTimestamp":
        return
    shown = "string" if column.type == "date" else column.type
    if _type_at(schema, column.path) != shown:
        raise RefusedError(
            f"{kind.__name__}: column {column.name} shows {column.path} as {column.type}, "
            "but no such field has that type"
        )


def _type_at(schema: Schema, path: str) -> str | None:
    """Give the type of the field at a JSON path, or None where there is none.

    A filter such as ``[?(@.type=="Ready")]`` steps into the items of a list.
    """
    node: Any = schema
    for step in re.findall(r"\.(\w+)|(\[.*?\])", path):
        name, items = step
        node = node.get("items") if items else node.get("properties", {}).get(name)
        if node is None:
            return None
    return str(node["type"])
