"""ImageSpec: the document that describes a picture."""

from typing import Annotated, Literal, override

from pydantic import Field, StringConstraints

from venture_core.artifacts.ir.document import Document
from venture_core.artifacts.ir.values import AltText, Color, IRModel, Name, Notes

MAX_SIDE = 8192
MAX_LAYERS = 50

type Tone = Literal[
    "background",
    "text",
    "surface",
    "muted",
    "primary",
    "accent2",
    "accent3",
    "accent4",
    "accent5",
    "accent6",
]
"""A colour of the theme."""

Pixels = Annotated[int, Field(ge=-MAX_SIDE, le=MAX_SIDE)]
Length = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Percent = Annotated[int, Field(ge=0, le=100)]


class Region(IRModel):
    """A rectangle, in pixels from the upper left corner."""

    left: Pixels = 0
    top: Pixels = 0
    width: Length
    height: Length


class BaseLayer(IRModel):
    """What all layers share."""

    at: Region
    """Where the layer stands; it may reach over the edges."""


class PictureLayer(BaseLayer):
    """An asset, scaled to its place."""

    type: Literal["picture"]
    image: Name
    fit: Literal["cover", "contain"] = "cover"
    """Fill the place and cut off what stands over, or show all of the picture."""
    opacity: Percent = 100
    radius: Annotated[int, Field(ge=0, le=2048)] = 0
    """Of the corners, in pixels."""


class ShapeLayer(BaseLayer):
    """A rectangle of one colour."""

    type: Literal["shape"]
    color: Tone | Color = "primary"
    """A colour of the theme, or `#RRGGBB`."""
    opacity: Percent = 100
    radius: Annotated[int, Field(ge=0, le=2048)] = 0


class TextLayer(BaseLayer):
    """Words, set in the largest size at which they fit their place."""

    type: Literal["text"]
    text: Annotated[Notes, StringConstraints(min_length=1, max_length=1000)]
    """Line feeds begin new lines."""
    size: Annotated[int, Field(ge=8, le=800)] = 64
    """The largest height of the letters, in pixels."""
    min_size: Annotated[int, Field(ge=8, le=800)] = 16
    """The smallest that is still readable where the picture is shown."""
    color: Tone | Color = "text"
    bold: bool = False
    heading: bool = False
    """Set in the heading family, else in the body family."""
    align: Literal["left", "center", "right"] = "left"
    anchor: Literal["top", "middle", "bottom"] = "top"


Layer = Annotated[PictureLayer | ShapeLayer | TextLayer, Field(discriminator="type")]


class Kept(IRModel):
    """Which of an asset's own data the picture carries on."""

    source: Name
    """The asset whose data they are."""
    exif: bool = False
    """Camera, time, place, author: whatever the asset says of itself."""


class ImageSpec(Document):
    """A picture, version 1 of its description; its first layer is the lowest."""

    kind: Literal["ImageSpec"]
    alt_text: AltText = ""
    """What the picture shows, in words."""
    width: Length
    height: Length
    background: Tone | Color | Literal["transparent"] = "background"
    """Behind all layers. JPEG has no transparency."""
    format: Literal["png", "jpeg", "webp", "avif"] = "png"
    quality: Annotated[int, Field(ge=1, le=100)] = 85
    """How true JPEG, WebP and AVIF are."""
    keep: Kept | None = None
    """Without it, nothing that an asset says of itself is carried on."""
    layers: Annotated[tuple[Layer, ...], Field(min_length=1, max_length=MAX_LAYERS)]

    @override
    def asset_references(self) -> tuple[tuple[str, str], ...]:
        kept = (("/keep/source", self.keep.source),) if self.keep is not None else ()
        images = tuple(
            (f"/layers/{index}/image", layer.image)
            for index, layer in enumerate(self.layers)
            if isinstance(layer, PictureLayer)
        )
        return super().asset_references() + kept + images
