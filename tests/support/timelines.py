"""TimelineSpecs for tests: small ones, and what they need."""

import json
from typing import Any

from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.video.ir import TimelineSpec
from venture_core.artifacts.video.plan.model import Heard, Soundtrack, TimelinePlan
from venture_core.artifacts.video.plan.timeline import plan_timeline

type Body = dict[str, Any]


def slide(seconds: float = 1, **changes: Any) -> Body:
    """Return a scene that shows a slide."""
    content = {"type": "title", "title": "A week in a minute", "subtitle": "What was done"}
    return {"type": "slide", "seconds": seconds, "slide": content, **changes}


def body(**changes: Any) -> Body:
    """Return a small document."""
    return {
        "kind": "TimelineSpec",
        "version": 1,
        "title": "A week",
        "altText": "Slides on what was done",
        "format": "square",
        "scenes": [slide()],
        **changes,
    }


def read(document: Body) -> TimelineSpec:
    """Read a document as anything that compiles reads it."""
    spec = parse_ir(json.dumps(document).encode())
    assert isinstance(spec, TimelineSpec)
    return spec


def planned(
    document: Body, heard: dict[str, Heard] | None = None, loudness: float = -16.0
) -> TimelinePlan:
    """Plan a document whose recordings are as `heard` says: no ffmpeg is needed."""
    sound = None if heard is None else Soundtrack(b"", loudness, heard)
    return plan_timeline(read(document), {}, sound)
