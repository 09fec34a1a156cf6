"""What is frozen now, for whoever can start or spend something: who cannot see it is frozen."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from pydantic import ValidationError
from venture_crds.v1alpha1.freeze import Freeze, FreezeMode

from venture_core.kubernetes.following import Following
from venture_core.kubernetes.resources import FREEZES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from venture_core.kubernetes.client import Body, KubernetesClient

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Frozen:
    """That nothing may start or be spent, and why. `name` is empty where it is only not known."""

    mode: FreezeMode
    name: str
    reason: str

    @property
    def is_kill(self) -> bool:
        """Whether what runs is to be ended too."""
        return self.mode is FreezeMode.KILL

    @property
    def sentence(self) -> str:
        """Say it to a person."""
        if not self.name:
            return self.reason
        return f"Freeze {self.name} holds: nothing new starts until it is lifted"


UNKNOWN: Final = Frozen(
    FreezeMode.FREEZE, "", "whether anything is frozen cannot be seen now: nothing new starts"
)


FIRST_SIGHT_SECONDS: Final = 5.0


class FreezesUnseenError(Exception):
    """What is frozen cannot be seen now, so nothing may start; the same may be asked again."""

    def __init__(self) -> None:
        super().__init__(UNKNOWN.reason)


class Freezes:
    """The Freezes of the cluster. `run` has to run beside; until it has seen them all is frozen.

    The client may list and watch freezes.
    """

    def __init__(
        self, client: KubernetesClient, on_change: Callable[[], None] = lambda: None
    ) -> None:
        """Call `on_change` when something is frozen or lifted, or comes into sight."""
        self._on_change = on_change
        self._known: dict[str, Freeze] = {}
        self._following = Following(client, FREEZES, self._take)

    def standing(self, namespace: str) -> Frozen | None:
        """Return what holds in a namespace, the harshest of several; None where nothing does."""
        if not self._following.in_sight:
            return UNKNOWN
        holding = [
            Frozen(each.spec.mode, each.metadata.name, each.spec.reason)
            for each in self._known.values()
            if each.spec.scope.all or each.spec.scope.namespace == namespace
        ]
        return max(holding, key=lambda each: (each.is_kill, each.name), default=None)

    def in_force(self, namespace: str) -> Frozen | None:
        """Return the same, for who can have a caller ask again. Raises FreezesUnseenError."""
        frozen = self.standing(namespace)
        if frozen is UNKNOWN:
            raise FreezesUnseenError
        return frozen

    async def first_sight(self, seconds: float = FIRST_SIGHT_SECONDS) -> None:
        """Wait for them before serving, not for ever: else the first who ask are sent away."""
        await self._following.first_sight(seconds)

    def complaints(self) -> list[str]:
        """Return why nothing may start, where that is because nothing is seen: for readiness."""
        return [] if self._following.in_sight else ["freezes cannot be seen"]

    async def run(self) -> None:
        """Watch until cancelled."""
        await self._following.run()

    async def _take(self, found: Mapping[str, Body]) -> None:
        was_in_sight, before = self._following.in_sight, self._known.keys()
        self._known = {uid: self._known.get(uid) or _read(body) for uid, body in found.items()}
        if not was_in_sight or before != self._known.keys():
            self._on_change()


def _read(body: Body) -> Freeze:
    """Read a Freeze; one that this version cannot read freezes everything."""
    try:
        return Freeze.model_validate(body)
    except ValidationError:
        log.exception("freeze_unreadable", name=body["metadata"]["name"])
        return Freeze.model_validate(
            {
                "metadata": body["metadata"],
                "spec": {
                    "scope": {"all": True},
                    "mode": "Freeze",
                    "reason": "a Freeze that this version cannot read",
                },
            }
        )
