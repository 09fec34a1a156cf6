"""Office packages (OPC) to bytes: parts in a fixed order, in the deterministic zip."""

from typing import TYPE_CHECKING, Any, Final

from venture_core.artifacts.packaging.archive import write_zip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
RELATIONSHIPS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DEFAULT_TYPES: Final[Mapping[str, str]] = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "rels": "application/vnd.openxmlformats-package.relationships+xml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
}
"""Content types that a part has by its extension; all others are named one by one."""


def pack(
    package: Any,  # noqa: ANN401 - python-pptx or python-docx made it
    *,
    links: bool,
    written: Mapping[str, bytes] | None = None,
) -> bytes:
    """Write a package: content types first, then all parts sorted by name.

    With `links` its parts may hold hyperlinks; nothing else ever refers to the world outside, so
    that no viewer fetches anything. `written` takes the place of what the library would write.
    """
    parts = list(package.iter_parts())
    members = dict(_members(package, parts, links=links)) | dict(written or {})
    types = content_types({str(part.partname): part.content_type for part in parts})
    return write_zip([("[Content_Types].xml", types), *sorted(members.items())])


def content_types(parts: Mapping[str, str]) -> bytes:
    """Write the part that says of which type each part is, by name and type."""
    defaults = "".join(
        f'<Default Extension="{extension}" ContentType="{kind}"/>'
        for extension, kind in DEFAULT_TYPES.items()
    )
    overrides = "".join(
        f'<Override PartName="{name}" ContentType="{kind}"/>'
        for name, kind in sorted(parts.items())
        if DEFAULT_TYPES.get(name.rpartition(".")[2]) != kind
    )
    text = f'{DECLARATION}<Types xmlns="{PACKAGE}/content-types">{defaults}{overrides}</Types>'
    return text.encode()


def _members(package: Any, parts: list[Any], *, links: bool) -> Iterator[tuple[str, bytes]]:  # noqa: ANN401
    relations = package._rels if hasattr(package, "_rels") else package.rels
    yield "_rels/.rels", relations.xml
    for part in parts:
        yield part.partname.membername, part.blob
        if part.rels:
            _refuse_external(part, links=links)
            yield part.partname.rels_uri.membername, part.rels.xml


def _refuse_external(part: Any, *, links: bool) -> None:  # noqa: ANN401
    for relation in part.rels.values():
        if relation.is_external and not (
            links and relation.reltype == f"{RELATIONSHIPS}/hyperlink"
        ):
            raise RuntimeError(f"{part.partname} refers to something outside the file")
