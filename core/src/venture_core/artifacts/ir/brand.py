"""A theme that many documents share: a company's colours, fonts, logo and footer.

It is kept apart from the documents and laid under each of them before it is compiled: what a
document says of its own looks counts, and the theme says the rest. What comes of it is a document
like any other, so cache keys, provenance and every target follow.
"""

import base64
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field, StringConstraints

from venture_core.artifacts.colors import (
    GRAPHICS_RATIO,
    NORMAL_TEXT_RATIO,
    RATIO_DIGITS,
    SERIES_ROLES,
    Role,
    color_scheme,
)
from venture_core.artifacts.ir.document import InlineAsset
from venture_core.artifacts.ir.parsing import Grammar
from venture_core.artifacts.ir.problems import InvalidIRError, Problem
from venture_core.artifacts.ir.rules import decoded_problems
from venture_core.artifacts.ir.structure import read_structure
from venture_core.artifacts.ir.theme import Colors, Fonts, PaletteName, Theme
from venture_core.artifacts.ir.values import MAX_INLINE_ASSET_BYTES, IRModel, Line120, Version
from venture_core.canonical import CanonicalJsonError, canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BRAND_BYTES: Final = 128 * 1024
LOGO: Final = "brand-logo"
"""What the logo is called among the assets of a document."""
_FOOTERS: Final = {
    "DocSpec": ("page", "footer"),
    "ReportSpec": ("footer", "text"),
    "SlideSpec": ("footer", "text"),
}
"""Where a kind of document has the words at its foot."""
_WITHOUT_LOGO: Final = frozenset({"ImageSpec", "SpreadsheetSpec"})
_PICTURES: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


class Brand(IRModel):
    """A theme for many documents, version 1 of its description."""

    version: Version
    palette: PaletteName = PaletteName.HARBOR
    colors: Colors = Colors()
    fonts: Fonts = Fonts()
    logo: Annotated[str, StringConstraints(max_length=MAX_INLINE_ASSET_BYTES * 4 // 3)] | None = (
        None
    )
    """A PNG or JPEG picture, in base64 (RFC 4648 §4, padded, one line)."""
    footer: Line120 = Field(default="")
    """The words at the foot of slides and pages."""


def _logo_decodes(brand: Brand) -> Iterator[Problem]:
    if brand.logo is None:
        return
    problems = tuple(decoded_problems(brand.logo, ("logo",)))
    yield from problems
    if not problems and not base64.b64decode(brand.logo).startswith(_PICTURES):
        yield Problem("/logo", "a PNG or JPEG picture", "the data are none")


def _colors_stand_out(brand: Brand) -> Iterator[Problem]:
    """Find the colours that nobody could read wherever documents use them."""
    scheme = color_scheme(Theme(palette=brand.palette, colors=brand.colors))
    pairs = [
        (Role.TEXT, Role.BACKGROUND, NORMAL_TEXT_RATIO, "text on background"),
        (Role.TEXT, Role.SURFACE, NORMAL_TEXT_RATIO, "text on surface"),
        (Role.MUTED, Role.BACKGROUND, NORMAL_TEXT_RATIO, "muted on background"),
        (scheme.on_primary, Role.PRIMARY, NORMAL_TEXT_RATIO, "text on primary"),
    ]
    for number, role in enumerate(SERIES_ROLES):
        name = f"accents[{number - 1}]" if number else "primary"
        pairs.append((role, Role.BACKGROUND, GRAPHICS_RATIO, f"{name} on background"))
    for ink, paper, needed, what in pairs:
        ratio = round(scheme.contrast(ink, paper), RATIO_DIGITS)
        if ratio < needed:
            colors = f"#{scheme.values[ink]} on #{scheme.values[paper]}"
            found = f"{what}, {colors}, has a contrast of {ratio:.2f}:1"
            yield Problem("/colors", f"at least {needed:g}:1", found)


GRAMMAR: Final = Grammar(Brand, (_logo_decodes, _colors_stand_out))


def parse_brand(data: bytes) -> Brand:
    """Read a theme from JSON in UTF-8. Raises `InvalidIRError`, also for unreadable colours."""
    if len(data) > MAX_BRAND_BYTES:
        found = f"the theme has {len(data)}"
        raise InvalidIRError([Problem("", f"at most {MAX_BRAND_BYTES} bytes", found)])
    return GRAMMAR.read(data, read_structure(data))


def branded(data: bytes, brand: Brand) -> bytes:
    """Lay a theme under a document in JSON; return what is to be compiled.

    Raises `InvalidIRError` for what is no JSON object. Whatever else is wrong with the document is
    left as it is, for `parse_ir` to tell.
    """
    value = read_structure(data)
    if not isinstance(value, dict):
        raise InvalidIRError([Problem("", "an object", "the document is not an object")])
    kind = str(value.get("kind"))
    _lay_theme(value, brand, logo=brand.logo is not None and kind not in _WITHOUT_LOGO)
    if brand.footer and kind in _FOOTERS:
        outer, inner = _FOOTERS[kind]
        place = value.setdefault(outer, {})
        if isinstance(place, dict):
            place.setdefault(inner, brand.footer)
    try:
        return canonical_json(value)
    except CanonicalJsonError:
        return data


def _lay_theme(value: dict[str, Any], brand: Brand, *, logo: bool) -> None:
    own = value.setdefault("theme", {})
    if not isinstance(own, dict):
        return
    laid = brand.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if "palette" not in own:
        # Its colours are changes to that palette, and to no other.
        own["palette"] = str(brand.palette)
        own["colors"] = _under(own.get("colors", {}), laid.get("colors", {}))
    own["fonts"] = _under(own.get("fonts", {}), laid.get("fonts", {}))
    assets = value.setdefault("assets", [])
    if logo and "logo" not in own and isinstance(assets, list):
        own["logo"] = LOGO
        assets.append(InlineAsset(name=LOGO, data=str(brand.logo)).model_dump(mode="json"))


def _under(own: object, laid: dict[str, Any]) -> object:
    return laid | own if isinstance(own, dict) else own
