"""Whose Job may run: a cap in all and per namespace, and turns between the namespaces.

Jobs of all tenants share the work namespace, so no tenant's quota bounds them. A burst of one
namespace waits for its own turns and leaves the others theirs.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """What some work of a namespace has in common, and how much of it may run at once."""

    name: str
    most: int | None = None
    """None: as much as there are places."""


class Turns[K: Hashable]:
    """Places for work that runs, handed out in turns. Not thread-safe: one event loop.

    `wake` is called with a key that had to wait and has a place now. Nothing is remembered beyond
    the process: whoever takes over lets running work in as it meets it, even over the cap.
    """

    def __init__(self, *, at_once: int, per_namespace: int, wake: Callable[[K], None]) -> None:
        if at_once < 1 or per_namespace < 1:
            raise ValueError("a cap lets at least one through")
        self._at_once = at_once
        self._per_namespace = per_namespace
        self._wake = wake
        self._running: dict[K, tuple[str, Share | None]] = {}
        self._busy: Counter[str] = Counter()
        self._shares: Counter[tuple[str, str]] = Counter()
        self._waiting: OrderedDict[str, OrderedDict[K, Share | None]] = OrderedDict()

    def enter(self, key: K, namespace: str, share: Share | None = None) -> bool:
        """Return whether `key` may run now; otherwise it waits, and is woken at its turn."""
        if key in self._running:
            return True
        self._waiting.setdefault(namespace, OrderedDict())[key] = share
        self._hand_out(asking=key)
        return key in self._running

    def occupy(self, key: K, namespace: str, share: Share | None = None) -> None:
        """Take note that the work of `key` runs, place or no place."""
        if key not in self._running:
            self._forget(key)
            self._let_in(key, namespace, share)

    def leave(self, key: K) -> None:
        """Give back the place of `key`, or its wait for one; it may have neither."""
        self._forget(key)
        found = self._running.pop(key, None)
        if found is not None:
            namespace, share = found
            _take_one(self._busy, namespace)
            if share is not None:
                _take_one(self._shares, (namespace, share.name))
        self._hand_out()

    def running(self, namespace: str | None = None) -> int:
        """Return how many run, of a namespace or in all."""
        return len(self._running) if namespace is None else self._busy[namespace]

    def why_waiting(self, namespace: str) -> str:
        """Return which cap keeps those of a namespace waiting: a sentence that stays as it is."""
        if self._busy[namespace] >= self._per_namespace:
            return f"{self._per_namespace} Jobs of this namespace run, as many as may"
        return f"{self._at_once} Jobs run, as many as may"

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(len(keys) for keys in self._waiting.values())

    def _hand_out(self, asking: K | None = None) -> None:
        while len(self._running) < self._at_once and (key := self._next()) is not None:
            if key != asking:
                self._wake(key)

    def _next(self) -> K | None:
        """Let in the oldest of the namespace whose turn it is, which goes to the end of the row.

        One whose share is used up lets those behind it pass.
        """
        for namespace, keys in self._waiting.items():
            if self._busy[namespace] >= self._per_namespace:
                continue
            key = next((each for each in keys if self._fits(namespace, keys[each])), None)
            if key is None:
                continue
            share = keys.pop(key)
            self._waiting.move_to_end(namespace)
            if not keys:
                del self._waiting[namespace]
            self._let_in(key, namespace, share)
            return key
        return None

    def _fits(self, namespace: str, share: Share | None) -> bool:
        if share is None or share.most is None:
            return True
        return self._shares[namespace, share.name] < share.most

    def _let_in(self, key: K, namespace: str, share: Share | None) -> None:
        self._running[key] = (namespace, share)
        self._busy[namespace] += 1
        if share is not None:
            self._shares[namespace, share.name] += 1

    def _forget(self, key: K) -> None:
        for namespace, keys in list(self._waiting.items()):
            keys.pop(key, None)
            if not keys:
                del self._waiting[namespace]


def _take_one[T: Hashable](counter: Counter[T], key: T) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
