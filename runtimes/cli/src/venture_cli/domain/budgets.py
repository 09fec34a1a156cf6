"""Budgets of a namespace, as the tree that they are."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from venture_core.treasury.models import Budget


def in_tree(budgets: Sequence[Budget]) -> Iterator[tuple[int, Budget]]:
    """Give each budget with its depth, each after the one above it.

    One whose budget above is not among them counts as a root.
    """
    known = {each.id for each in budgets}
    below: dict[UUID | None, list[Budget]] = {}
    for each in budgets:
        below.setdefault(each.parent if each.parent in known else None, []).append(each)
    waiting = [(0, each) for each in reversed(below.get(None, []))]
    while waiting:
        depth, budget = waiting.pop()
        yield depth, budget
        waiting += [(depth + 1, each) for each in reversed(below.get(budget.id, []))]
