"""Compile Jobs that wait for a build: as many as the installation wants while builds come.

All that matters is in the cluster: whoever takes over finds the Jobs that wait, and whose the
others are. What is remembered here saves requests, and keeps two builds from asking for one Job.
"""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog
from venture_core.artifacts.jobcontract import WorkerInput
from venture_core.kubernetes.errors import (
    ConflictError,
    ForbiddenError,
    KubernetesError,
    NotFoundError,
)
from venture_core.objectstore import ObjectStoreError

from venture_operator import metrics
from venture_operator.domain.podoutcome import Ended, Lost, PodOutcome, Running, pod_outcome
from venture_operator.errors import ReconcileError
from venture_operator.kinds.artifactbuild import workers
from venture_operator.kinds.artifactbuild.compilejob import CONTAINER, compile_job, worker_input
from venture_operator.kinds.artifactbuild.plans import KIND

if TYPE_CHECKING:
    from collections.abc import Iterable

    from venture_operator.builders.job import PodSettings
    from venture_operator.domain.references import Reference
    from venture_operator.kinds.artifactbuild.bucket import Bucket
    from venture_operator.storage.children import Body, Children
    from venture_operator.storage.watched import ObjectKey, WatchedObjects

LONGEST_BUILD: Final = timedelta(hours=1)
"""The longest `timeoutSeconds` of a build."""
GRACE: Final = timedelta(seconds=60)
LOOK_SECONDS: Final = 1.0
"""How often the pool is looked at. A claimed Job is so replaced when its build is nearly done."""
RETRY_SECONDS: Final = 15.0
CLAIM_TRIES: Final = 3

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PoolSize:
    """How many Jobs wait, and for how long after the last build that could have had one."""

    most: int = 0
    idle: timedelta = timedelta(minutes=5)


