"""The Merkle tree over the log: RFC 6962 §2.1 with SHA-256; its inputs are the events' hashes.

A node is named by its level (0 for leaves) and its position within the level, and covers 2**level
leaves, from position * 2**level on. Only nodes whose leaves are all there are kept: they
never change, so a log of any size is proven from kept nodes.
"""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from venture_core.events.chain import HASH_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


class ProofError(ValueError):
    """A proof that proves nothing of what it should, or that cannot be made."""


class NodeId(NamedTuple):
    """The place of a kept node: its level, 0 for leaves, and its position within the level."""

    level: int
    position: int


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256 over 0x00 and its data (here an event's hash)."""
    return hashlib.sha256(_LEAF + data).digest()


def leaf_hashes(data: Iterable[bytes]) -> list[bytes]:
    """Return the hashes of many leaves."""
    sha256 = hashlib.sha256
    return [sha256(_LEAF + each).digest() for each in data]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256 over 0x01 and both children."""
    return hashlib.sha256(_NODE + left + right).digest()


class Frontier:
    """The right edge of a growing tree: all that is needed to append to it and know its root.

    It holds one node for every one-bit of the size, so 64 at most.
    """

    def __init__(self, size: int = 0, nodes: Iterable[bytes] = ()) -> None:
        """Restore the edge of a tree of `size` leaves from `nodes`, as `nodes` gave them.

        Raises ValueError where there are not as many nodes as the size needs.
        """
        given = list(nodes)
        if size < 0 or len(given) != size.bit_count():
            raise ValueError(
                f"a tree of {size} leaves has {size.bit_count()} nodes, not {len(given)}"
            )
        self._size = size
        self._edge: list[bytes] = given

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    @property
    def nodes(self) -> tuple[bytes, ...]:
        """The nodes of the edge from left to right, the largest first."""
        return tuple(self._edge)

    def root(self) -> bytes:
        """Return the root of the tree."""
        return _fold(self._edge) if self._edge else EMPTY_ROOT

    def extend(self, leaves: Sequence[bytes]) -> list[tuple[NodeId, list[bytes]]]:
        """Append leaf hashes; return the nodes that are complete now, in runs.

        Each run is neighbouring nodes of one level, from the named place on. The leaves themselves
        are the first run. Together the runs of all calls are exactly the kept nodes.
        """
        sha256 = hashlib.sha256
        runs: list[tuple[NodeId, list[bytes]]] = []
        waiting: list[bytes] = []
        run, start, level = list(leaves), self._size, 0
        while run:
            runs.append((NodeId(level, start), run))
            # An odd start means that the left sibling of the first new node waits on the edge.
            pairs = [self._edge.pop(), *run] if start & 1 else run
            if len(pairs) & 1:
                waiting.append(pairs[-1])
            run = [
                sha256(_NODE + left + right).digest()
                for left, right in zip(pairs[::2], pairs[1::2], strict=False)
            ]
            start, level = start >> 1, level + 1
        self._edge.extend(reversed(waiting))
        self._size += len(leaves)
        return runs


class MerkleTree:
    """A tree in memory with all its nodes, for logs small enough."""

    def __init__(self, leaves: Sequence[bytes] = ()) -> None:
        self._frontier = Frontier()
        self._nodes: dict[NodeId, bytes] = {}
        self.extend(leaves)

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._frontier.size

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Append leaf hashes."""
        for (level, start), run in self._frontier.extend(leaves):
            for offset, node in enumerate(run):
                self._nodes[NodeId(level, start + offset)] = node

    def root(self, size: int | None = None) -> bytes:
        """Return the root of the tree, or of the tree when it had `size` leaves."""
        wanted = self.size if size is None else size
        if not 0 <= wanted <= self.size:
            raise ProofError(f"the tree has {self.size} leaves, it never had {wanted}")
        return root_from_nodes(wanted, self._nodes)

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """Return the proof that leaf `index` is in the tree of `size` leaves."""
        self._check(size)
        return assemble(inclusion_plan(index, size), self._nodes)

    def consistency_proof(self, old_size: int, new_size: int) -> list[bytes]:
        """Return the proof that the tree of `old_size` leaves is a prefix of the later one."""
        self._check(new_size)
        return assemble(consistency_plan(old_size, new_size), self._nodes)

    def _check(self, size: int) -> None:
        if size > self.size:
            raise ProofError(f"the tree has {self.size} leaves, not {size}")


@dataclass(frozen=True, slots=True)
class ProofPlan:
    """Which kept nodes a proof is made of.

    Each item is one hash of the proof: a kept node, or several that are folded into one where the
    tree's right edge is ragged.
    """

    items: tuple[tuple[NodeId, ...], ...]

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        """Every node that is needed, in the order of the items."""
        return tuple(node for item in self.items for node in item)


def root_nodes(size: int) -> tuple[NodeId, ...]:
    """Return the places of the kept nodes that make up the edge of a tree of `size` leaves."""
    return _cover(0, size)


def root_from_nodes(size: int, nodes: Mapping[NodeId, bytes]) -> bytes:
    """Return the root of a tree of `size` leaves, given the nodes of `root_nodes(size)`."""
    if size == 0:
        return EMPTY_ROOT
    return _fold([nodes[node] for node in root_nodes(size)])


def inclusion_plan(index: int, size: int) -> ProofPlan:
    """Say which nodes prove that leaf `index` is in the tree of `size` leaves (RFC 6962 §2.1.1).

    Raises ProofError where the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ProofError(f"a tree of {size} leaves has no leaf {index}")
    items: list[tuple[NodeId, ...]] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            items.append(_cover(middle, high))
            high = middle
        else:
            items.append(_cover(low, middle))
            low = middle
    return ProofPlan(tuple(reversed(items)))


def consistency_plan(old_size: int, new_size: int) -> ProofPlan:
    """Say which nodes prove that a tree is a prefix of a later one (RFC 6962 §2.1.2).

    The proof is empty where both have one size. Raises ProofError where there is none: for an
    empty old tree, which is a prefix of any, and for an old tree larger than the new.
    """
    if not 0 < old_size <= new_size:
        raise ProofError(f"there is no proof that {old_size} leaves are a prefix of {new_size}")
    items: list[tuple[NodeId, ...]] = []
    low, high = 0, new_size
    while high != old_size:
        middle = low + _split(high - low)
        if old_size <= middle:
            items.append(_cover(middle, high))
            high = middle
        else:
            items.append(_cover(low, middle))
            low = middle
    if low > 0:
        # The old tree ends within the new one's right part: its last perfect piece starts it all.
        items.append(_cover(low, high))
    return ProofPlan(tuple(reversed(items)))


def assemble(plan: ProofPlan, nodes: Mapping[NodeId, bytes]) -> list[bytes]:
    """Make the proof from the nodes that its plan names; KeyError where one is missing."""
    return [_fold([nodes[node] for node in item]) for item in plan.items]


def verify_inclusion(
    *, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise ProofError unless the leaf hash is number `index` in the tree of that size and root."""
    if not 0 <= index < size:
        raise ProofError(f"a tree of {size} leaves has no leaf {index}")
    _check_hashes(leaf, root, *proof)
    steps = _Steps(proof)
    position, last, computed = index, size - 1, leaf
    while last:
        if position & 1:
            computed = node_hash(steps.take(), computed)
        elif position < last:
            computed = node_hash(computed, steps.take())
        # Where the last node of a level has no sibling, it moves up as it is.
        position, last = position >> 1, last >> 1
    steps.finish()
    if computed != root:
        raise ProofError(f"the proof leads to the root {computed.hex()}, not {root.hex()}")


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise ProofError unless the old tree is proven to be a prefix of the new one.

    An empty tree is a prefix of any, which proves nothing, so it is refused but for itself.
    """
    _check_hashes(old_root, new_root, *proof)
    steps = _Steps(proof)
    if 0 <= old_size == new_size:
        steps.finish()
        if old_root != new_root or (old_size == 0 and old_root != EMPTY_ROOT):
            raise ProofError(f"the root of {old_size} leaves cannot be {new_root.hex()}")
        return
    if not 0 < old_size < new_size:
        raise ProofError(f"there is no proof that {old_size} leaves are a prefix of {new_size}")
    position, last = old_size - 1, new_size - 1
    while position & 1:
        # The old tree's last perfect piece: below it, both trees are the same.
        position, last = position >> 1, last >> 1
    old = new = steps.take() if position else old_root
    while last:
        if position & 1:
            left = steps.take()
            old, new = node_hash(left, old), node_hash(left, new)
        elif position < last:
            new = node_hash(new, steps.take())
        position, last = position >> 1, last >> 1
    steps.finish()
    if old != old_root:
        raise ProofError(f"the proof leads to the old root {old.hex()}, not {old_root.hex()}")
    if new != new_root:
        raise ProofError(f"the proof leads to the new root {new.hex()}, not {new_root.hex()}")


def _check_hashes(*hashes: bytes) -> None:
    if any(len(each) != HASH_BYTES for each in hashes):
        raise ProofError(f"a hash has {HASH_BYTES} bytes")


class _Steps:
    """The hashes of a proof, taken one by one: no more, no fewer."""

    def __init__(self, proof: Sequence[bytes]) -> None:
        self._proof = proof
        self._taken = 0

    def take(self) -> bytes:
        if self._taken == len(self._proof):
            raise ProofError(f"the proof is too short: it has {len(self._proof)} hashes")
        self._taken += 1
        return self._proof[self._taken - 1]

    def finish(self) -> None:
        if self._taken != len(self._proof):
            raise ProofError(f"the proof has {len(self._proof)} hashes, {self._taken} are needed")


def _split(count: int) -> int:
    """Return the largest power of two below `count`, which is at least 2."""
    return 1 << (count - 1).bit_length() - 1


def _cover(low: int, high: int) -> tuple[NodeId, ...]:
    """Return the kept nodes that cover the leaves from `low` up to `high`, largest first.

    `low` is a multiple of every power of two that fits in, as everywhere in the tree's recursion.
    """
    nodes: list[NodeId] = []
    while low < high:
        level = (high - low).bit_length() - 1
        nodes.append(NodeId(level, low >> level))
        low += 1 << level
    return tuple(nodes)


def _fold(nodes: Sequence[bytes]) -> bytes:
    """Hash neighbouring perfect subtrees, largest first, into the node above them all."""
    computed = nodes[-1]
    for node in reversed(nodes[:-1]):
        computed = node_hash(node, computed)
    return computed
