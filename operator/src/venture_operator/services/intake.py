"""What the watches deliver: remember the object, wake those whom it concerns. Nothing else."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from venture_operator.domain.references import (
    Reference,
    controller_of,
    owner_of,
    reference_to,
)
from venture_operator.storage.watched import ObjectKey, key_of

if TYPE_CHECKING:
    from venture_core.kubernetes.client import Body

    from venture_operator.storage.watched import WatchedObjects

type Wake = Callable[[Reference], None]

_WRITTEN: Final = frozenset({"resourceVersion", "managedFields"})


class Intake:
    """The objects of one resource as the watch tells them, and whom a change wakes."""

    def __init__(
        self,
        objects: WatchedObjects,
        wake: Wake,
        concerned: Callable[[Body], Iterable[Reference]],
    ) -> None:
        self.objects = objects
        self._wake = wake
        self._concerned = concerned

    def changed(self, body: Body) -> None:
        """Take over an object that was listed, created or changed.

        A change of what no decision reads (an annotation, the address of a pod) wakes nobody.
        """
        known = self.objects.get(key_of(body))
        if self.objects.put(body) and (known is None or _content(known) != _content(body)):
            self._wake_all(body)

    def deleted(self, body: Body) -> None:
        """Forget an object that was deleted."""
        self.objects.remove(body)
        self._wake_all(body)

    def _wake_all(self, body: Body) -> None:
        for reference in self._concerned(body):
            self._wake(reference)


def _content(body: Body) -> Body:
    """Return an object without what every write changes."""
    metadata = {key: value for key, value in body["metadata"].items() if key not in _WRITTEN}
    return {**body, "metadata": metadata}


def itself(body: Body) -> tuple[Reference, ...]:
    """Return the object: one of our kinds wakes itself."""
    return (reference_to(body),)


def its_owner(body: Body) -> tuple[Reference, ...]:
    """Return the owner that the labels of a child name; it may live in another namespace.

    Somebody else's object with labels like ours names none, and wakes nobody.
    """
    owner = owner_of(body)
    if owner is None:
        return ()
    return (replace(owner, namespace=owner.namespace or body["metadata"]["namespace"]),)


def its_jobs_owner(
    jobs: WatchedObjects, name_label: str
) -> Callable[[Body], tuple[Reference, ...]]:
    """Return what names the owner of a pod: its own labels, or those that its Job has by now.

    A Job that was started ahead is given its owner when its pod runs already.
    """

    def owner(pod: Body) -> tuple[Reference, ...]:
        metadata = pod["metadata"]
        name = (metadata.get("labels") or {}).get(name_label, "")
        job = jobs.get(ObjectKey(metadata.get("namespace", ""), name))
        return its_owner(pod) or (() if job is None else its_owner(job))

    return owner


def its_controller(body: Body) -> tuple[Reference, ...]:
    """Return the object of ours in the same namespace that an object was created for."""
    controller = controller_of(body)
    return () if controller is None else (controller,)
