"""Names made of file names, and file names made of names."""

import re
from pathlib import PurePath

from venture_core.artifacts.targets import extension_of

from venture_cli.domain.noun import MAX_NAME


def name_from_file(path: str) -> str:
    """Return a name for a build of that file, such as `q3-review` for `Q3 review.json`.

    Empty where nothing usable is left.
    """
    stem = PurePath(path).name.split(".", 1)[0].lower()
    return re.sub(r"[^a-z0-9]+", "-", stem)[:MAX_NAME].strip("-")


def namespace_name(text: str) -> str:
    """Return the name of a namespace; ValueError where it is none."""
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", text):
        raise ValueError(f"{text!r} is no name of a namespace")
    return text


def artifact_file_name(build: str, media_type: str) -> str:
    """Return the file name of what a build made, such as `board-deck.pptx`."""
    return f"{build}.{extension_of(media_type)}"
