"""Builds that were deleted while nobody watched: the record tells of their end all the same."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog
from venture_core.kubernetes.errors import ForbiddenError
from venture_crds.v1alpha1.meta import ObjectMeta

from venture_operator.domain.facts import Subject
from venture_operator.errors import TransientError
from venture_operator.kinds.artifactbuild import facts
from venture_operator.storage.watched import ObjectKey

if TYPE_CHECKING:
    from venture_core.record.living import LivingBuild

    from venture_operator.storage.objects import Objects
    from venture_operator.storage.record import Record
    from venture_operator.storage.watched import WatchedObjects

ASKED_AT_MOST: Final = 500
"""How many builds one sweep asks the API server for; the next one goes on."""

log = structlog.get_logger(__name__)


class Vanished:
    """Compares what the record believes to be there with what is."""

    def __init__(self, record: Record, watched: WatchedObjects, objects: Objects) -> None:
        self._record = record
        self._watched = watched
        self._objects = objects

    async def sweep(self) -> int:
        """Record the end of builds that are gone; return how many. Raises KubernetesError."""
        asked = swept = 0
        try:
            async for build in self._record.living_builds():
                if self._is_watched(build):
                    continue
                asked += 1
                if await self._is_gone(build):
                    await self._tell(build)
                    swept += 1
                if asked == ASKED_AT_MOST:
                    break
        except TransientError as error:
            log.warning("vanished_builds_unknown", error=str(error))
        return swept

    def _is_watched(self, build: LivingBuild) -> bool:
        known = self._watched.get(ObjectKey(build.namespace, build.name))
        return known is not None and known["metadata"]["uid"] == str(build.uid)

    async def _is_gone(self, build: LivingBuild) -> bool:
        """Ask the API server: of a namespace that is not served any more nobody can say."""
        try:
            found = await self._objects.get(build.namespace, build.name)
        except ForbiddenError:
            return False
        return found is None or found["metadata"]["uid"] != str(build.uid)

    async def _tell(self, build: LivingBuild) -> None:
        metadata = ObjectMeta(
            name=build.name,
            namespace=build.namespace,
            uid=str(build.uid),
            generation=build.generation,
        )
        told = (facts.deleted(metadata),)
        await self._record.append(Subject(build.workflow_id), told, datetime.now(UTC))
        log.info("deletion_found", namespace=build.namespace, name=build.name, uid=metadata.uid)
