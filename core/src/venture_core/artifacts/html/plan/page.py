"""From an HtmlSpec to the tree and the stylesheet of its pages."""

from typing import TYPE_CHECKING

from venture_core.artifacts.colors import Role, color_scheme, on_paper
from venture_core.artifacts.html.ir.markup import read_markup
from venture_core.artifacts.html.ir.styles import stylesheet
from venture_core.artifacts.ir.values import right_to_left
from venture_core.artifacts.paged.fonts import MONOSPACE, own_name
from venture_core.artifacts.paged.markup import document_head, node
from venture_core.artifacts.paged.style import css_string, page_number

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from venture_core.artifacts.html.ir import HtmlSpec

SIZES = {"A4": (210.0, 297.0), "Letter": (215.9, 279.4)}
"""Width and height of upright paper, in millimetres."""


def page_tree(spec: HtmlSpec) -> Element:
    """Return the document whose body is the author's."""
    written = read_markup(spec.html).body
    # Children have no parent that they could lose: the tree that was read stays as it is.
    body = node("body", None, written.text or "", *written)
    direction = "rtl" if right_to_left(spec.language) else "ltr"
    return node("html", {"lang": spec.language, "dir": direction}, document_head(spec), body)


def page_style(spec: HtmlSpec) -> str:
    """Return how pages look by the theme, and after that what the author's rules say."""
    return f"{_pages(spec)}{_theme(spec)}{_SHEET}{stylesheet(spec.css)}"


def _theme(spec: HtmlSpec) -> str:
    color, fonts = on_paper(color_scheme(spec.theme)).values, spec.theme.fonts
    primary = f"color: #{color[Role.PRIMARY]}"
    surface = f"background: #{color[Role.SURFACE]}"
    return (
        f'html {{ font: 10.5pt/1.45 "{own_name(fonts.body)}"; color: #{color[Role.TEXT]} }}\n'
        f'h1, h2, h3, h4, h5, h6 {{ font-family: "{own_name(fonts.heading)}"; {primary} }}\n'
        f"a {{ {primary} }}\n"
        f"figcaption, caption {{ color: #{color[Role.MUTED]} }}\n"
        f'pre, code, kbd, samp {{ font-family: "{MONOSPACE}" }}\n'
        f"pre, mark {{ {surface} }}\n"
        f"th {{ border-bottom: 1pt solid #{color[Role.PRIMARY]} }}\n"
        f"blockquote {{ border-left: 2.5pt solid #{color[Role.PRIMARY]} }}\n"
    )


def _pages(spec: HtmlSpec) -> str:
    width, height = SIZES[spec.page.size]
    if spec.page.orientation == "landscape":
        width, height = height, width
    page, color = spec.page, on_paper(color_scheme(spec.theme)).values
    small = f'font: 8.5pt/1.3 "{own_name(spec.theme.fonts.body)}"; color: #{color[Role.MUTED]}'
    number = page_number(spec.language) if page.page_numbers else '""'
    near, far = ("right", "left") if right_to_left(spec.language) else ("left", "right")
    return (
        f"@page {{ size: {width:g}mm {height:g}mm; margin: {page.margin}mm; "
        f"background: #{color[Role.BACKGROUND]};\n"
        f"  @top-{near} {{ content: {css_string(page.header)}; {small}; width: 100% }}\n"
        f"  @bottom-{near} {{ content: {css_string(page.footer)}; {small}; width: 75% }}\n"
        f"  @bottom-{far} {{ content: {number}; {small}; text-align: {far} }}\n}}\n"
    )


_SHEET = """
body { margin: 0 }
p, ul, ol, dl, pre, table, figure, blockquote { margin: 0 0 8pt }
p { orphans: 2; widows: 2 }
h1, h2, h3, h4, h5, h6 { line-height: 1.2; margin: 16pt 0 6pt; break-after: avoid;
    break-inside: avoid }
h1 { font-size: 22pt } h2 { font-size: 15pt } h3 { font-size: 12.5pt }
h4, h5, h6 { font-size: 10.5pt }
ul, ol { padding-left: 18pt } li { margin-bottom: 3pt }
table { border-collapse: collapse; width: 100% }
th, td { padding: 4pt 5pt; text-align: left; vertical-align: top }
td { border-bottom: 0.5pt solid #d9dde2 }
tr, figure { break-inside: avoid }
caption { text-align: left; padding-bottom: 4pt } figcaption { margin-top: 4pt }
caption, figcaption, small { font-size: 9pt }
img { max-width: 100% }
pre { font-size: 9pt; white-space: pre-wrap; overflow-wrap: anywhere; padding: 8pt 10pt }
blockquote { padding-left: 12pt }
hr { border: 0; border-top: 0.6pt solid #9aa5b4; margin: 12pt 0 }
"""
