"""Write what the chart says of itself, from what it is.

    python hack/chart_readme.py          write it
    python hack/chart_readme.py --check  fail if it is not up to date

The table of values in its README comes from the comments in values.yaml, the list of definitions in
Chart.yaml, which Artifact Hub shows, from crds/manifests.

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
MANIFESTS = CHART.parents[1] / "crds" / "manifests"
CRDS_BEGIN = "  # Definitions: written by hack/chart_readme.py\n"
CRDS_END = "  # end of definitions\n"
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


def definitions() -> str:
    """Return the annotation with the definitions, as Artifact Hub reads it."""
    listed = []
    for manifest in sorted(MANIFESTS.glob("*.yaml")):
        body = yaml.safe_load(manifest.read_text())
        (version,) = body["spec"]["versions"]
        kind = body["spec"]["names"]["kind"]
        said = version["schema"]["openAPIV3Schema"]["description"].splitlines()[0]
        listed.append(
            {
                "kind": kind,
                "version": version["name"],
                "name": body["metadata"]["name"],
                "displayName": re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind),
                "description": said,
            }
        )
    lines = yaml.safe_dump(listed, sort_keys=False, width=1000).splitlines()
    return "".join(
        f"{line}\n" for line in ["  artifacthub.io/crds: |", *("    " + each for each in lines)]
    )


def between(text: str, begin: str, end: str, inner: str) -> str:
    """Return the text with what stands between two marks replaced."""
    before, _, rest = text.partition(begin)
    return before + begin + inner + end + rest.partition(end)[2]


def main() -> None:
    """Write both, or compare them."""
    values = (CHART / "values.yaml").read_text()
    written = {
        CHART / "README.md": (BEGIN, END, table(values)),
        CHART / "Chart.yaml": (CRDS_BEGIN, CRDS_END, definitions()),
    }
    for path, parts in written.items():
        text = path.read_text()
        wanted = between(text, *parts)
        if "--check" not in sys.argv[1:]:
            path.write_text(wanted)
        elif text != wanted:
            sys.exit(
                f"{path.name} of the chart is not up to date: run `python hack/chart_readme.py`"
            )


if __name__ == "__main__":
    main()
