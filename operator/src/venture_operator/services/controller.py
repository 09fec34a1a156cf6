"""What drives a reconciler: workers that take keys from the queue, and what errors do to a key."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import structlog
from structlog.contextvars import bound_contextvars

from venture_operator import metrics
from venture_operator.domain.backoff import after_error
from venture_operator.services.workqueue import QueueClosedError, WorkQueue
from venture_operator.storage.watched import ObjectKey

type Reconcile = Callable[[ObjectKey], Awaitable[float | None]]
"""Brings one object closer to its spec; returns in how many seconds to look again."""

log = structlog.get_logger(__name__)


class Controller:
    """Reconciles the objects of one kind, each by at most one worker at a time.

    A reconcile that raises is tried again with exponential backoff, forever but never in silence:
    every failure is logged and counted, and the reconciler itself writes what it can to the status.
    """

    def __init__(self, kind: str, reconcile: Reconcile, *, workers: int) -> None:
        self.kind = kind
        self._reconcile = reconcile
        self._workers = workers
        self._errors: Counter[ObjectKey] = Counter()
        self._queue: WorkQueue[ObjectKey] = WorkQueue(
            metrics.QUEUE_SECONDS.labels(kind).observe, lane_of=lambda key: key.namespace
        )
        metrics.QUEUE_DEPTH.labels(kind).set_function(lambda: len(self._queue))

    def wake(self, key: ObjectKey) -> None:
        """Reconcile that object soon."""
        self._queue.add(key)

    @property
    def backlog(self) -> int:
        """How many objects wait."""
        return len(self._queue)

    async def run(self) -> None:
        """Work until `stop` is called and what is in progress then has ended."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._work())

    def stop(self) -> None:
        """Take up nothing new."""
        self._queue.close()

    async def _work(self) -> None:
        while True:
            try:
                key = await self._queue.take()
            except QueueClosedError:
                return
            try:
                with bound_contextvars(kind=self.kind, namespace=key.namespace, name=key.name):
                    await self._reconcile_once(key)
            finally:
                self._queue.done(key)

    async def _reconcile_once(self, key: ObjectKey) -> None:
        started = time.monotonic()
        outcome = "error"
        try:
            again_after = await self._reconcile(key)
            outcome = "requeued" if again_after is not None else "done"
        except Exception:
            # The one place that catches everything: a bug in one object's path must not stop the
            # others, and the object itself is tried again.
            self._errors[key] += 1
            again_after = after_error(self._errors[key])
            log.exception("reconcile_failed", failures=self._errors[key], again_after=again_after)
        else:
            del self._errors[key]
        metrics.RECONCILE_SECONDS.labels(self.kind, outcome).observe(time.monotonic() - started)
        if again_after is not None:
            self._queue.add_after(key, again_after)
