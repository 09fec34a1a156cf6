"""A document as its readers count it: slides, sections, sheets, and what all of them share."""

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from venture_core.artifacts.paged.markup import ASSET_SCHEME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from venture_core.artifacts.ir import Document

type Body = dict[str, Any]

PARTS: Final[Mapping[str, Mapping[str, str]]] = {
    "BoardSpec": {"nodes": "node", "edges": "arrow"},
    "DocSpec": {"content": "section"},
    "HtmlSpec": {"html": "line", "css": "line of CSS"},
    "ImageSpec": {"layers": "layer"},
    "ReportSpec": {"blocks": "section"},
    "SlideSpec": {"slides": "slide"},
    "SpreadsheetSpec": {"sheets": "sheet"},
    "TimelineSpec": {"scenes": "scene", "narration": "clip", "captions": "caption"},
}
"""Which fields of each kind of document hold its parts, and what one of them is called."""
_TITLES: Final = ("title", "label", "text", "quote", "image", "name")
_NOT_COMPARED: Final = ("kind", "version", "assets")


@dataclass(frozen=True, slots=True)
class Part:
    """One of them."""

    noun: str
    title: str
    """What readers know it by; may be empty."""
    value: Body
    key: str
    """The same for parts that say the same."""

    @property
    def form(self) -> str:
        """What kind of part it is: only what has the same form is compared field by field."""
        return str(self.value.get("type", ""))


@dataclass(frozen=True, slots=True)
class Divided:
    """A document in parts."""

    head: Body
    """What belongs to no part."""
    parts: tuple[tuple[Part, ...], ...]
    """The parts, those of each field by themselves."""


def divide(document: Document, digests: Mapping[str, str]) -> Divided:
    """Divide a document. `digests` has the SHA-256 of each asset whose bytes are known.

    Names of assets become what they stand for, so that other bytes under the same name show.
    """
    body = document.model_dump(mode="json", by_alias=True)
    for pointer, name in document.asset_references():
        if name in digests:
            _put(body, pointer, name, f"{name} (sha256:{digests[name]})")
    fields = PARTS.get(document.kind, {})
    parts = tuple(tuple(_parts(body[field], noun)) for field, noun in fields.items())
    left_out = {*fields, *_NOT_COMPARED}
    return Divided({key: each for key, each in body.items() if key not in left_out}, parts)


def _put(body: Body, pointer: str, name: str, value: str) -> None:
    """Put `value` where a name stands: alone, or as addresses within a source."""
    *path, last = pointer.removeprefix("/").split("/")
    place: Any = body
    for step in path:
        place = place[int(step)] if isinstance(place, list) else place[step]
    address = rf"{ASSET_SCHEME}{re.escape(name)}(?![\w.-])"
    there = place[last]
    place[last] = value if there == name else re.sub(address, f"{ASSET_SCHEME}{value}", there)


def _parts(values: list[Body] | str, noun: str) -> Iterator[Part]:
    if isinstance(values, str):
        yield from (Part(noun, each, {"text": each}, each) for each in values.splitlines())
        return
    for value in _sections(values) if noun == "section" else values:
        yield Part(noun, _title(value), value, json.dumps(value, sort_keys=True))


def _sections(blocks: list[Body]) -> Iterator[Body]:
    """Gather the blocks below each heading."""
    section: Body = {"type": "section", "title": "", "blocks": []}
    for block in blocks:
        if block["type"] == "heading":
            if section["title"] or section["blocks"]:
                yield section
            own = {key: each for key, each in block.items() if key not in ("type", "text")}
            section = {"type": "section", "title": block["text"], **own, "blocks": []}
        else:
            section["blocks"].append(block)
    yield section


def _title(value: Body) -> str:
    if "source" in value and "target" in value:
        return f"{value['source']} to {value['target']}"
    found = (value.get(field) for field in _TITLES)
    return next((each for each in found if isinstance(each, str) and each), "")
