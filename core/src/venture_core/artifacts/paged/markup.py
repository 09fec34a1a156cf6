"""HTML as a tree: what people wrote goes in as texts and attributes, never as markup."""

from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, tostring

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.ir.document import Document

ASSET_SCHEME: Final = "asset:"
PRODUCER: Final = "Venture"
LINE: Final = "data-line"
"""Where an element began in what its author wrote: for what is found wrong with it. No document may
have it of its own."""
MADE_AT: Final = "2000-01-01T00:00:00Z"

type Child = Element | str


def node(tag: str, attributes: Mapping[str, str] | None = None, *children: Child) -> Element:
    """Return an element with its children in their order."""
    made = Element(tag, dict(attributes or {}))
    add(made, *children)
    return made


def add(parent: Element, *children: Child) -> None:
    """Put children after those that `parent` has."""
    for child in children:
        if not isinstance(child, str):
            parent.append(child)
        elif len(parent):
            parent[-1].tail = (parent[-1].tail or "") + child
        else:
            parent.text = (parent.text or "") + child


def html_bytes(root: Element) -> bytes:
    """Write a tree as HTML in UTF-8, escaped."""
    written: bytes = tostring(root, encoding="utf-8", method="html")
    return b"<!DOCTYPE html>" + written


def asset_url(name: str) -> str:
    """Return the address of an asset: the only kind that anything is read from."""
    return f"{ASSET_SCHEME}{name}"


def document_head(document: Document) -> Element:
    """Return what a file says of its document. Its dates are always the same."""
    told = {
        "generator": PRODUCER,
        "dcterms.created": MADE_AT,
        "dcterms.modified": MADE_AT,
    }
    if document.author.strip():
        told["author"] = document.author
    return node(
        "head",
        None,
        node("meta", {"charset": "utf-8"}),
        node("title", None, document.title),
        *(node("meta", {"name": name, "content": text}) for name, text in told.items()),
    )