class Pool:
    """The Jobs that wait. Not thread-safe: one event loop."""

    def __init__(
        self,
        size: PoolSize,
        *,
        children: Children,
        jobs: WatchedObjects,
        pods: WatchedObjects,
        bucket: Bucket,
        pod: PodSettings,
    ) -> None:
        self._size = size
        self._children = children
        self._jobs = jobs
        self._pods = pods
        self._bucket = bucket
        self._pod = workers.of_that_make(pod)
        self._make = workers.make_of(pod)
        self._wanted_at = datetime.now(UTC)
        """When a build could have had one last."""
        self._listed = False
        self._told: set[str] = set()
        """Uids of Jobs that were told where their build will be."""
        self._meant: dict[ObjectKey, str] = {}
        """Which Job a build is about to claim."""
        metrics.WARM_WAITING.set_function(lambda: len(self._ready(datetime.now(UTC))))

    def offer(self, build: ObjectKey, now: datetime) -> str:
        """Return the name of a Job that waits, for that build to claim; empty where there is none.

        A build that asks again is offered the same.
        """
        if not self._size.most:
            return ""
        self._wanted_at = now
        ready = {job["metadata"]["name"]: job for job in self._ready(now)}
        if (meant := self._meant.get(build, "")) in ready:
            return meant
        free = ready.keys() - self._meant.values()
        if not free:
            metrics.WARM_MISSED.inc()
            return ""
        name: str = min(free, key=lambda each: ready[each]["metadata"]["creationTimestamp"])
        self._meant[build] = name
        return name

    async def claim(self, name: str, owner: Reference, attempt: int, now: datetime) -> Body | None:
        """Give a Job to an attempt of a build; None where it waits no more.

        A claim that is repeated finds itself done. Raises KubernetesError.
        """
        labels = workers.claim(owner, attempt, now)
        for _ in range(CLAIM_TRIES):
            job = await self._children.find_job(name)
            if job is not None and workers.belongs_to(job, owner.uid, attempt):
                return job
            if job is None or not workers.waits(job) or not workers.has_time(job, now):
                return None
            try:
                claimed = await self._children.claim_job(job, labels)
            except ConflictError:
                # The Job's own controller wrote its status, or somebody else was faster.
                continue
            except (NotFoundError, ForbiddenError) as error:
                # It went, or the role was made by hand and lacks the right: builds go on without.
                log.warning("warm_worker_not_claimed", job=name, error=error.message)
                return None
            metrics.WARM_CLAIMED.inc()
            return claimed
        return None

    async def run(self) -> None:
        """Keep as many as are wanted until cancelled; end where none ever are.

        They are wanted from the beginning: what was started before is not ended and started anew.
        """
        self._wanted_at = datetime.now(UTC)
        while True:
            pause = LOOK_SECONDS
            try:
                left = await self.look(datetime.now(UTC))
            except (KubernetesError, ObjectStoreError, ReconcileError) as error:
                log.warning("warm_workers_failed", error=str(error))
                pause = RETRY_SECONDS
            else:
                if not left and not self._size.most:
                    return
            await asyncio.sleep(pause)

    async def look(self, now: datetime) -> int:
        """Start what is missing, and delete what is too much; return how many wait then.

        Raises KubernetesError, ObjectStoreError, ReconcileError.
        """
        if not self._listed:
            # The watch may not have told of them yet, and twice as many would be started.
            for job in await self._children.workers():
                self._jobs.put(job)
            self._listed = True
        waiting = self._waiting()
        self._forget(waiting)
        usable = [each for each in waiting if self._is_usable(each, now)]
        wanted = self._size.most if now - self._wanted_at < self._size.idle else 0
        kept, left = usable[:wanted], usable[wanted:]
        left += [job for job in waiting if self._is_of_no_use(job, now)]
        for job in left:
            if await self._children.delete_unchanged(job):
                self._jobs.remove(job)
                log.info("warm_worker_deleted", job=job["metadata"]["name"])
        for job in kept:
            await self._tell(job)
        for _ in range(wanted - len(kept)):
            kept.append(await self._start())
        return len(kept)

    async def _start(self) -> Body:
        job, _ = await self._children.create_job(
            compile_job(
                None,
                name=f"warm-{secrets.token_hex(8)}",
                namespace=self._children.namespace,
                deadline_seconds=int((workers.WAITS_FOR + LONGEST_BUILD + GRACE).total_seconds()),
                pod=self._pod,
            )
        )
        self._jobs.put(job)
        metrics.JOBS_CREATED.labels(KIND).inc()
        await self._tell(job)
        return job

    async def _tell(self, job: Body) -> None:
        """Tell a Job where its build will be, which its pod waits for; once, or again."""
        uid = job["metadata"]["uid"]
        if uid in self._told:
            return
        lifetime = workers.WAITS_FOR + GRACE + GRACE
        where = WorkerInput(
            assignment_url=await self._bucket.presign_assignment(uid, lifetime),
            wait_seconds=int(workers.WAITS_FOR.total_seconds()),
            authorities=self._bucket.authorities,
        )
        await self._children.create_input(worker_input(job, where), uid)
        self._told.add(uid)

    def _waiting(self) -> list[Body]:
        """Return the Jobs that wait and have not ended, the oldest first."""
        found = [
            job
            for job in self._jobs.all()
            if workers.waits(job) and not isinstance(self._outcome(job), Ended | Lost)
        ]
        return sorted(found, key=lambda each: str(each["metadata"]["creationTimestamp"]))

    def _ready(self, now: datetime) -> list[Body]:
        """Return those whose process runs."""
        return [
            job
            for job in self._waiting()
            if self._is_usable(job, now) and isinstance(self._outcome(job), Running)
        ]

    def _is_usable(self, job: Body, now: datetime) -> bool:
        return workers.is_of(job, self._make) and workers.has_time(job, now)

    def _is_of_no_use(self, job: Body, now: datetime) -> bool:
        """Return whether a Job is of another make, or found no place for as long as it may wait."""
        late = not workers.has_time(job, now) and not isinstance(self._outcome(job), Running)
        return late or not workers.is_of(job, self._make)

    def _outcome(self, job: Body) -> PodOutcome:
        return pod_outcome(job, self._pods.labelled(job["metadata"]["name"]), CONTAINER)

    def _forget(self, waiting: Iterable[Body]) -> None:
        names = {each["metadata"]["name"] for each in waiting}
        self._told &= {each["metadata"]["uid"] for each in waiting}
        self._meant = {build: name for build, name in self._meant.items() if name in names}
