"""The stylesheet of a text on pages: the looks of the styles that its .docx has."""

from typing import TYPE_CHECKING

from venture_core.artifacts.colors import Role
from venture_core.artifacts.doc.plan.model import POINTS
from venture_core.artifacts.paged.fonts import MONOSPACE, own_name
from venture_core.artifacts.paged.style import page_number

if TYPE_CHECKING:
    from venture_core.artifacts.doc.plan.model import DocPlan

_HEADINGS = ((20, 26, 7), (15, 20, 5), (12.5, 16, 4), (11, 13, 3))
"""Size and room before and after, in points, of each level."""


def stylesheet(plan: DocPlan) -> str:
    """Write the stylesheet. All that is put into it are colours, fonts and numbers of ours."""
    fonts, color = plan.spec.theme.fonts, plan.scheme.values
    names = {
        "text": color[Role.TEXT],
        "muted": color[Role.MUTED],
        "primary": color[Role.PRIMARY],
        "surface": color[Role.SURFACE],
        "accent": color[Role.ACCENT3],
        "paper": color[Role.BACKGROUND],
        "head": color[plan.scheme.on_primary],
    }
    colors = "".join(f"--{name}: #{value}; " for name, value in names.items())
    families = (
        f'--body: "{own_name(fonts.body)}"; --heading: "{own_name(fonts.heading)}"; '
        f'--code: "{MONOSPACE}";'
    )
    headings = "".join(
        f"h{level} {{ font-size: {size}pt; margin: {before}pt 0 {after}pt }}\n"
        for level, (size, before, after) in enumerate(_HEADINGS, start=1)
    )
    sheet = f":root {{ {colors}{families} }}\n{_pages(plan)}{_SHEET}{headings}"
    return sheet.replace("@near", "right" if plan.rtl else "left").replace(
        "@far", "left" if plan.rtl else "right"
    )


def _pages(plan: DocPlan) -> str:
    paper, page = plan.paper, plan.spec.page
    muted, fonts = plan.scheme.values[Role.MUTED], plan.spec.theme.fonts
    margin = paper.margin / POINTS
    number = page_number(plan.spec.language) if page.page_numbers else '""'
    small = f'font: 9pt/1.3 "{own_name(fonts.body)}"; color: #{muted}'
    has_logo = plan.spec.theme.logo is not None
    logo = "element(logo)" if has_logo else '""'
    foot = "element(footer)" if page.footer.strip() else '""'
    background = plan.scheme.values[Role.BACKGROUND]
    return (
        f"@page {{ size: {paper.width / POINTS:g}pt {paper.height / POINTS:g}pt; "
        f"margin: {margin:g}pt; background: #{background};\n"
        f"  @top-@near {{ content: element(header); {small}; vertical-align: bottom; "
        "padding-bottom: 14pt; width: 75% }\n"
        f"  @top-@far {{ content: {logo}; vertical-align: bottom; padding-bottom: 14pt }}\n"
        f"  @bottom-@near {{ content: {foot}; {small}; vertical-align: top; padding-top: 16pt; "
        "width: 75% }\n"
        f"  @bottom-@far {{ content: {number}; {small}; vertical-align: top; padding-top: 16pt; "
        "text-align: @far; white-space: nowrap }\n"
        "  @footnote { border-top: 0.6pt solid #"
        f"{muted}; padding-top: 5pt; margin-top: 10pt }}\n"
        "}\n"
        "@page :first { @top-@near { content: none } }\n"
    )


