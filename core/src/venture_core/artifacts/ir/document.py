"""What every kind of document shares: who it is, how it looks, and the assets it carries."""

import base64
from typing import Annotated

from pydantic import Field, StringConstraints

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


class InlineAsset(IRModel):
    """A small asset carried by the document itself."""

    name: Name
    data: Annotated[str, StringConstraints(max_length=MAX_INLINE_ASSET_BYTES * 4 // 3)]
    """The bytes, such as those of a PNG or JPEG, in base64 (RFC 4648 §4, padded, one line)."""


class Document(IRModel):
    """A document of any kind, version 1. Made only by `parse_ir`, which checks it all."""

    kind: str
    """Each kind narrows it to its own name."""
    version: Version
    title: Title
    """The document's title in its properties."""
    author: Line120 = ""
    language: Language = "en-US"
    theme: Theme = Theme()
    assets: Annotated[tuple[InlineAsset, ...], Field(max_length=20)] = ()

    def inline_assets(self) -> dict[str, bytes]:
        """Decode the assets that the document carries, by name."""
        return {asset.name: base64.b64decode(asset.data, validate=True) for asset in self.assets}

    def asset_references(self) -> tuple[tuple[str, str], ...]:
        """Each use of an asset: the JSON pointer of the field and the name it holds."""
        return (("/theme/logo", self.theme.logo),) if self.theme.logo is not None else ()
