#!/usr/bin/env python3
r"""Collect the font files that PDFs and pictures are drawn with, from Debian's packages.

They have the advance widths of the tables that `measure.py` writes, so that what was measured is
what is drawn; a test compares them. All are under the SIL Open Font License or Apache 2.0.

    mkdir /tmp/fonts && cd /tmp/fonts && apt-get download fonts-croscore fonts-crosextra-carlito \\
        fonts-crosextra-caladea fonts-lato fonts-open-sans fonts-roboto-unhinted fonts-inter \\
        fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji
    for each in *.deb; do dpkg-deb -x $each .; done
    uv run --with fonttools hack/fonts/bundle.py /tmp/fonts

A change in the output changes the toolchains that draw with them: put the printed digests into
`venture_core.artifacts.fonts.faces`.
"""

import hashlib
import pathlib
import sys

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable

FONTS = pathlib.Path(__file__).parents[2] / "core/src/venture_core/artifacts/fonts"

# family: path below usr/share/fonts, without the style
FAMILIES = {
    "arial": "truetype/croscore/Arimo",
    "calibri": "truetype/crosextra/Carlito",
    "cambria": "truetype/crosextra/Caladea",
    "inter": "opentype/inter/Inter",
    "lato": "truetype/lato/Lato",
    "open-sans": "truetype/open-sans/OpenSans",
    "roboto": "truetype/roboto/unhinted/RobotoTTF/Roboto",
    "times-new-roman": "truetype/croscore/Tinos",
}
STYLES = ("Regular", "Bold")
SLANTED = {"italic": "Italic", "bold-italic": "BoldItalic"}
PAGED = {
    f"{family}-{name}": f"{path}-{style}"
    for family, path in FAMILIES.items()
    for name, style in SLANTED.items()
} | {
    "cousine-regular": "truetype/croscore/Cousine-Regular",
    "cousine-bold": "truetype/croscore/Cousine-Bold",
}
"""What only pages of HTML are set in."""
CURVE_ERROR_UNITS = 0.5
SCRIPTS = (
    "Arabic", "Armenian", "Bengali", "Devanagari", "Ethiopic", "Georgian", "Gujarati", "Gurmukhi",
    "Hebrew", "Kannada", "Khmer", "Lao", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Symbols",
    "Tamil", "Telugu", "Thai",
)  # fmt: skip
"""Noto Sans of these is in `scripts`, in regular and bold, for letters that the families lack."""
NATIONAL_SETS = ("gb2312", "big5", "shift_jis", "euc_jp", "euc_kr")
"""Whose characters are taken of Noto Sans CJK: some 30,000 of its 44,800."""
EAST_ASIAN = (
    (0x0020, 0x0020), (0x00A0, 0x00A0), (0x2E80, 0x303F), (0x3040, 0x30FF), (0x3100, 0x318F),
    (0x31A0, 0x33FF), (0xAC00, 0xD7A3), (0xFE30, 0xFE4F), (0xFF00, 0xFFEF),
)  # fmt: skip
"""What is taken besides: spaces, signs, kana, letters and all syllables of Korean, wide forms."""


def with_quadratic_outlines(font: TTFont) -> TTFont:
    """Turn cubic outlines into quadratic ones, which PDF writers embed as TrueType."""
    glyphs = font.getGlyphSet()
    order = font.getGlyphOrder()
    outlines = {}
    for name in order:
        pen = TTGlyphPen(glyphs)
        glyphs[name].draw(Cu2QuPen(pen, CURVE_ERROR_UNITS, reverse_direction=True))
        outlines[name] = pen.glyph()
    font["loca"] = newTable("loca")
    font["glyf"] = table = newTable("glyf")
    table.glyphOrder = order
    table.glyphs = outlines
    del font["CFF "], font["VORG"]
    table.compile(font)
    font["maxp"] = maximum = newTable("maxp")
    maximum.tableVersion = 0x00010000
    maximum.maxZones = 1
    for name in (
        "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs",
        "maxStackElements", "maxSizeOfInstructions",
    ):  # fmt: skip
        setattr(maximum, name, 0)
    maximum.maxComponentElements = 0
    maximum.numGlyphs = len(order)
    font["post"].formatType = 3.0
    font.sfntVersion = "\x00\x01\x00\x00"
    return font


