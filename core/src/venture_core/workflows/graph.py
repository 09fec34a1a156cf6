"""Tasks and what they depend on. Pure, and linear in the number of dependencies."""

from collections import defaultdict
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


class Dependent(Protocol):
    """What has a name and depends on others."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The names of what it depends on."""


def find_cycle(tasks: Iterable[Dependent]) -> tuple[str, ...]:
    """Return the names along a cycle, the first again at the end; empty where there is none.

    Names that no task has are no part of a cycle.
    """
    depends = {task.name: task.depends_on for task in tasks}
    done: set[str] = set()
    for start in depends:
        trail: list[str] = []
        on_trail: set[str] = set()
        waiting = [(start, False)]
        while waiting:
            name, left = waiting.pop()
            if left:
                trail.pop()
                on_trail.discard(name)
                done.add(name)
                continue
            if name in on_trail:
                return (*trail[trail.index(name) :], name)
            if name in done:
                continue
            trail.append(name)
            on_trail.add(name)
            waiting.append((name, True))
            waiting += [(each, False) for each in reversed(depends[name]) if each in depends]
    return ()


def descendants(names: Collection[str], tasks: Mapping[str, Dependent]) -> frozenset[str]:
    """Return all that depend on any of these tasks, through others too."""
    after: defaultdict[str, list[str]] = defaultdict(list)
    for task in tasks.values():
        for each in task.depends_on:
            after[each].append(task.name)
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        new = set(after[waiting.pop()]) - found
        found |= new
        waiting += new
    return frozenset(found)


def ancestors(name: str, tasks: Mapping[str, Dependent]) -> frozenset[str]:
    """Return all that a task depends on, through others too; never itself, but on a cycle."""
    found: set[str] = set()
    waiting = list(tasks[name].depends_on) if name in tasks else []
    while waiting:
        each = waiting.pop()
        if each not in found and each in tasks:
            found.add(each)
            waiting += tasks[each].depends_on
    return frozenset(found)
