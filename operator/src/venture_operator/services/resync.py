"""List everything now and then, and compare: repairs lost events, and notices a deaf watch."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from venture_core.kubernetes.errors import KubernetesError
from venture_core.objectstore import ObjectStoreError

from venture_operator import metrics

if TYPE_CHECKING:
    from venture_core.kubernetes.client import Body, KubernetesClient
    from venture_core.kubernetes.resources import Resource

    from venture_operator.services.intake import Intake
    from venture_operator.storage.artifacts import ArtifactStorage

GRACE_SECONDS: Final = 10.0
"""How long the watch may take to tell of what a list showed."""
DEAF_AFTER: Final = 2
"""Resyncs in a row that found changes the watch never told."""
SWEEP_EVERY: Final = 60
"""Resyncs between two sweeps of unclaimed uploads."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Watched:
    """A resource that is watched: which objects of it, and who takes them in."""

    resource: Resource
    label_selector: str
    intake: Intake


class Resync:
    """The periodic comparison of what the watches told with what is."""

    def __init__(
        self,
        client: KubernetesClient,
        watched: Sequence[Watched],
        *,
        namespaces: Sequence[str],
        artifacts: ArtifactStorage,
        every_seconds: float,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._client = client
        self._watched = watched
        self._namespaces: Sequence[str | None] = namespaces or [None]
        self._artifacts = artifacts
        self._every_seconds = every_seconds
        self._grace_seconds = grace_seconds
        self._deaf: dict[str, int] = {}

    @property
    def deaf_watches(self) -> list[str]:
        """Return the resources whose watch fell silent though they change."""
        return [plural for plural, times in self._deaf.items() if times >= DEAF_AFTER]

    async def run(self) -> None:
        """Compare until cancelled."""
        rounds = 0
        while True:
            await asyncio.sleep(self._every_seconds)
            try:
                await self.compare()
                if rounds % SWEEP_EVERY == 0:
                    swept = await self._artifacts.sweep_staging()
                    log.info("staging_swept", deleted=swept)
            except (KubernetesError, ObjectStoreError) as error:
                log.warning("resync_failed", error=str(error))
            rounds += 1

    async def compare(self) -> None:
        """List, give the watches time to tell the same, then mend what they did not tell."""
        known = {each.resource.plural: each.intake.objects.all() for each in self._watched}
        listed = {each.resource.plural: await self._list(each) for each in self._watched}
        news = {
            each.resource.plural: each.intake.objects.newer_than_known(listed[each.resource.plural])
            for each in self._watched
        }
        await asyncio.sleep(self._grace_seconds if any(news.values()) else 0)
        for each in self._watched:
            plural = each.resource.plural
            self._mend(each, missed=each.intake.objects.newer_than_known(news[plural]))
            _forget_deleted(each.intake, known[plural], listed[plural])

    def _mend(self, each: Watched, missed: Sequence[Body]) -> None:
        plural = each.resource.plural
        self._deaf[plural] = self._deaf.get(plural, 0) + 1 if missed else 0
        for body in missed:
            metrics.WATCH_MISSED.labels(each.resource.kind).inc()
            each.intake.changed(body)
        if missed:
            log.warning("watch_missed_changes", resource=plural, count=len(missed))

    async def _list(self, each: Watched) -> list[Body]:
        found: list[Body] = []
        for namespace in self._namespaces:
            found += await self._client.list(
                each.resource, namespace, label_selector=each.label_selector
            )
        return found


def _forget_deleted(
    intake: Intake, known: Sequence[Body], listed: Sequence[Mapping[str, object]]
) -> None:
    """Drop what was known before the list and is not in it: a watch that reconnects skips these."""
    alive = {_uid(body) for body in listed}
    for body in known:
        if _uid(body) not in alive:
            intake.deleted(body)


def _uid(body: Mapping[str, object]) -> str:
    metadata = body["metadata"]
    if not isinstance(metadata, Mapping):
        raise TypeError("objects have metadata")
    return str(metadata["uid"])
