"""The rules of a video that span several fields: its length, transitions, captions, slides."""

from itertools import pairwise
from typing import TYPE_CHECKING

from venture_core.artifacts.deck.ir import ChartSlide, TableSlide
from venture_core.artifacts.ir.problems import Problem, pointer
from venture_core.artifacts.ir.rules import ASSET_RULES, charts_are_sound, rows_fit_columns
from venture_core.artifacts.picture.ir.rules import layer_sizes_are_in_order
from venture_core.artifacts.video.ir.document import MAX_SECONDS, LayersScene, SlideScene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from venture_core.artifacts.deck.ir import Slide
    from venture_core.artifacts.ir.rules import Place
    from venture_core.artifacts.video.ir.document import Caption, TimelineSpec


def _length_is_bounded(spec: TimelineSpec) -> Iterator[Problem]:
    total = sum(scene.seconds for scene in spec.scenes)
    if total > MAX_SECONDS:
        expected = f"scenes of at most {MAX_SECONDS} seconds in all"
        yield Problem("/scenes", expected, f"they have {total:g}")


def _transitions_leave_time(spec: TimelineSpec) -> Iterator[Problem]:
    for index, scene in enumerate(spec.scenes):
        wanted = scene.transition or spec.transition
        if index and wanted.type != "cut" and wanted.seconds > scene.seconds / 2:
            at = pointer(("scenes", index, "transition" if scene.transition else "seconds"))
            expected = "a transition that takes at most half of its scene"
            yield Problem(at, expected, f"it takes {wanted.seconds:g} of {scene.seconds:g} seconds")


def _captions_are_in_order(spec: TimelineSpec) -> Iterator[Problem]:
    yield from _in_order(spec.captions, ("captions",))
    for index, clip in enumerate(spec.narration):
        yield from _in_order(clip.captions, ("narration", index, "captions"))


def _in_order(captions: Sequence[Caption], at: Place) -> Iterator[Problem]:
    for index, caption in enumerate(captions):
        if caption.end <= caption.start:
            found = f"it starts at {caption.start:g} and ends at {caption.end:g}"
            yield Problem(pointer((*at, index, "end")), "a time after the start", found)
    for index, (one, next_one) in enumerate(pairwise(captions), start=1):
        if next_one.start < one.end:
            found = f"it starts at {next_one.start:g}, the one before ends at {one.end:g}"
            expected = "captions one after another"
            yield Problem(pointer((*at, index, "start")), expected, found)


def _slides(spec: TimelineSpec) -> Iterator[tuple[Slide, Place]]:
    for index, scene in enumerate(spec.scenes):
        if isinstance(scene, SlideScene):
            yield scene.slide, ("scenes", index, "slide")


def _tables(spec: TimelineSpec) -> Iterator[Problem]:
    for slide, at in _slides(spec):
        if isinstance(slide, TableSlide):
            columns = len(slide.table.columns)
            yield from rows_fit_columns(slide.table.rows, columns, (*at, "table"))


def _charts(spec: TimelineSpec) -> Iterator[Problem]:
    yield from charts_are_sound(
        (slide.chart, (*at, "chart"))
        for slide, at in _slides(spec)
        if isinstance(slide, ChartSlide)
    )


def _layer_sizes(spec: TimelineSpec) -> Iterator[Problem]:
    for index, scene in enumerate(spec.scenes):
        if isinstance(scene, LayersScene):
            yield from layer_sizes_are_in_order(scene.layers, ("scenes", index, "layers"))


RULES: tuple[Callable[[TimelineSpec], Iterator[Problem]], ...] = (
    *ASSET_RULES,
    _length_is_bounded,
    _transitions_leave_time,
    _captions_are_in_order,
    _tables,
    _charts,
    _layer_sizes,
)
"""Every rule beyond the field types, in the order in which problems are reported."""