_SHEET = """
.header { position: running(header); font-size: 9pt; color: var(--muted) }
.footer { position: running(footer); font-size: 9pt; color: var(--muted) }
.logo { position: running(logo); text-align: @far }
.logo img { height: 1cm }
html { font: 11pt/1.42 var(--body); color: var(--text) }
body { margin: 0 }
p { margin: 0 0 7pt; orphans: 2; widows: 2 }
p, li, td, th, h1, h2, h3, h4, figcaption, caption { overflow-wrap: anywhere }
a { color: var(--primary); text-decoration: underline; text-decoration-thickness: 0.6pt;
    text-underline-offset: 1.5pt }
strong, b { font-weight: bold }
em { font-style: italic }
code { font: 90% var(--code) }
.title { font: bold 28pt/1.15 var(--heading); color: var(--primary); margin-bottom: 6pt }
.subtitle { font-size: 14pt; line-height: 1.35; color: var(--muted); margin-bottom: 7pt }
.byline { font-size: 10pt; color: var(--muted); border-bottom: 1pt solid var(--primary);
    padding-bottom: 10pt; margin-bottom: 20pt; min-height: 1pt }
.lead { font-size: 13pt; line-height: 1.4; margin-bottom: 11pt }
h1, h2, h3, h4 { font-family: var(--heading); font-weight: bold; line-height: 1.2;
    color: var(--primary); break-after: avoid; break-inside: avoid }
div.contents { margin-bottom: 24pt }
p.contents { font: bold 15pt/1.2 var(--heading); color: var(--primary); margin: 8pt 0;
    break-after: avoid }
div.contents ul { list-style: none; margin: 0; padding: 0 }
div.contents li { margin: 0 0 3.5pt }
div.contents a { color: var(--text); text-decoration: none }
div.contents a::after { content: leader(". ") target-counter(attr(href), page);
    color: var(--muted) }
.level1 { font-weight: bold }
.level2 { margin-@near: 16pt !important }
.level3 { margin-@near: 32pt !important }
ul, ol { margin: 0 0 9pt; padding: 0; padding-@near: 18pt }
ul { list-style-type: disc }
ul ul { list-style-type: "\\2013\\a0" }
ul ul ul { list-style-type: "\\b7\\a0" }
ol { list-style-type: decimal }
ol ol { list-style-type: lower-alpha }
ol ol ol { list-style-type: lower-roman }
li { margin-bottom: 3pt }
li > ul, li > ol { margin: 3pt 0 0 }
li::marker { color: var(--primary) }
table { width: 100%; table-layout: fixed; border-collapse: collapse; font-size: 9.5pt;
    line-height: 1.3; margin: 0 0 14pt; border-bottom: 1pt solid var(--primary) }
caption { text-align: @near; color: var(--muted); font-size: 9.5pt; margin: 10pt 0 5pt;
    break-after: avoid }
tr { break-inside: avoid }
thead tr { background: var(--primary) }
th { color: var(--head); font-weight: bold; vertical-align: bottom }
th, td { padding: 4pt 5pt; text-align: @near }
td { vertical-align: top; border-top: 0.5pt solid #d9dde2 }
tbody tr:nth-child(even) td { background: var(--surface) }
table.total tbody tr:last-child td { font-weight: bold; border-top: 1pt solid var(--primary);
    background: none; break-before: avoid }
.left { text-align: @near }
.center { text-align: center }
.right { text-align: @far; font-variant-numeric: tabular-nums }
figure { margin: 10pt 0 14pt; break-inside: avoid }
figure img { display: block }
figcaption { color: var(--muted); font-size: 9.5pt; line-height: 1.35; margin-top: 5pt }
blockquote { margin: 10pt 0 14pt; padding-@near: 14pt; border-@near: 3pt solid var(--primary);
    break-inside: avoid }
blockquote p { font-size: 13pt; font-style: italic; line-height: 1.4; margin: 0 }
blockquote p.author { font-size: 10pt; font-style: normal; color: var(--muted); margin-top: 5pt }
pre { font: 9pt/1.4 var(--code); background: var(--surface); padding: 8pt 10pt; margin: 4pt 0 12pt;
    white-space: pre-wrap; overflow-wrap: anywhere; border-radius: 2pt }
.note { background: var(--surface); border-@near: 3pt solid var(--accent); padding: 8pt 12pt;
    margin: 8pt 0 12pt; break-inside: avoid }
.break { break-after: page }
.source { float: footnote; font: 9pt/1.35 var(--body); color: var(--text); text-align: @near }
.source::footnote-call { content: counter(footnote); font-size: 80%; vertical-align: super;
    line-height: 0; color: var(--primary) }
.source::footnote-marker { content: counter(footnote) ". "; color: var(--primary) }
"""
