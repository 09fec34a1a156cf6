"""The README's tour: its commands, and what it shows for each."""

import re

from surroundings import REPOSITORY

README = REPOSITORY / "README.md"


def blocks(language: str) -> list[str]:
    """Return the code blocks of one language, in the README's order."""
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), flags=re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """Return every command of the tour with the output that the README shows for it."""
    told = "".join(blocks("console"))
    parts = re.split(r"^\$ ", told, flags=re.MULTILINE)[1:]
    return [
        (line.split("  #")[0].strip(), shown)
        for line, _, shown in (p.partition("\n") for p in parts)
    ]
