"""Names of objects: read from arguments, made from file names."""

import re
from pathlib import PurePath
from typing import Final

MAX_LENGTH: Final = 63
_OBJECT_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_KIND_PREFIX: Final = re.compile(r"(ab|artifactbuilds?(\.venture\.parpour\.dev)?)/", re.IGNORECASE)


def object_name(text: str) -> str:
    """Return the name in `NAME`, `ab/NAME` or what `-o name` prints; ValueError if it is none."""
    name = _KIND_PREFIX.sub("", text, count=1) if _KIND_PREFIX.match(text) else text
    if not _OBJECT_NAME.fullmatch(name) or len(name) > MAX_LENGTH:
        raise ValueError(
            f"{name!r} is no name of an ArtifactBuild: at most {MAX_LENGTH} lower-case letters, "
            "digits, '-' and '.'"
        )
    return name


def refers_to_object(text: str) -> bool:
    """Return whether the argument is spelled `ab/NAME`, which can only mean an object."""
    return _KIND_PREFIX.match(text) is not None


def name_from_file(path: str) -> str:
    """Return a name for a build of that file, such as `q3-review` for `Q3 review.json`.

    Empty where nothing usable is left.
    """
    stem = PurePath(path).name.split(".", 1)[0].lower()
    return re.sub(r"[^a-z0-9]+", "-", stem)[:MAX_LENGTH].strip("-")


def artifact_file_name(build: str, target: str) -> str:
    """Return the file name of what a build made, such as `board-deck.pptx`."""
    return f"{build}.{target.lower()}"
