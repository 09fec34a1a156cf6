"""Results for programs: json and yaml, which mean the same whatever terminal they pass through."""

import json
from typing import TYPE_CHECKING

from venture_cli.domain.harmless import escaped_in_json, escaped_in_yaml, is_harmless
from venture_cli.errors import CliError
from venture_cli.views.terminal import out

if TYPE_CHECKING:
    from venture_cli.domain.choices import Format


def print_data(value: object, form: Format) -> None:
    """Print as json or yaml; the value has only JSON's types."""
    try:
        text = _json(value, indent=2) if form == "json" else _yaml(value)
    except RecursionError:
        raise CliError("this is nested too deeply to be printed") from None
    out().print_block(text)


def print_line(value: object) -> None:
    """Print as json, on one line."""
    out().print_block(_json(value))


def _json(value: object, indent: int | None = None) -> str:
    return escaped_in_json(json.dumps(value, indent=indent, ensure_ascii=False))


def _yaml(value: object) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Puts what is dangerous in quotes, where an escape means the character."""

    def represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        plain = is_harmless(text.replace("\n", ""))
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, None if plain else '"')

    Dumper.add_representer(str, represent)
    text = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1000)
    return escaped_in_yaml(str(text))
