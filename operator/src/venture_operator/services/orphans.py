"""Sweeps the work namespace: what has no owner any more goes.

Owner references do not cross namespaces, so the cluster's garbage collector cannot do it.
"""

from typing import TYPE_CHECKING

import structlog

from venture_operator.domain.orphans import is_orphan
from venture_operator.domain.references import owner_of
from venture_operator.storage.watched import ObjectKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_operator.domain.references import Reference
    from venture_operator.services.kind import Wired
    from venture_operator.storage.children import Body, Children
    from venture_operator.storage.watched import WatchedObjects

log = structlog.get_logger(__name__)


class Orphans:
    """Finds Jobs whose owner is gone, and deletes them with all that is theirs."""

    def __init__(
        self, children: Children, jobs: WatchedObjects, kinds: Mapping[str, Wired]
    ) -> None:
        self._children = children
        self._jobs = jobs
        self._kinds = kinds

    async def sweep(self) -> int:
        """Delete what has no owner; return how many Jobs. Raises KubernetesError."""
        swept = 0
        for job in self._jobs.all():
            owner = owner_of(job)
            if owner is None or owner.kind not in self._kinds:
                continue
            if is_orphan(job, await self._find(owner)):
                name = job["metadata"]["name"]
                await self._children.delete_job(name)
                log.info("orphan_deleted", job=name, owner=owner.name, of=owner.namespace)
                swept += 1
        return swept

    async def _find(self, owner: Reference) -> Body | None:
        """Return the owner; that one is absent only the API server can say."""
        kind = self._kinds[owner.kind]
        known = kind.watched.get(ObjectKey(owner.namespace, owner.name))
        if known is not None and known["metadata"]["uid"] == owner.uid:
            return known
        return await kind.objects.get(owner.namespace, owner.name)
