"""Tasks and what they depend on. Pure, and linear in the number of dependencies."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


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


def descendants(name: str, tasks: Mapping[str, Dependent]) -> frozenset[str]:
    """Return all that depend on a task, through others too."""
    return frozenset(each for each in tasks if name in ancestors(each, tasks))


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
