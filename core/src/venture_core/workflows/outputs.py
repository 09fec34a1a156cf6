"""What comes out of a task, as far as it is known before it runs."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from venture_crds.v1alpha1.workflowtask import Task

type Shape = Mapping[str, Any]
"""A JSON Schema of the part that `schemas` knows."""

_TEXT: Final = {"type": "string"}
ARTIFACT: Final[Shape] = {
    "type": "object",
    "properties": {
        "name": _TEXT,
        "uri": _TEXT,
        "sha256": _TEXT,
        "sizeBytes": {"type": "integer"},
        "mediaType": _TEXT,
    },
}
APPROVAL: Final[Shape] = {
    "type": "object",
    "properties": {"decision": _TEXT, "approvals": {"type": "integer"}},
}
MONEY: Final[Shape] = {
    "type": "object",
    "properties": {
        "name": _TEXT,
        "hold": _TEXT,
        "capCents": {"type": "integer"},
        "currency": _TEXT,
    },
}
ANSWER: Final[Shape] = {"type": "object", "properties": {"text": _TEXT}}
"""Of an agent that has no schema of its own."""


def output_shape(task: Task) -> Shape:
    """Return the shape of what comes out of a task."""
    if task.agent is not None:
        return task.agent.output_schema or ANSWER
    if task.money is not None:
        return MONEY
    return APPROVAL if task.approval is not None else ARTIFACT


def misstep(shape: Shape, path: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
    """Return the first step of a path that leads nowhere, and which steps there are instead.

    None where the whole path leads to something, or to what the shape leaves open.
    """
    for step in path:
        properties: Mapping[str, Shape] = shape.get("properties", {})
        if shape.get("type") == "object":
            if step not in properties:
                is_open = not properties or shape.get("additionalProperties", False)
                return None if is_open else (step, tuple(properties))
            shape = properties[step]
        elif shape.get("type") == "array" and step.isdecimal():
            shape = shape.get("items", {})
        elif "type" in shape:
            return step, ("0",) if shape["type"] == "array" else ()
    return None


def nearest(name: str, names: Iterable[str]) -> str:
    """Return `; did you mean …?` with the name that is most like it, or what there is."""
    known = sorted(names)
    if close := get_close_matches(name, known, n=1):
        return f"; did you mean {close[0]}?"
    return f"; there is {', '.join(known[:10])}" if known else ""
