"""What the watches deliver: remember the object, wake the build it belongs to. Nothing else."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from venture_operator.domain.labels import OWNER_LABEL
from venture_operator.storage.watched import ObjectKey, WatchedObjects, key_of

if TYPE_CHECKING:
    from venture_core.kubernetes.client import Body

type Wake = Callable[[ObjectKey], None]


class Intake:
    """The objects of one resource as the watch tells them, and whom a change wakes."""

    def __init__(
        self, objects: WatchedObjects, wake: Wake, owner_of: Callable[[Body], ObjectKey]
    ) -> None:
        self.objects = objects
        self._wake = wake
        self._owner_of = owner_of

    def changed(self, body: Body) -> None:
        """Take over an object that was listed, created or changed."""
        if self.objects.put(body):
            self._wake(self._owner_of(body))

    def deleted(self, body: Body) -> None:
        """Forget an object that was deleted."""
        self.objects.remove(body)
        self._wake(self._owner_of(body))


def itself(body: Body) -> ObjectKey:
    """Return the key of the object: a build wakes itself."""
    return key_of(body)


def labelled_owner(body: Body) -> ObjectKey:
    """Return the build that the label of a Job or pod names (a CRD rule keeps names that short).

    Somebody else's object with our job label names none, and wakes nobody.
    """
    metadata = body["metadata"]
    return ObjectKey(metadata["namespace"], metadata["labels"].get(OWNER_LABEL, ""))
