"""The targets: what documents can be made into. A target is a line here and a folder of its own.

This module is light: what plans and renders is imported where a document is compiled.
"""

from typing import TYPE_CHECKING, Final

from venture_core.artifacts.deck.target import PPTX
from venture_core.artifacts.doc.target import DOCX
from venture_core.artifacts.picture.target import IMAGE
from venture_core.artifacts.report.target import PDF
from venture_core.artifacts.sheet.target import XLSX
from venture_core.artifacts.video.target import VIDEO

if TYPE_CHECKING:
    from venture_core.artifacts.target import Target

TARGETS: Final[tuple[Target, ...]] = (PPTX, DOCX, XLSX, PDF, IMAGE, VIDEO)
"""All targets; of those that take a kind of document, the first is its usual one."""

_BY_NAME: Final = {target.name: target for target in TARGETS}


class UnsupportedTargetError(ValueError):
    """The target cannot be made, or not from this kind of document."""


def target_named(name: str) -> Target:
    """Return the target of that name. Raises `UnsupportedTargetError` where there is none."""
    if name not in _BY_NAME:
        raise UnsupportedTargetError(f"there is no target {name}, but {', '.join(_BY_NAME)}")
    return _BY_NAME[name]


def target_for(name: str, kind: str) -> Target:
    """Return the target. Raises `UnsupportedTargetError` where it takes no documents of `kind`."""
    target = target_named(name)
    if kind not in target.compilers:
        able = ", ".join(each.name for each in TARGETS if kind in each.compilers)
        raise UnsupportedTargetError(f"a {kind} compiles to {able}, not to {name}")
    return target


def usual_target(kind: str) -> str | None:
    """Return the name of the target that documents of `kind` are for, None where there is none."""
    return next((each.name for each in TARGETS if kind in each.compilers), None)


def extension_of(media_type: str) -> str:
    """Return the ending of a file of that media type, such as `pptx`; `bin` for any other."""
    endings = {each.media_type: each.extension for target in TARGETS for each in target.formats}
    return endings.get(media_type, "bin")