def bundle(source: pathlib.Path, target: pathlib.Path) -> None:
    """Copy a TrueType file as it is; convert another."""
    if source.with_suffix(".ttf").exists():
        target.write_bytes(source.with_suffix(".ttf").read_bytes())
        return
    font = TTFont(source.with_suffix(".otf"), recalcTimestamp=False)
    if "VORG" not in font:
        font["VORG"] = newTable("VORG")
    with_quadratic_outlines(font).save(target)


def write(folder: pathlib.Path, sources: dict[str, pathlib.Path]) -> None:
    """Write the files of a folder and print the digest over all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in sorted(sources.items()):
        target = folder / f"{name}.ttf"
        bundle(source, target)
        print(f"{target.name}: {target.stat().st_size} bytes")
    digest = hashlib.sha256()
    for target in sorted(folder.glob("*.ttf")):
        digest.update(target.read_bytes())
    print(f"{folder.name} digest:", digest.hexdigest()[:16])


def characters_of(encoding: str) -> set[int]:
    """Return the characters that an encoding writes in two bytes."""
    pairs = (bytes((high, low)) for high in range(0x81, 0xFF) for low in range(0x40, 0xFF))
    texts = (pair.decode(encoding, errors="ignore") for pair in pairs)
    return {ord(text) for text in texts if len(text) == 1}


def cut(source: pathlib.Path, target: pathlib.Path, options: dict[str, list[str]]) -> None:
    """Write a font without hints; one of a collection for East Asia, with the sets above only."""
    font = TTFont(source, fontNumber=0, recalcTimestamp=False)
    wanted = set(font.getBestCmap())
    if "CJK" in source.name:
        few = {code for low, high in EAST_ASIAN for code in range(low, high + 1)}
        wanted &= few.union(*(characters_of(each) for each in NATIONAL_SETS))
    settings = subset.Options(
        hinting=False, notdef_outline=True, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14], **options
    )
    cutter = subset.Subsetter(settings)
    cutter.populate(unicodes=wanted)
    cutter.subset(font)
    font.save(target)
    print(f"{target.name}: {target.stat().st_size} bytes, {len(wanted)} characters")


def write_scripts(fonts: pathlib.Path) -> None:
    """Write the folder of the fonts for letters that the families lack."""
    folder = FONTS / "scripts"
    folder.mkdir(parents=True, exist_ok=True)
    for style in STYLES:
        for script in ("", *SCRIPTS):
            source = fonts / f"truetype/noto/NotoSans{script}-{style}.ttf"
            name = f"{(script or 'latin').lower()}-{style.lower()}.ttf"
            cut(source, folder / name, {"layout_features": ["*"]})
        east = fonts / f"opentype/noto/NotoSansCJK-{style}.ttc"
        few = {"layout_features": ["locl"], "drop_tables": ["BASE", "VORG", "vhea", "vmtx"]}
        cut(east, folder / f"cjk-{style.lower()}.otf", few)
    signs = "symbols2-regular.ttf"
    cut(fonts / "truetype/noto/NotoSansSymbols2-Regular.ttf", folder / signs, {})
    emoji = (fonts / "truetype/noto/NotoColorEmoji.ttf").read_bytes()
    (folder / "emoji.ttf").write_bytes(emoji)
    digest = hashlib.sha256()
    for target in sorted(folder.glob("*.[ot]tf")):
        digest.update(target.read_bytes())
    print("scripts digest:", digest.hexdigest()[:16])


def main() -> None:
    """Write the three folders."""
    fonts = pathlib.Path(sys.argv[1]) / "usr/share/fonts"
    upright = {
        f"{family}-{style.lower()}": fonts / f"{path}-{style}"
        for family, path in FAMILIES.items()
        for style in STYLES
    }
    write(FONTS / "files", upright)
    write(FONTS / "paged", {name: fonts / path for name, path in PAGED.items()})
    write_scripts(fonts)


if __name__ == "__main__":
    main()
