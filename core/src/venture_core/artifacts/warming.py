"""Small documents by which a process is made ready for the first one that people wrote.

Compiling them loads the libraries and reads the fonts and templates. Nothing of them is left in
what is compiled later: a document gives the same bytes in a process that is warm and in a new one.
"""

import json
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.compile import compile_artifact
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateSettings
from venture_core.artifacts.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from venture_core.artifacts.target import Target

_ROWS: Final = [["a", 1], ["b", 2]]
_CHART: Final = {
    "type": "bar",
    "categories": ["a", "b"],
    "series": [{"name": "c", "values": [1, 2]}],
}

SAMPLES: Final[Mapping[str, Mapping[str, object]]] = {
    "BoardSpec": {
        "nodes": [{"id": "a", "label": "A"}, {"id": "b", "label": "B"}],
        "edges": [{"source": "a", "target": "b"}],
        "altText": "A leads to B",
    },
    "DocSpec": {
        "content": [
            {"type": "heading", "text": "Heading", "level": 1},
            {"type": "paragraph", "text": "Text."},
        ],
    },
    "ImageSpec": {
        "width": 64,
        "height": 64,
        "altText": "A word",
        "layers": [
            {
                "type": "text",
                "text": "Word",
                "size": 12,
                "minSize": 8,
                "color": "text",
                "at": {"left": 0, "top": 0, "width": 64, "height": 64},
            }
        ],
    },
    "ReportSpec": {
        "blocks": [
            {"type": "heading", "text": "Heading", "level": 1},
            {"type": "grid", "columns": [{"header": "A"}, {"header": "B"}], "rows": _ROWS},
            {"type": "chart", "chart": _CHART, "altText": "Two columns"},
        ],
    },
    "SlideSpec": {
        "slides": [
            {"type": "title", "title": "Title"},
            {"type": "bullets", "title": "Points", "bullets": [{"text": "One"}]},
            {"type": "chart", "title": "Chart", "chart": _CHART, "altText": "Two columns"},
        ],
    },
    "SpreadsheetSpec": {
        "sheets": [
            {
                "name": "rows",
                "title": "Rows",
                "columns": [
                    {"name": "name", "header": "Name"},
                    {"name": "count", "header": "Count", "type": "number", "total": "sum"},
                ],
                "rows": _ROWS,
                "charts": [
                    {
                        "type": "bar",
                        "title": "Counts",
                        "categories": "name",
                        "series": ["count"],
                        "altText": "Two columns",
                    }
                ],
            }
        ],
    },
}
"""By their kind, without what all documents have."""


def is_warm(target: Target, kind: str) -> bool:
    """Say whether a process that is warm is ready for such documents.

    What native programs lay out is compiled in a Job of its own: there people decide how often.
    """
    takes = kind in SAMPLES and kind in target.compilers and target.image == "compiler"
    return takes and not target.toolchain_for(kind).native


def warm_up() -> Iterator[str]:
    """Compile each sample for every target that takes it; yield what could not be compiled.

    Takes one to two seconds of CPU in a new process.
    """
    for target in TARGETS:
        for kind in (each for each in sorted(SAMPLES) if is_warm(target, each)):
            try:
                compile_artifact(
                    ir=parse_ir(sample(kind)),
                    assets={},
                    gates=GateSettings(),
                    target=target.name,
                    thumbnail=True,
                )
            except Exception as error:
                # The Job goes without: the first document of that kind takes longer, no more.
                yield f"{kind} as {target.name}: {type(error).__name__}"


def sample(kind: str) -> bytes:
    """Return the small document of a kind."""
    return json.dumps({"kind": kind, "version": 1, "title": "Sample", **SAMPLES[kind]}).encode()
