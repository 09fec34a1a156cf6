"""BoardSpec: the document that describes nodes and what leads from one to another."""

from typing import Annotated, Literal

from pydantic import Field

from venture_core.artifacts.ir.document import Document
from venture_core.artifacts.ir.values import AltText, IRModel, Line60, Line120, Name

MAX_NODES = 200
MAX_EDGES = 400

type Tone = Literal["primary", "accent2", "accent3", "accent4", "accent5", "accent6", "muted"]
"""A colour of the theme."""


class Node(IRModel):
    """One box of the board."""

    id: Name
    """By which edges name it."""
    label: Line60
    detail: Line120 = ""
    """Written small below the label."""
    tone: Tone = "primary"
    """The colour of the bar at its side."""


class Edge(IRModel):
    """An arrow from a node to another."""

    source: Name
    """The `id` of the node where it starts."""
    target: Name
    """The `id` of the node to which it leads."""
    label: Line60 = ""
    dashed: bool = False


class BoardSpec(Document):
    """A board, version 1 of its description. Where things stand follows from the edges."""

    kind: Literal["BoardSpec"]
    alt_text: AltText = ""
    """What the board shows, in words, for those who do not see it."""
    direction: Literal["right", "down"] = "right"
    """Where edges lead."""
    format: Literal["svg", "png"] = "svg"
    nodes: Annotated[tuple[Node, ...], Field(min_length=1, max_length=MAX_NODES)]
    edges: Annotated[tuple[Edge, ...], Field(max_length=MAX_EDGES)] = ()
