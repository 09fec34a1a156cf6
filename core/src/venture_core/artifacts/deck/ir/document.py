"""SlideSpec: the document that describes a slide deck."""

from typing import Annotated, Literal, override

from pydantic import Field

from venture_core.artifacts.deck.ir.slides import ImageSlide, Slide
from venture_core.artifacts.ir.document import Document
from venture_core.artifacts.ir.values import IRModel, Line120

MAX_SLIDES = 200


class Footer(IRModel):
    """The line at the bottom of content slides."""

    text: Line120 = ""
    slide_numbers: bool = True


class SlideSpec(Document):
    """A slide deck, version 1 of its description."""

    kind: Literal["SlideSpec"]
    aspect: Literal["16:9", "4:3"] = "16:9"
    footer: Footer = Footer()
    slides: Annotated[tuple[Slide, ...], Field(min_length=1, max_length=MAX_SLIDES)]

    @override
    def asset_references(self) -> tuple[tuple[str, str], ...]:
        images = tuple(
            (f"/slides/{index}/image", slide.image)
            for index, slide in enumerate(self.slides)
            if isinstance(slide, ImageSlide)
        )
        return super().asset_references() + images
