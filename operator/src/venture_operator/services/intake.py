"""What the watches deliver: remember the object, wake those whom it concerns. Nothing else."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from venture_operator.domain.references import (
    Reference,
    controller_of,
    owner_of,
    reference_to,
)

if TYPE_CHECKING:
    from venture_core.kubernetes.client import Body

    from venture_operator.storage.watched import WatchedObjects

type Wake = Callable[[Reference], None]


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
        """Take over an object that was listed, created or changed."""
        if self.objects.put(body):
            self._wake_all(body)

    def deleted(self, body: Body) -> None:
        """Forget an object that was deleted."""
        self.objects.remove(body)
        self._wake_all(body)

    def _wake_all(self, body: Body) -> None:
        for reference in self._concerned(body):
            self._wake(reference)


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


def its_controller(body: Body) -> tuple[Reference, ...]:
    """Return the object of ours in the same namespace that an object was created for."""
    controller = controller_of(body)
    return () if controller is None else (controller,)
