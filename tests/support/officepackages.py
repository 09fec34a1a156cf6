"""What breaks an Office file for the programs that open it, beyond what a schema says of a part."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections import Counter
from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterator

RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"
TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
DEFINED = f"{S}definedName"
FIRST_LAYOUT, FIRST_SLIDE = 2**31, 256
UNIQUE = (
    (f".//{P}cNvPr", "id"),
    (f".//{W}bookmarkStart", f"{W}id"),
    (f".//{W}bookmarkStart", f"{W}name"),
    (f".//{S}sheet", "name"),
    (f".//{S}sheet", "sheetId"),
)
"""What may not come twice in a part: programs repair the file, or lose one of the two."""


def parts_of(data: bytes) -> dict[str, bytes]:
    """Return the parts of a package by their names."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def faults(data: bytes) -> list[str]:
    """Return what is wrong with a package and with the packages within it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        found = [f"{name} is there twice" for name, count in Counter(names).items() if count > 1]
        parts = {name: archive.read(name) for name in names}
    trees = {
        name: etree.fromstring(content)
        for name, content in parts.items()
        if name.endswith((".xml", ".rels"))
    }
    found += _types(parts.keys(), trees.pop("[Content_Types].xml"))
    found += _references(parts.keys(), trees)
    for name, tree in trees.items():
        found += _repeated(name, tree)
    drawings = [each.get("id") for tree in trees.values() for each in tree.iter(f"{WP}docPr")]
    found += [
        f"the drawing {each} is there twice" for each, n in Counter(drawings).items() if n > 1
    ]
    found += _presentation(trees)
    for name, content in parts.items():
        if name.endswith(".xlsx"):
            found += [f"{name}: {each}" for each in faults(content)]
    return found


def _types(names: Iterator[str], types: etree._Element) -> Iterator[str]:
    defaults = {each.get("Extension") for each in types.iter(f"{TYPES}Default")}
    named = {str(each.get("PartName")).lstrip("/") for each in types.iter(f"{TYPES}Override")}
    for name in names:
        if name not in named and name.rpartition(".")[2] not in defaults:
            yield f"{name} has no content type"
        if name.endswith(".xml") and name not in named and name != "[Content_Types].xml":
            yield f"{name} is only XML by its content type"
    for name in named - set(names):
        yield f"{name} has a content type, and is not there"


def _references(names: Iterator[str], trees: dict[str, etree._Element]) -> Iterator[str]:
    reached: set[str] = set()
    for name, tree in trees.items():
        if not name.endswith(".rels"):
            continue
        folder, _, file = name.partition("_rels/")
        source = folder + file.removesuffix(".rels")
        ids = [str(each.get("Id")) for each in tree.iter(f"{PACKAGE}Relationship")]
        yield from (f"{name}: {each} is there twice" for each, n in Counter(ids).items() if n > 1)
        for each in tree.iter(f"{PACKAGE}Relationship"):
            if each.get("TargetMode") == "External":
                continue
            target = posixpath.normpath(posixpath.join("/", folder, str(each.get("Target"))))
            reached.add(target.lstrip("/"))
            if target.lstrip("/") not in set(names):
                yield f"{name}: {target} is not there"
        if source in trees:
            yield from (f"{source}: {each} leads nowhere" for each in _asked(trees[source], ids))
    with_relations = {name for name in trees if name.endswith(".rels")}
    for name in set(names) - reached - with_relations - {"[Content_Types].xml"}:
        yield f"nothing refers to {name}"


def _asked(tree: etree._Element, ids: list[str]) -> Iterator[str]:
    for element in tree.iter():
        for attribute, value in element.attrib.items():
            if str(attribute).startswith(f"{{{RELATIONS}}}") and value and value not in ids:
                yield str(value)


def _repeated(name: str, tree: etree._Element) -> Iterator[str]:
    names = Counter((each.get("name"), each.get("localSheetId")) for each in tree.iter(DEFINED))
    yield from (f"{name}: {each} is there twice" for each, count in names.items() if count > 1)
    for path, attribute in UNIQUE:
        counts = Counter(each.get(attribute) for each in tree.iterfind(path))
        for value, count in counts.items():
            if count > 1:
                yield f"{name}: {path[3:]} {value} is there {count} times"


def _presentation(trees: dict[str, etree._Element]) -> Iterator[str]:
    deck = trees.get("ppt/presentation.xml")
    if deck is None:
        return
    order = [etree.QName(each).localname for each in deck]
    has_notes = any(name.startswith("ppt/notesMasters/") for name in trees)
    if has_notes != ("notesMasterIdLst" in order):
        yield "the presentation and its parts disagree on whether there is a master of notes"
    elif has_notes and order.index("notesMasterIdLst") != order.index("sldMasterIdLst") + 1:
        yield "the master of notes is not listed behind the master of slides"
    ids = [int(each.get("id", "0")) for each in deck.iter(f"{P}sldId")]
    if len(set(ids)) < len(ids) or any(each < FIRST_SLIDE or each >= FIRST_LAYOUT for each in ids):
        yield f"the ids of slides are {ids}"
    masters = [trees[name] for name in trees if name.startswith("ppt/slideMasters/slideMaster")]
    layouts = [each for tree in (deck, *masters) for each in tree.iter(f"{P}sldMasterId")]
    layouts += [each for tree in masters for each in tree.iter(f"{P}sldLayoutId")]
    numbers = [int(each.get("id", "0")) for each in layouts]
    if len(set(numbers)) < len(numbers) or min(numbers) < FIRST_LAYOUT:
        yield f"the ids of masters and layouts are {numbers}"
