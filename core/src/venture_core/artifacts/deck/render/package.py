"""The package in memory: python-pptx's without its quadratic searches, and its way to bytes."""

import hashlib
import io
from typing import IO, override

from pptx.opc.packuri import PackURI
from pptx.package import Package
from pptx.parts.image import Image, ImagePart

from venture_core.artifacts.packaging.opc import pack


class DeckPackage(Package):
    """A package that numbers its parts by counting.

    python-pptx finds each new part's number by walking all parts, which makes a deck of many
    charts or notes take quadratic time.
    """

    def __init__(self, pkg_file: IO[bytes]) -> None:
        super().__init__(pkg_file)
        self._numbers: dict[str, int] = {}
        self._images: dict[bytes, ImagePart] = {}

    @override
    def next_partname(self, tmpl: str) -> PackURI:
        """Return the next free name of the form `tmpl`, such as `/ppt/charts/chart%d.xml`."""
        if tmpl not in self._numbers:
            taken = {part.partname for part in self.iter_parts()}
            self._numbers[tmpl] = 0
            while tmpl % (self._numbers[tmpl] + 1) in taken:
                self._numbers[tmpl] += 1
        self._numbers[tmpl] += 1
        return PackURI(tmpl % self._numbers[tmpl])

    @override
    def next_image_partname(self, ext: str) -> PackURI:
        """Return the next free name for a picture."""
        return PackURI(f"/ppt/media/image{len(self._images) + 1}.{ext}")

    @override
    def get_or_add_image_part(self, image_file: str | IO[bytes]) -> ImagePart:
        """Return the part that holds this picture; the same bytes are kept once."""
        image = Image.from_file(image_file)
        digest = hashlib.sha256(image.blob).digest()
        if digest not in self._images:
            self._images[digest] = ImagePart.new(self, image)
        return self._images[digest]

    def to_bytes(self) -> bytes:
        """Write the package."""
        return pack(self, links=False)


def open_package(template: bytes) -> DeckPackage:
    """Open the empty deck."""
    return DeckPackage.open(io.BytesIO(template))
