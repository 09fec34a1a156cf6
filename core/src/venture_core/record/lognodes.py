"""The Merkle tree's nodes in Postgres: which are kept, and how the others follow from them.

Leaves are kept as event hashes in `log_index`, inner nodes of every fourth level in `log_nodes`:
a node between is folded from at most eight kept ones.
"""

from typing import TYPE_CHECKING, Final

from venture_core.events.merkle import Frontier, NodeId, leaf_hash, node_hash, root_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import asyncpg

KEPT_LEVELS: Final = 4

_LEAVES = """
SELECT 0 AS level, l.log_index AS position, l.event_hash AS hash
FROM unnest($1::bigint[], $2::bigint[]) AS r(low, high)
JOIN record.log_index l ON l.log_index >= r.low AND l.log_index < r.high
"""
_NODES = """
SELECT n.level, n.position, n.hash
FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS r(level, low, high)
JOIN record.log_nodes n ON n.level = r.level AND n.position >= r.low AND n.position < r.high
"""


class MissingNodeError(Exception):
    """The database lacks a node that the log's size says it has: the record is damaged."""


def kept_nodes(
    runs: Iterable[tuple[NodeId, list[bytes]]],
) -> Iterator[tuple[int, int, bytes]]:
    """Give level, position and hash of the new inner nodes to keep, from `Frontier.extend`."""
    for (level, start), run in runs:
        if level and level % KEPT_LEVELS == 0:
            for offset, node in enumerate(run):
                yield level, start + offset, node


async def load_nodes(
    connection: asyncpg.Connection, wanted: Iterable[NodeId]
) -> dict[NodeId, bytes]:
    """Return nodes whose leaves are all in the log; raises MissingNodeError."""
    nodes = list(wanted)
    kept = await _load_kept(connection, {_kept_below(node) for node in nodes})
    try:
        return {node: _fold(node, kept) for node in nodes}
    except KeyError as error:
        raise MissingNodeError(f"the log lacks the node {error.args[0]}") from error


async def load_frontier(connection: asyncpg.Connection, size: int) -> Frontier:
    """Return the edge of the tree when it had `size` leaves."""
    places = root_nodes(size)
    nodes = await load_nodes(connection, places)
    return Frontier(size, [nodes[place] for place in places])


def _kept_below(node: NodeId) -> tuple[int, int, int]:
    """Return the kept level at or below a node, and the positions there that it covers."""
    height = node.level % KEPT_LEVELS
    return node.level - height, node.position << height, (node.position + 1) << height


async def _load_kept(
    connection: asyncpg.Connection, ranges: set[tuple[int, int, int]]
) -> dict[NodeId, bytes]:
    leaves = [(low, high) for level, low, high in ranges if level == 0]
    inner = [each for each in ranges if each[0]]
    kept: dict[NodeId, bytes] = {}
    for row in await connection.fetch(_LEAVES, [r[0] for r in leaves], [r[1] for r in leaves]):
        kept[NodeId(0, row["position"])] = leaf_hash(row["hash"])
    columns = ([r[0] for r in inner], [r[1] for r in inner], [r[2] for r in inner])
    for row in await connection.fetch(_NODES, *columns):
        kept[NodeId(row["level"], row["position"])] = row["hash"]
    return kept


def _fold(node: NodeId, kept: dict[NodeId, bytes]) -> bytes:
    if node.level % KEPT_LEVELS == 0:
        return kept[node]
    left = NodeId(node.level - 1, node.position * 2)
    return node_hash(_fold(left, kept), _fold(NodeId(left.level, left.position + 1), kept))
