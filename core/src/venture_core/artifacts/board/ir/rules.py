"""The rules of a board that span several fields: those of its assets, nodes and edges."""

from typing import TYPE_CHECKING

from venture_core.artifacts.ir.problems import Problem, pointer
from venture_core.artifacts.ir.rules import ASSET_RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from venture_core.artifacts.board.ir.document import BoardSpec


def _ids_are_unique(spec: BoardSpec) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, node in enumerate(spec.nodes):
        if node.id in seen:
            at = pointer(("nodes", index, "id"))
            yield Problem(at, "an id that no other node has", f"the id {node.id} is taken")
        seen.add(node.id)


def _edges_join_two_nodes(spec: BoardSpec) -> Iterator[Problem]:
    known = {node.id for node in spec.nodes}
    for index, edge in enumerate(spec.edges):
        for field, name in (("source", edge.source), ("target", edge.target)):
            if name not in known:
                at = pointer(("edges", index, field))
                yield Problem(at, "the id of a node", f"no node has the id {name}")
        if edge.source == edge.target:
            at = pointer(("edges", index, "target"))
            yield Problem(at, "another node than the source", "the edge leads back to its node")


RULES: tuple[Callable[[BoardSpec], Iterator[Problem]], ...] = (
    *ASSET_RULES,
    _ids_are_unique,
    _edges_join_two_nodes,
)
"""Every rule beyond the field types, in the order in which problems are reported."""
