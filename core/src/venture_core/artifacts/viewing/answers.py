"""What a process that looks at a file is asked, and how it answers.

Asked by arguments: the width, and the parts that are wanted. Answered by one line of JSON for each
page, with the page's bytes behind it. Whoever reads the answers believes none of it.
"""

from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field

from venture_core.artifacts.viewing.look import Look

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_PAGE_BYTES: Final = 80 * 1024 * 1024
"""The longest PNG: the largest page, not packed at all."""
MAX_LINE_BYTES: Final = 4096


class Answer(BaseModel):
    """What precedes the bytes of a page, or why there are no more."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    number: int = Field(default=0, ge=0, le=1_000_000)
    count: int = Field(default=0, ge=0, le=10_000_000)
    size: int = Field(default=0, ge=0, le=MAX_PAGE_BYTES)
    """Bytes of the page."""
    refused: str = Field(default="", max_length=1000)


def as_arguments(look: Look) -> list[str]:
    """Return a look as arguments of the process."""
    return [str(look.width), *(f"{first}-{last}" for first, last in look.pages)]


def from_arguments(arguments: Sequence[str]) -> Look:
    """Return the look that arguments ask for."""
    width, *parts = arguments
    ends = (part.partition("-") for part in parts)
    return Look(int(width), tuple((int(first), int(last)) for first, _, last in ends))
