"""SlideSpec: the document that describes a slide deck."""

import base64
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from venture_core.artifacts.ir.slides import ImageSlide, Slide
from venture_core.artifacts.ir.theme import Theme
from venture_core.artifacts.ir.values import (
    MAX_INLINE_ASSET_BYTES,
    IRModel,
    Language,
    Line120,
    Name,
    Title,
    Version,
)

MAX_SLIDES = 200


class Footer(IRModel):
    """The line at the bottom of content slides."""

    text: Line120 = ""
    slide_numbers: bool = True


class InlineAsset(IRModel):
    """A small picture carried by the document itself."""

    name: Name
    data: Annotated[str, StringConstraints(max_length=MAX_INLINE_ASSET_BYTES * 4 // 3)]
    """The bytes of a PNG or JPEG in base64 (RFC 4648 §4, padded, no line breaks)."""


class SlideSpec(IRModel):
    """A slide deck, version 1 of its description. Made only by `parse_ir`, which checks it all."""

    kind: Literal["SlideSpec"]
    version: Version
    title: Title
    """The document's title in its properties."""
    author: Line120 = ""
    language: Language = "en-US"
    aspect: Literal["16:9", "4:3"] = "16:9"
    theme: Theme = Theme()
    footer: Footer = Footer()
    assets: Annotated[tuple[InlineAsset, ...], Field(max_length=20)] = ()
    slides: Annotated[tuple[Slide, ...], Field(min_length=1, max_length=MAX_SLIDES)]

    def inline_assets(self) -> dict[str, bytes]:
        """Decode the assets that the document carries, by name."""
        return {asset.name: base64.b64decode(asset.data, validate=True) for asset in self.assets}

    def asset_references(self) -> tuple[tuple[str, str], ...]:
        """Each use of an asset: the JSON pointer of the field and the name it holds."""
        logo = (("/theme/logo", self.theme.logo),) if self.theme.logo is not None else ()
        images = tuple(
            (f"/slides/{index}/image", slide.image)
            for index, slide in enumerate(self.slides)
            if isinstance(slide, ImageSlide)
        )
        return logo + images
