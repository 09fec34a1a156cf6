#!/usr/bin/env python3
r"""Measure the known font families and write the tables that the compiler bundles.

The compiler runs where no font is installed, and must fit text the same way everywhere, so the
advance widths are taken once from Debian's packages: fonts with the same metrics where the family
itself is not free (Carlito for Calibri, Caladea for Cambria, Liberation for Arial and Times).

    apt-get install fonts-liberation fonts-crosextra-carlito fonts-crosextra-caladea \\
        fonts-lato fonts-open-sans fonts-roboto-unhinted fonts-inter
    uv run --with fonttools hack/fonts/measure.py

A change in the output changes the toolchain: put the printed digest into
`venture_core.artifacts.toolchain` and raise the revision there.
"""

import hashlib
import json
import pathlib
import subprocess

from fontTools.ttLib import TTFont

FONTS = pathlib.Path("/usr/share/fonts")
DATA = pathlib.Path(__file__).parents[2] / "core/src/venture_core/artifacts/fonts/data"

# family: (Debian package, regular, bold)
FAMILIES = {
    "Arial": (
        "fonts-liberation",
        "truetype/liberation/LiberationSans-Regular.ttf",
        "truetype/liberation/LiberationSans-Bold.ttf",
    ),
    "Calibri": (
        "fonts-crosextra-carlito",
        "truetype/crosextra/Carlito-Regular.ttf",
        "truetype/crosextra/Carlito-Bold.ttf",
    ),
    "Cambria": (
        "fonts-crosextra-caladea",
        "truetype/crosextra/Caladea-Regular.ttf",
        "truetype/crosextra/Caladea-Bold.ttf",
    ),
    "Times New Roman": (
        "fonts-liberation",
        "truetype/liberation/LiberationSerif-Regular.ttf",
        "truetype/liberation/LiberationSerif-Bold.ttf",
    ),
    "Lato": ("fonts-lato", "truetype/lato/Lato-Regular.ttf", "truetype/lato/Lato-Bold.ttf"),
    "Open Sans": (
        "fonts-open-sans",
        "truetype/open-sans/OpenSans-Regular.ttf",
        "truetype/open-sans/OpenSans-Bold.ttf",
    ),
    "Roboto": (
        "fonts-roboto-unhinted",
        "truetype/roboto/unhinted/RobotoTTF/Roboto-Regular.ttf",
        "truetype/roboto/unhinted/RobotoTTF/Roboto-Bold.ttf",
    ),
    "Inter": (
        "fonts-inter",
        "opentype/inter/Inter-Regular.otf",
        "opentype/inter/Inter-Bold.otf",
    ),
}

# Latin, Greek, Cyrillic, punctuation, currency, arrows, mathematics, shapes.
BLOCKS = [
    (0x0020, 0x007E), (0x00A0, 0x024F), (0x0300, 0x036F), (0x0370, 0x04FF), (0x1E00, 0x1EFF),
    (0x2000, 0x206F), (0x2070, 0x209F), (0x20A0, 0x20C0), (0x2100, 0x214F), (0x2190, 0x21FF),
    (0x2200, 0x22FF), (0x25A0, 0x25FF), (0x2700, 0x27BF),
]  # fmt: skip


def advances(font: TTFont) -> dict[str, list[int]]:
    """Advance widths in font units: first code point of a run (hexadecimal) -> widths in order."""
    glyphs, metrics = font.getBestCmap(), font["hmtx"].metrics
    runs: dict[str, list[int]] = {}
    for first, last in BLOCKS:
        start = None
        for code in range(first, last + 1):
            if code not in glyphs:
                start = None
                continue
            if start is None:
                start = f"{code:04X}"
                runs[start] = []
            runs[start].append(metrics[glyphs[code]][0])
    return runs


def line_units(font: TTFont) -> int:
    """Return the tallest line height that viewers derive from the font's three sets of metrics."""
    hhea, os2 = font["hhea"], font["OS/2"]
    return max(
        hhea.ascent - hhea.descent + hhea.lineGap,
        os2.sTypoAscender - os2.sTypoDescender + os2.sTypoLineGap,
        os2.usWinAscent + os2.usWinDescent,
    )


def package_version(package: str) -> str:
    """Return the version of an installed Debian package."""
    return subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", package],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


def main() -> None:
    """Measure every family, write its table, print the digest that the toolchain names."""
    DATA.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    for family, (package, regular, bold) in sorted(FAMILIES.items()):
        upright, heavy = TTFont(FONTS / regular), TTFont(FONTS / bold)
        units = upright["head"].unitsPerEm
        if heavy["head"].unitsPerEm != units:
            raise ValueError(f"{family}: regular and bold have different units per em")
        table = {
            "family": family,
            "measuredOn": f"{pathlib.Path(regular).name} and {pathlib.Path(bold).name}",
            "package": f"{package} {package_version(package)}",
            "unitsPerEm": units,
            "lineUnits": max(line_units(upright), line_units(heavy)),
            "regular": advances(upright),
            "bold": advances(heavy),
        }
        text = json.dumps(table, indent=0, separators=(",", ":"), ensure_ascii=True)
        # One run of widths a line: small, and a difference can be read.
        compact = text.replace(",\n", ",").replace("[\n", "[").replace("\n]", "]")
        data = compact.replace("],", "],\n").encode() + b"\n"
        path = DATA / (family.lower().replace(" ", "-") + ".json")
        path.write_bytes(data)
        digest.update(data)
        print(f"{path.name}: {len(data)} bytes, line height {table['lineUnits'] / units:.3f} em")
    print("fonts digest:", digest.hexdigest()[:16])


if __name__ == "__main__":
    main()
