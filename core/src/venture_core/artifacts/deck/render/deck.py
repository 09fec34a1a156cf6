"""Rendering: a planned deck and its pictures to the bytes of a .pptx file."""

from typing import TYPE_CHECKING

from venture_core.artifacts.deck.render.logo import add_logo
from venture_core.artifacts.deck.render.mirroring import turn_round
from venture_core.artifacts.deck.render.notes import name_notes_master
from venture_core.artifacts.deck.render.package import open_package
from venture_core.artifacts.deck.render.sections import add_sections
from venture_core.artifacts.deck.render.slides import fill_slide
from venture_core.artifacts.deck.render.template import template
from venture_core.artifacts.ir.values import right_to_left

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.deck.plan.model import DeckPlan
    from venture_core.artifacts.images import ImageInfo


def render_deck(
    plan: DeckPlan, assets: Mapping[str, bytes], images: Mapping[str, ImageInfo]
) -> bytes:
    """Write the deck. `assets` and `images` hold every picture that the plan names."""
    package = open_package(template(plan))
    presentation = package.presentation_part.presentation
    logo = plan.spec.theme.logo
    if logo is not None:
        add_logo(presentation, plan.page, assets[logo], images[logo])
    layouts = {layout.name: layout for layout in presentation.slide_layouts}
    for slide in plan.slides:
        native = presentation.slides.add_slide(layouts[slide.layout.layout.value])
        fill_slide(native, slide, plan, assets)
    if right_to_left(plan.spec.language):
        turn_round(presentation, plan.page)
    name_notes_master(presentation)
    add_sections(presentation, plan)
    return package.to_bytes()
