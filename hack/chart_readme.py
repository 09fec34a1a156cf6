"""Write the table of values in the chart's README from the comments in values.yaml.

    python hack/chart_readme.py          write it
    python hack/chart_readme.py --check  fail if it is not up to date

A comment that begins with "# -- " describes the key below it; comment lines that follow go on
with it.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

CHART = Path(__file__).resolve().parents[1] / "charts" / "venture"
BEGIN, END = "<!-- values: written by hack/chart_readme.py -->\n", "<!-- end of values -->\n"


def described(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the path of every described key, with its description."""
    path: list[tuple[int, str]] = []
    comment: list[str] = []
    for line in text.splitlines():
        if match := re.match(r"\s*# (-- )?(.*)", line):
            if match[1]:
                comment = [match[2]]
            elif comment:
                comment.append(match[2])
            continue
        if match := re.match(r"(\s*)([A-Za-z0-9]+):", line):
            depth = len(match[1])
            path = [(at, key) for at, key in path if at < depth] + [(depth, match[2])]
            if comment:
                yield tuple(key for _, key in path), " ".join(comment)
        comment = []


def table(text: str) -> str:
    """Return the table, in the order of the file."""
    values = yaml.safe_load(text)
    rows = ["| Value | Default | Meaning |\n| --- | --- | --- |\n"]
    for path, description in described(text):
        default: Any = values
        for key in path:
            default = default[key]
        rows.append(
            f"| `{'.'.join(path)}` | `{json.dumps(default)}` | {description.replace('|', '/')} |\n"
        )
    return "".join(rows)


def main() -> None:
    """Write the README, or compare it."""
    readme = CHART / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    wanted = before + BEGIN + table((CHART / "values.yaml").read_text()) + END + after
    if "--check" in sys.argv[1:]:
        if readme.read_text() != wanted:
            sys.exit(
                "charts/venture/README.md is not up to date: run `python hack/chart_readme.py`"
            )
    else:
        readme.write_text(wanted)


if __name__ == "__main__":
    main()
