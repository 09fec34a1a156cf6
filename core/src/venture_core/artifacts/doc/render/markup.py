"""Pieces of WordprocessingML that several parts share."""

import re
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr, unescape

from venture_core.artifacts.fonts.bidi import direction_of
from venture_core.artifacts.officetext import by_direction
from venture_core.artifacts.packaging.opc import RELATIONSHIPS

if TYPE_CHECKING:
    from venture_core.artifacts.doc.plan.model import DocPlan

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
NAMESPACES = f'xmlns:w="{WORD}" xmlns:r="{RELATIONSHIPS}"'
_TEXTS: Final = re.compile(r"<w:t xml:space=\"preserve\">([^<]*)")


def run(text: str, properties: str = "") -> str:
    """Write a run; more than one where only some of the text runs from the right."""
    written = []
    for part, right in by_direction(text):
        marked = f"{properties}<w:rtl/>" if right else properties
        inner = f"<w:rPr>{marked}</w:rPr>" if marked else ""
        written.append(f'<w:r>{inner}<w:t xml:space="preserve">{escape(part)}</w:t></w:r>')
    return "".join(written)


def paragraph(style: str, content: str, properties: str = "") -> str:
    """Write a paragraph in a style; `properties` come after the style, in the schema's order.

    One whose first letter runs from the right begins there, in a text of any language.
    """
    # Unescaped: an ampersand is no letter of the alphabet.
    words = "" if content.isascii() else unescape("".join(_TEXTS.findall(content)))
    if direction_of(words) == "rtl":
        properties += "<w:bidi/>"
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{properties}</w:pPr>{content}</w:p>'


def field(code: str, shown: str) -> str:
    """Write a field that word processors keep up to date; `shown` is what it says until then."""
    return (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r><w:instrText xml:space="preserve"> {escape(code)} </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        f"{run(shown)}"
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def attribute(text: str) -> str:
    """Write a value with its quotes."""
    return quoteattr(text)


def tab_stops(plan: DocPlan) -> str:
    """Write the one stop of a header and a footer: at the far margin."""
    return f'<w:tabs><w:tab w:val="right" w:pos="{plan.paper.text_width}"/></w:tabs>'
