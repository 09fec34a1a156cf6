"""Write every list of the workspace's members where a tool wants one, from the members themselves.

    python hack/workspace.py          write them
    python hack/workspace.py --check  fail if one is not up to date

A member is a folder with a pyproject.toml. `[tool.venture] image = true` there puts it into the
image of the long-running processes (operator/Dockerfile). So a new program touches no list: its
folder is enough.
"""

from __future__ import annotations

import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
LIBRARIES = ("crds", "core")
BEGIN, END = "# written by hack/workspace.py", "# end of what it writes"


@dataclass(frozen=True)
class Member:
    """One package of the workspace."""

    folder: str
    distribution: str
    extras: tuple[str, ...]
    in_image: bool

    @property
    def package(self) -> str:
        """Its import name."""
        return self.distribution.replace("-", "_")

    @property
    def is_program(self) -> bool:
        """Whether it stands on the libraries, and nothing stands on it."""
        return self.folder not in LIBRARIES

    @property
    def requirement(self) -> str:
        """What the virtual root requires: with everything, where it is a program."""
        extras = f"[{','.join(self.extras)}]" if self.extras and self.is_program else ""
        return f"{self.distribution}{extras}"


def members(repository: Path) -> list[Member]:
    """Return all members: the libraries first, then by folder."""
    files = [
        *(repository / name / "pyproject.toml" for name in LIBRARIES),
        *sorted(
            path
            for pattern in ("*/pyproject.toml", "runtimes/*/pyproject.toml")
            for path in repository.glob(pattern)
            if path.parent.name not in LIBRARIES
        ),
    ]
    return [_member(repository, file) for file in files]


def _member(repository: Path, file: Path) -> Member:
    content: dict[str, Any] = tomllib.loads(file.read_text())
    project = content["project"]
    return Member(
        folder=file.parent.relative_to(repository).as_posix(),
        distribution=project["name"],
        extras=tuple(project.get("optional-dependencies", ())),
        in_image=content.get("tool", {}).get("venture", {}).get("image", False),
    )


def _quoted(names: list[str]) -> list[str]:
    return [f'    "{name}",' for name in names]


def lists(found: list[Member]) -> dict[str, dict[str, list[str]]]:
    """Return the lines of each list, by file and by the list's name."""
    programs = [each for each in found if each.is_program]
    image = [each for each in found if each.in_image or not each.is_program]
    chosen = [each.distribution for each in image if each.is_program]
    return {
        "pyproject.toml": {
            "dependencies": _quoted([each.requirement for each in found]),
            "sources": [f"{each.distribution} = {{ workspace = true }}" for each in found],
            "root packages": _quoted([each.package for each in found]),
            "programs": [f'    "{" | ".join(each.package for each in programs)}",'],
            "measured packages": _quoted([each.package for each in found]),
        },
        "operator/Dockerfile": {
            "manifests": [f"COPY {each.folder}/pyproject.toml {each.folder}/" for each in image],
            "packages": [f'ENV PACKAGES="{" ".join(f"--package {name}" for name in chosen)}"'],
            "code": [
                *(f"COPY {each.folder} {each.folder}" for each in image),
                f'ENV CODE="{" ".join(f"./{each.folder}" for each in image)}"',
            ],
        },
    }


def written(text: str, wanted: dict[str, list[str]]) -> str:
    """Return the text with each of its lists replaced. Raises LookupError for one that lacks."""
    for name, lines in wanted.items():
        pattern = rf"({re.escape(BEGIN)}: {name}\n)(?:.*\n)*?([ ]*{re.escape(END)}\n)"
        text, times = re.subn(
            pattern, lambda match, body=lines: "".join([match[1], *_ended(body), match[2]]), text
        )
        if times != 1:
            raise LookupError(f"there are {times} lists «{name}», not one")
    return text


def _ended(lines: list[str]) -> list[str]:
    return [f"{line}\n" for line in lines]


def main() -> None:
    """Write the lists, or compare them."""
    stale = []
    for name, wanted in lists(members(REPOSITORY)).items():
        file = REPOSITORY / name
        before = file.read_text()
        after = written(before, wanted)
        if after == before:
            continue
        stale.append(name)
        if "--check" not in sys.argv[1:]:
            file.write_text(after)
    if stale and "--check" in sys.argv[1:]:
        sys.exit(f"{', '.join(stale)}: not up to date, run `python hack/workspace.py`")


if __name__ == "__main__":
    main()
