"""Text with emphasis, links and citations, as documents other than decks write it."""

import re
from typing import Annotated

from pydantic import AfterValidator, Discriminator, Field, StringConstraints, Tag
from pydantic_core import PydanticCustomError

from venture_core.artifacts.ir.values import IRModel, Line400, Line2000, Name

_SIGN = r"[^\s<>\"\\^`{|}\u200e\u200f\u202a-\u202e\u2066-\u2069]"
"""What stands in an address: no mark of direction, which would show it in another order."""
_HOST = _SIGN.replace("]", "@/?#]")
"""Of the name of a server: with @ another one could be written before it."""
LINK = re.compile(
    rf"https?://{_HOST}+(?:[/?#]{_SIGN}*)?|mailto:[^\s<>\"@]+@[^\s<>\"@]+|#[a-z0-9-]{{1,63}}"
)


def _link(value: str) -> str:
    if not LINK.fullmatch(value):
        expected = (
            "a link that begins with https://, http:// or mailto:, or # and the id of a heading"
        )
        raise PydanticCustomError("value_form", "not {expected}", {"expected": expected})
    return value


Link = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_link)]
"""Where a click leads: out of the document, or to a heading of it. Nothing is fetched for it."""


class Run(IRModel):
    """Some text that looks the same."""

    text: Line2000
    bold: bool = False
    italic: bool = False
    code: bool = False
    """Set in type of one width."""
    link: Link | None = None
    cite: Name | None = None
    """The id of a source that the text rests on; its note follows the text."""


def _form(value: object) -> str | None:
    if isinstance(value, str):
        return "line"
    return "runs" if isinstance(value, list) else None


Text = Annotated[
    Annotated[Line2000, Tag("line")]
    | Annotated[tuple[Run, ...], Field(max_length=100), Tag("runs")],
    Discriminator(
        _form,
        custom_error_type="value_form",
        custom_error_message="not {expected}",
        custom_error_context={"expected": "a string, or a list of runs"},
    ),
]
"""A string, or a list of runs."""


class Source(IRModel):
    """What a text cites."""

    id: Name
    text: Line400
    """Author, title, year: the note as readers see it."""
    link: Link | None = None


def runs_of(text: str | tuple[Run, ...]) -> tuple[Run, ...]:
    """Return a text as runs."""
    return (Run(text=text),) if isinstance(text, str) else text


def plain(text: str | tuple[Run, ...]) -> str:
    """Return a text without its looks."""
    return text if isinstance(text, str) else "".join(run.text for run in text)
