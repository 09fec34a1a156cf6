"""Objects read whole, for people to look at; one that cannot be read is a stub that says why.

A tenant may write what Python's parser refuses (a number of 5,000 digits, a nesting of 10,000
levels). It is that object's trouble, not that of the list it is in.
"""

import json
from typing import Any, Final

import msgspec

from venture_core.kubernetes.bounded import UNREADABLE, UnreadableError, read_object
from venture_core.nesting import is_deeper

type Body = dict[str, Any]

MAX_DEPTH: Final = 120
"""Levels of nesting; printing what is deeper would exceed Python's stack."""


class _List(msgspec.Struct, gc=False):
    metadata: msgspec.Raw
    items: list[msgspec.Raw] | None = None


_read_list = msgspec.json.Decoder(_List).decode


class _Event(msgspec.Struct, gc=False):
    type: str
    object: msgspec.Raw


_read_event = msgspec.json.Decoder(_Event).decode


def read_object_leniently(data: bytes) -> Body:
    """Return the object; where it cannot be read the parts that can, and UNREADABLE."""
    try:
        body: Body = json.loads(data)
    except RecursionError:
        body, why = read_object(data), "it is nested too deeply"
    except ValueError as error:
        body, why = read_object(data), str(error)[:500]
    else:
        why = ""
    for name in [name for name, part in body.items() if is_deeper(part, MAX_DEPTH)]:
        del body[name]
        why = f"{name} is nested more than {MAX_DEPTH} levels deep"
    return body | {UNREADABLE: why} if why else body


def read_event_leniently(line: bytes) -> Body:
    """Return `type` and `object` of a watch's line. Raises UnreadableError for no such line."""
    try:
        event = _read_event(line)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise UnreadableError(str(error)) from error
    return {"type": event.type, "object": read_object_leniently(bytes(event.object))}


def read_list_leniently(data: bytes) -> Body:
    """Return `items` and `metadata` of a list, each item read by itself.

    Raises UnreadableError for bytes that are no list.
    """
    try:
        found = _read_list(data)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise UnreadableError(str(error)) from error
    items = [read_object_leniently(bytes(item)) for item in found.items or ()]
    return {"items": items, "metadata": json.loads(bytes(found.metadata))}
