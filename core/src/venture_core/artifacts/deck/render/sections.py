"""Sections of the presentation program's slide list, one for each section slide."""

from itertools import groupby
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5
from xml.sax.saxutils import quoteattr

from pptx.oxml import parse_xml

from venture_core.artifacts.deck.render.markup import NAMESPACES

if TYPE_CHECKING:
    from venture_core.artifacts.deck.plan.model import DeckPlan
    from venture_core.artifacts.deck.render.native import Native

_EXTENSION = "{521415D9-36F7-43E2-AB2F-B90AF26B5E84}"
_POWERPOINT_2010 = "http://schemas.microsoft.com/office/powerpoint/2010/main"
_OPENING = "Opening"


def add_sections(presentation: Native, plan: DeckPlan) -> None:
    """Group the slides under their section slides; a deck without any is left alone."""
    if not any(slide.section for slide in plan.slides):
        return
    starts = 0
    numbered: list[tuple[int, str, int]] = []
    title = _OPENING
    ids = [slide.slide_id for slide in presentation.slides]
    for slide, slide_id in zip(plan.slides, ids, strict=True):
        if slide.section:
            starts, title = starts + 1, slide.section
        numbered.append((starts, title, slide_id))
    groups = "".join(
        _section(number, name, [slide_id for *_, slide_id in members])
        for (number, name), members in groupby(numbered, key=lambda entry: entry[:2])
    )
    presentation.element.append(
        parse_xml(
            f'<p:extLst {NAMESPACES}><p:ext uri="{_EXTENSION}">'
            f'<p14:sectionLst xmlns:p14="{_POWERPOINT_2010}">{groups}</p14:sectionLst>'
            "</p:ext></p:extLst>"
        )
    )


def _section(number: int, name: str, slide_ids: list[int]) -> str:
    """One section; its id follows from its place and name, so that it is always the same."""
    identity = str(uuid5(NAMESPACE_URL, f"section:{number}:{name}")).upper()
    members = "".join(f'<p14:sldId id="{slide_id}"/>' for slide_id in slide_ids)
    return (
        f'<p14:section name={quoteattr(name)} id="{{{identity}}}">'
        f"<p14:sldIdLst>{members}</p14:sldIdLst></p14:section>"
    )
