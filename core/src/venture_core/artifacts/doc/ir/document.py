"""DocSpec: the document that describes a report, a memo, a contract."""

from typing import Annotated, Literal, override

from pydantic import Field

from venture_core.artifacts.doc.ir.blocks import Block, Figure
from venture_core.artifacts.ir.document import Document
from venture_core.artifacts.ir.text import Source
from venture_core.artifacts.ir.values import IRModel, Line60, Line120, Line200

MAX_BLOCKS = 3000


class PageSetup(IRModel):
    """The paper, and what stands at the head and foot of each page."""

    size: Literal["A4", "Letter"] = "A4"
    header: Line120 = ""
    """At the head of all pages but the first. Empty: the title."""
    footer: Line120 = ""
    page_numbers: bool = True


class DocSpec(Document):
    """A text document, version 1 of its description."""

    kind: Literal["DocSpec"]
    subtitle: Line200 = ""
    date: Line60 = ""
    page: PageSetup = PageSetup()
    contents: bool = False
    """A table of contents follows the title."""
    sources: Annotated[tuple[Source, ...], Field(max_length=500)] = ()
    content: Annotated[tuple[Block, ...], Field(min_length=1, max_length=MAX_BLOCKS)]

    @override
    def asset_references(self) -> tuple[tuple[str, str], ...]:
        figures = tuple(
            (f"/content/{index}/image", block.image)
            for index, block in enumerate(self.content)
            if isinstance(block, Figure)
        )
        return super().asset_references() + figures
