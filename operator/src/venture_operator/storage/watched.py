"""What the watches told: the newest seen body of every object we care about.

A lost event leaves a stale body here, so a conclusion that something is *absent* must be
confirmed with the API server, and a periodic resync replaces everything.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

type Body = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """Namespace and name. What is in no namespace has an empty one."""

    namespace: str
    name: str


def key_of(body: Body) -> ObjectKey:
    """Return the key of an object."""
    metadata = body["metadata"]
    return ObjectKey(metadata.get("namespace", ""), metadata["name"])


def version_of(body: Body) -> int:
    """Return the resourceVersion as a number.

    etcd's revisions are integers that only grow, and API servers rely on comparing them
    (KEP-5504), so "newer" is well defined within one resource.
    """
    return int(body["metadata"]["resourceVersion"])


@dataclass(slots=True)
class WatchedObjects:
    """The objects of one resource, with an index by one label."""

    index_label: str = ""
    keeps_deleted: bool = False
    """Whether the last body of a deleted object stays until `forget`: its end is to be recorded."""
    _bodies: dict[ObjectKey, Body] = field(default_factory=dict)
    _by_label: dict[str, set[ObjectKey]] = field(default_factory=dict)
    _deleted: dict[ObjectKey, dict[str, Body]] = field(default_factory=dict)

    def get(self, key: ObjectKey) -> Body | None:
        """Return the newest body seen, None where none was or it was deleted."""
        return self._bodies.get(key)

    def labelled(self, value: str) -> Iterator[Body]:
        """Yield the objects whose index label has that value."""
        for key in self._by_label.get(value, ()):
            yield self._bodies[key]

    def put(self, body: Body) -> bool:
        """Take over a body unless a newer one is known; return whether it was news."""
        if self.knows(body):
            return False
        key = key_of(body)
        known = self._bodies.get(key)
        if known is not None and known["metadata"]["uid"] != body["metadata"]["uid"]:
            # Its deletion was never told: another object has its name now.
            self._drop(key, known)
        self._bodies[key] = body
        if label := self._index_value(body):
            self._by_label.setdefault(label, set()).add(key)
        return True

    def remove(self, body: Body) -> None:
        """Forget a deleted object, unless one of the same name was created since."""
        key = key_of(body)
        known = self._bodies.get(key)
        if known is None or known["metadata"]["uid"] != body["metadata"]["uid"]:
            return
        self._drop(key, known)

    def deleted(self, key: ObjectKey) -> list[Body]:
        """Return the last bodies of deleted objects of that name that nobody has taken care of."""
        return list(self._deleted.get(key, {}).values())

    def forget(self, body: Body) -> None:
        """Take note that a deleted object was taken care of."""
        key = key_of(body)
        namesakes = self._deleted.get(key, {})
        namesakes.pop(body["metadata"]["uid"], None)
        if not namesakes:
            self._deleted.pop(key, None)

    def all(self, namespace: str | None = None) -> list[Body]:
        """Return all objects of a namespace; None: of all."""
        return [
            body
            for key, body in self._bodies.items()
            if namespace is None or key.namespace == namespace
        ]

    def knows(self, body: Body) -> bool:
        """Return whether this state of an object, or a newer one, is known; metadata suffice."""
        known = self._bodies.get(key_of(body))
        if known is None:
            return False
        same = known["metadata"]["uid"] == body["metadata"]["uid"]
        return same and version_of(known) >= version_of(body)

    def _drop(self, key: ObjectKey, known: Body) -> None:
        del self._bodies[key]
        if self.keeps_deleted:
            self._deleted.setdefault(key, {})[known["metadata"]["uid"]] = known
        if label := self._index_value(known):
            self._by_label[label].discard(key)
            if not self._by_label[label]:
                del self._by_label[label]

    def _index_value(self, body: Body) -> str:
        if not self.index_label:
            return ""
        value: str = body["metadata"].get("labels", {}).get(self.index_label, "")
        return value
