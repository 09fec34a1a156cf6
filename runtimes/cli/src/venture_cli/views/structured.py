"""Results for programs: json, yaml, name."""

import json
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

    from venture_cli.options import Format

RESOURCE: Final = "artifactbuild.venture.parpour.dev"


def print_data(value: object, form: Format) -> None:
    """Print as json or yaml; the value has only JSON's types."""
    text = json.dumps(value, indent=2, ensure_ascii=False) if form == "json" else _yaml(value)
    print(text.rstrip("\n"))


def print_objects(bodies: Iterable[dict[str, Any]], form: Format, *, as_list: bool) -> None:
    """Print objects as kubectl does: one by itself, several as a List, or only their names."""
    items = list(bodies)
    if form == "name":
        for body in items:
            print_name(body["metadata"]["name"])
    elif as_list:
        print_data({"apiVersion": "v1", "kind": "List", "items": items}, form)
    else:
        print_data(items[0], form)


def print_name(name: str) -> None:
    """Print an ArtifactBuild's name the way kubectl and this program read it."""
    print(f"{RESOURCE}/{name}")


def _yaml(value: object) -> str:
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=1000))
