"""What waits for people, as it is seen: so that a word that cannot count is refused at once."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from venture_core.approvals import SENTENCES, Ruling, ruling_on
from venture_core.waiting import TARGETS, waiting_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Set

    from venture_core.kubernetes.client import Body
    from venture_core.kubernetes.resources import Resource
    from venture_core.waiting import Waiting

type Json = dict[str, Any]

MAX_OBJECTS: Final = 20_000
"""How many objects that waited for people are remembered; of older ones nothing is known."""
MAX_PAST: Final = 8


@dataclass(slots=True)
class _Place:
    """An object, or a task of it, that waits for people or did."""

    waiting: Waiting | None = None
    past: tuple[str, ...] = ()
    """What it was asked before, by digest."""

    def take(self, waiting: Waiting | None) -> None:
        before = self.waiting
        if before and before.digest and (waiting is None or waiting.digest != before.digest):
            self.past = (before.digest, *self.past)[:MAX_PAST]
        # The question may be long, and nobody asks for it here.
        self.waiting = None if waiting is None else replace(waiting, what="")


@dataclass(frozen=True, slots=True)
class _Target:
    kind: str
    namespace: str
    name: str
    places: dict[str | None, _Place] = field(default_factory=dict)


class Targets:
    """What is known of one kind's objects. The news may be late: what was never seen is not denied.

    Only what cannot become true again is held against a word: who asked, who is asked, who has
    approved, and a digest that was seen and was replaced.
    """

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self._known: dict[str, _Target] = {}

    def put(self, body: Body) -> None:
        """Take over what an object waits for; one that never waited is not remembered."""
        metadata = body["metadata"]
        waiting = {each.task: each for each in waiting_in({**body, "kind": self.resource.kind})}
        known = self._known.get(metadata["uid"])
        if known is None:
            if not waiting:
                return
            known = _Target(self.resource.kind, metadata["namespace"], metadata["name"])
            self._known[metadata["uid"]] = known
            if len(self._known) > MAX_OBJECTS:
                del self._known[next(iter(self._known))]
        for task in {*waiting, *known.places}:
            known.places.setdefault(task, _Place()).take(waiting.get(task))

    def remove(self, uid: str) -> None:
        """Forget an object."""
        self._known.pop(uid, None)

    def retain(self, uids: Set[str]) -> None:
        """Forget all objects but these."""
        for uid in self._known.keys() - uids:
            del self._known[uid]

    def ruling(self, namespace: str, spec: Json, user: str, groups: Iterable[str]) -> str:
        """Return why somebody's Approval cannot count; empty where nothing is known against it."""
        reference: Json = spec.get("targetRef", {})
        known = self._known.get(str(reference.get("uid")))
        if known is None:
            return ""
        named = (reference.get("kind"), namespace, reference.get("name"))
        if named != (known.kind, known.namespace, known.name):
            return SENTENCES[Ruling.OTHER_TARGET]
        place = known.places.get(reference.get("taskName"))
        if place is None:
            return ""
        waiting, digest = place.waiting, spec.get("targetDigest")
        if waiting is None or digest != waiting.digest:
            return SENTENCES[Ruling.CHANGED] if digest in place.past else ""
        ruling = ruling_on(user, groups, waiting.requester, waiting.groups)
        if ruling is Ruling.COUNTED and user in waiting.by and spec.get("decision") == "Approve":
            ruling = Ruling.TWICE
        sentence = SENTENCES.get(ruling, "")
        return sentence.format(user=user, groups=", ".join(waiting.groups))


def all_targets() -> dict[str, Targets]:
    """Return what is known of what people decide on, by kind: nothing yet."""
    return {resource.kind: Targets(resource) for resource in TARGETS.values()}
