"""The package in memory: python-pptx's without its quadratic searches, and its way to bytes."""

import hashlib
import io
from typing import IO, TYPE_CHECKING, override

from pptx.opc.packuri import PackURI
from pptx.package import Package
from pptx.parts.image import Image, ImagePart

from venture_core.artifacts.deck.render.markup import DECLARATION
from venture_core.artifacts.packaging.archive import write_zip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pptx.opc.package import Part

_CONTENT_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_DEFAULT_TYPES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "rels": "application/vnd.openxmlformats-package.relationships+xml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
}
"""Content types that a part has by its extension; all others are named one by one."""


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
        """Write the package: content types first, then all parts sorted by name."""
        members = dict(self._members())
        return write_zip([("[Content_Types].xml", self._content_types()), *sorted(members.items())])

    def _members(self) -> Iterator[tuple[str, bytes]]:
        yield "_rels/.rels", self._rels.xml
        for part in self.iter_parts():
            yield part.partname.membername, part.blob
            if part.rels:
                _refuse_external(part)
                yield part.partname.rels_uri.membername, part.rels.xml

    def _content_types(self) -> bytes:
        names = {part.partname: part.content_type for part in self.iter_parts()}
        defaults = "".join(
            f'<Default Extension="{extension}" ContentType="{kind}"/>'
            for extension, kind in _DEFAULT_TYPES.items()
        )
        overrides = "".join(
            f'<Override PartName="{name}" ContentType="{kind}"/>'
            for name, kind in sorted(names.items())
            if _DEFAULT_TYPES.get(name.ext) != kind
        )
        text = f'{DECLARATION}<Types xmlns="{_CONTENT_TYPES}">{defaults}{overrides}</Types>'
        return text.encode()


def open_package(template: bytes) -> DeckPackage:
    """Open the empty deck."""
    return DeckPackage.open(io.BytesIO(template))


def _refuse_external(part: Part) -> None:
    """Hold the promise that a deck never makes its viewer fetch anything."""
    external = [rel.target_ref for rel in part.rels.values() if rel.is_external]
    if external:
        raise RuntimeError(f"{part.partname} refers to something outside the file")
