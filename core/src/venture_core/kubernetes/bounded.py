"""Read what other people wrote into the API server at a cost that does not depend on them.

An object may have 1.5 MB, and Python needs twenty times that for it. Here an object is walked once
without building anything, and only the parts that fit their bounds are parsed: of its metadata
the fields that decisions need (not the managed fields, which may be as large as all of it), of its
spec and status all or nothing.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

import msgspec

type Body = dict[str, Any]

PART_MAX_BYTES: Final = 192 * 1024
"""The largest spec or status that is parsed, at 10 ms: three times what any of our kinds allows."""
LABELS_MAX_BYTES: Final = 32 * 1024
"""The largest labels, annotations, owner references or finalizers that are parsed; more is none."""

UNREADABLE: Final = "unreadable"
"""The key beside `metadata` where an object says which part could not be parsed, and why."""


class UnreadableError(ValueError):
    """These bytes are no object, event or list of the Kubernetes API."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a watch. Of an ERROR the object is the API server's Status."""

    type: str
    object: Body


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list; `continue_token` asks for the next and is empty at the end."""

    items: list[Body]
    unreadable: list[str]
    """What is wrong with items that are no objects; the others are not to suffer for them."""
    resource_version: str
    continue_token: str


class _Metadata(msgspec.Struct, rename="camel", gc=False):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: msgspec.Raw = msgspec.Raw()
    annotations: msgspec.Raw = msgspec.Raw()
    owner_references: msgspec.Raw = msgspec.Raw()
    finalizers: msgspec.Raw = msgspec.Raw()


class _Object(msgspec.Struct, rename="camel", gc=False):
    metadata: _Metadata
    api_version: str = ""
    kind: str = ""
    spec: msgspec.Raw = msgspec.Raw()
    status: msgspec.Raw = msgspec.Raw()


class _Event(msgspec.Struct, gc=False):
    type: str
    object: msgspec.Raw


class _ListMetadata(msgspec.Struct, rename="camel", gc=False):
    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class _List(msgspec.Struct, gc=False):
    metadata: _ListMetadata
    items: list[msgspec.Raw] | None = None


_read_object = msgspec.json.Decoder(_Object).decode
_read_event = msgspec.json.Decoder(_Event).decode
_read_list = msgspec.json.Decoder(_List).decode


def read_object(data: bytes | msgspec.Raw) -> Body:
    """Return the object: `apiVersion`, `kind`, the metadata's main fields, `spec` and `status`.

    A part over its bound, or one that Python cannot hold (a number of 5,000 digits, a nesting of
    10,000 levels), is left out, and `UNREADABLE` says so in a sentence. Raises UnreadableError for
    bytes that are no object at all.
    """
    try:
        found = _read_object(data)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise UnreadableError(str(error)) from error
    body: Body = {
        "apiVersion": found.api_version,
        "kind": found.kind,
        "metadata": _metadata(found.metadata),
    }
    for name, part in (("spec", found.spec), ("status", found.status)):
        if not bytes(part):
            continue
        try:
            body[name] = _parse(name, part)
        except UnreadableError as error:
            body.setdefault(UNREADABLE, str(error))
    return body


def read_event(line: bytes) -> Event:
    """Return one line of a watch. Raises UnreadableError for one that is none."""
    try:
        event = _read_event(line)
        if event.type == "ERROR":
            return Event(event.type, json.loads(bytes(event.object)))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UnreadableError(str(error)) from error
    return Event(event.type, read_object(event.object))


def read_page(data: bytes, *, api_version: str, kind: str) -> Page:
    """Return a part of a list; what its items leave out of their type is filled in.

    Raises UnreadableError for bytes that are no list.
    """
    try:
        found = _read_list(data)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise UnreadableError(str(error)) from error
    page = Page([], [], found.metadata.resource_version, found.metadata.continue_)
    for data_of_item in found.items or ():
        try:
            item = read_object(data_of_item)
        except UnreadableError as error:
            page.unreadable.append(str(error))
            continue
        item["apiVersion"] = item["apiVersion"] or api_version
        item["kind"] = item["kind"] or kind
        page.items.append(item)
    return page


def _metadata(found: _Metadata) -> Body:
    metadata: Body = {
        "name": found.name,
        "namespace": found.namespace,
        "uid": found.uid,
        "resourceVersion": found.resource_version,
        "generation": found.generation,
        "creationTimestamp": found.creation_timestamp,
    }
    if found.deletion_timestamp is not None:
        metadata["deletionTimestamp"] = found.deletion_timestamp
    for name, part in (
        ("labels", found.labels),
        ("annotations", found.annotations),
        ("ownerReferences", found.owner_references),
        ("finalizers", found.finalizers),
    ):
        if 0 < len(bytes(part)) <= LABELS_MAX_BYTES:
            metadata[name] = json.loads(bytes(part))
    return metadata


def _parse(name: str, part: msgspec.Raw) -> object:
    data = bytes(part)
    if len(data) > PART_MAX_BYTES:
        raise UnreadableError(f"{name} has {len(data)} bytes, at most {PART_MAX_BYTES} are read")
    try:
        return json.loads(data)
    except RecursionError:
        raise UnreadableError(f"{name} is nested too deeply to be read") from None
    except ValueError as error:
        # JSON from the API server is well-formed; a number may have more digits than Python takes.
        raise UnreadableError(f"{name} cannot be read: {error}"[:500]) from None
