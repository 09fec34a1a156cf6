"""The kinds of documents there are, and the only door through which one comes in."""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.ir.parsing import MAX_IR_BYTES
from venture_core.artifacts.ir.problems import InvalidIRError, Problem
from venture_core.artifacts.ir.structure import read_structure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.ir.document import Document
    from venture_core.artifacts.ir.parsing import Grammar

DOCUMENTS: Final[Mapping[str, str]] = {
    "BoardSpec": "venture_core.artifacts.board.ir",
    "DocSpec": "venture_core.artifacts.doc.ir",
    "HtmlSpec": "venture_core.artifacts.html.ir",
    "ImageSpec": "venture_core.artifacts.picture.ir",
    "ReportSpec": "venture_core.artifacts.report.ir",
    "SlideSpec": "venture_core.artifacts.deck.ir",
    "SpreadsheetSpec": "venture_core.artifacts.sheet.ir",
    "TimelineSpec": "venture_core.artifacts.video.ir",
}
"""Where the `GRAMMAR` of each kind is. It is imported when the first such document comes."""


def grammar(kind: str) -> Grammar[Document]:
    """Return the grammar of a kind of document."""
    found: Grammar[Document] = import_module(DOCUMENTS[kind]).GRAMMAR
    return found


def parse_ir(data: bytes) -> Document:
    """Read a document of any kind from JSON in UTF-8, at most 1 MiB; its `kind` says which it is.

    Raises `InvalidIRError`, whose problems name the JSON pointer, what was expected and what is
    wrong. Names that occur twice in one object are refused: readers disagree on which one counts.
    """
    if len(data) > MAX_IR_BYTES:
        raise InvalidIRError(
            [Problem("", f"at most {MAX_IR_BYTES} bytes", f"the document has {len(data)}")]
        )
    value = read_structure(data)
    if not isinstance(value, dict):
        raise InvalidIRError([Problem("", "an object", "the document is not an object")])
    return grammar(_kind(value)).read(data, value)


def _kind(value: dict[str, object]) -> str:
    kinds = " or ".join(sorted(DOCUMENTS))
    if "kind" not in value:
        raise InvalidIRError([Problem("/kind", kinds, "the field is required")])
    kind = value["kind"]
    if not isinstance(kind, str) or kind not in DOCUMENTS:
        raise InvalidIRError([Problem("/kind", kinds, "there is no such kind of document")])
    return kind
