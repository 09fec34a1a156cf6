"""HtmlSpec: the document that describes pages by HTML and CSS."""

from typing import Annotated, Literal, override

from pydantic import AfterValidator, Field, StringConstraints

from venture_core.artifacts.html.ir.markup import read_markup
from venture_core.artifacts.ir.document import Document
from venture_core.artifacts.ir.values import IRModel, Line120, multi_line

MAX_HTML = 500_000
MAX_CSS = 50_000


def _source(value: str) -> str:
    """Take what editors put between words as spaces and line feeds."""
    return multi_line(value.replace("\r\n", "\n").replace("\t", "    "))


class HtmlPage(IRModel):
    """The paper, and what stands at the head and foot of each page."""

    size: Literal["A4", "Letter"] = "A4"
    orientation: Literal["portrait", "landscape"] = "portrait"
    margin: Annotated[int, Field(ge=8, le=60)] = 22
    """Around the text, in millimetres."""
    header: Line120 = ""
    footer: Line120 = ""
    page_numbers: bool = True
    """At the foot, with the number of pages: Page 3 of 12."""


class HtmlSpec(Document):
    """Pages written as HTML, version 1 of their description."""

    kind: Literal["HtmlSpec"]
    page: HtmlPage = HtmlPage()
    html: Annotated[str, StringConstraints(max_length=MAX_HTML), AfterValidator(_source)]
    """What stands in a body. Every element is closed; pictures are `asset:` and an asset's name."""
    css: Annotated[str, StringConstraints(max_length=MAX_CSS), AfterValidator(_source)] = ""
    """Rules of selectors, properties and values that are on the lists."""

    @override
    def asset_references(self) -> tuple[tuple[str, str], ...]:
        pictures = dict.fromkeys(read_markup(self.html).assets)
        return super().asset_references() + tuple(("/html", name) for name in pictures)
