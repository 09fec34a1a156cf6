"""Which of the hashes that the log holds the signed checkpoints vouch for."""

from typing import TYPE_CHECKING

from venture_core.events.merkle import Frontier, leaf_hashes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from venture_core.events.bundle import Bundle
    from venture_core.events.checkpoint import Checkpoint


def vouching_checkpoint(
    bundle: Bundle,
    checkpoints: Sequence[Checkpoint],
    log_index: int,
    *,
    instead: Mapping[int, bytes] | None = None,
) -> Checkpoint | None:
    """Return the first checkpoint that vouches for the hash that the log holds at a place.

    It does where the root over all hashes up to it is the signed one. `instead` has hashes by log
    index to be tried in place of those that the log holds. None where no checkpoint vouches.
    """
    covering = [each for each in checkpoints if each.size > log_index]
    manifest = bundle.manifest
    frontier = Frontier(manifest.first, [bytes.fromhex(node) for node in manifest.frontier])
    replaced = instead or {}
    for records in bundle.records():
        hashes = [record.logged for record in records]
        for place, tried in replaced.items():
            if 0 <= place - frontier.size < len(hashes):
                hashes[place - frontier.size] = tried
        leaves = leaf_hashes(hashes)
        done = 0
        while covering and covering[0].size <= frontier.size + len(leaves) - done:
            step = covering[0].size - frontier.size
            frontier.extend(leaves[done : done + step])
            done += step
            if frontier.root() == covering[0].root:
                return covering[0]
            covering.pop(0)
        frontier.extend(leaves[done:])
        if not covering:
            break
    return None
