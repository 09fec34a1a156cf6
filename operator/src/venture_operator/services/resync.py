"""List everything now and then, and compare: repairs what the watches lost, and counts it."""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog
from venture_core.kubernetes.bounded import read_object
from venture_core.kubernetes.errors import KubernetesError
from venture_core.objectstore import ObjectStoreError

from venture_operator import metrics
from venture_operator.services.watches import refusal
from venture_operator.storage.watched import ObjectKey, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from venture_core.kubernetes.client import Body, KubernetesClient

    from venture_operator.services.kind import Housekeeping
    from venture_operator.services.watches import Stream, Watch

GRACE_SECONDS: Final = 10.0
"""How long a watch may take to tell of what a list showed."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Listed:
    """What a list showed of one stream: of objects that are well known only that they live."""

    stream: Stream
    known: list[Body]
    """What was known before the list."""
    alive: set[str] = field(default_factory=set)
    news: list[Body] = field(default_factory=list)
    """The metadata of what was not known, or only in an older state."""


class Resync:
    """The periodic comparison of what the watches told with what is.

    Lists bring metadata only, page by page; of what a watch did not tell the object is read.
    """

    def __init__(
        self,
        client: KubernetesClient,
        streams: Iterable[Stream],
        *,
        housekeeping: Sequence[Housekeeping] = (),
        every_seconds: float,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._client = client
        self._streams = streams
        self._housekeeping = housekeeping
        self._every_seconds = every_seconds
        self._grace_seconds = grace_seconds
        self._due = asyncio.Event()

    def soon(self) -> None:
        """Compare now: a watch was away, and what was deleted meanwhile is never told."""
        self._due.set()

    async def run(self) -> None:
        """Compare until cancelled."""
        rounds = 0
        while True:
            try:
                await asyncio.wait_for(self._due.wait(), self._every_seconds)
            except TimeoutError:
                rounds += 1
            self._due.clear()
            await self.compare()
            for each in self._housekeeping:
                # In the first round, too: much may have happened while nobody ran.
                if rounds % each.every_rounds == 1 % each.every_rounds:
                    await self._sweep(each)

    async def compare(self) -> None:
        """List, give the watches time to tell the same, then mend what they did not tell."""
        found = [
            listed for stream in self._streams if (listed := await self._list(stream)) is not None
        ]
        await asyncio.sleep(self._grace_seconds if any(each.news for each in found) else 0)
        for each in found:
            await self._mend(each)

    async def _list(self, stream: Stream) -> _Listed | None:
        """List one stream; None where that is refused, which is no other stream's concern."""
        watch, namespace = stream.watch, stream.namespace
        listed = _Listed(stream, watch.intake.objects.all(namespace))
        pages = self._client.metadata(
            watch.resource, namespace, label_selector=watch.label_selector
        )
        try:
            async for page in pages:
                listed.alive.update(each["metadata"]["uid"] for each in page)
                listed.news += [each for each in page if not watch.intake.objects.knows(each)]
        except KubernetesError as error:
            metrics.RESYNC_FAILURES.labels(watch.resource.plural).inc()
            stream.unlisted(refusal(error))
            log.warning(
                "resync_failed",
                resource=watch.resource.plural,
                namespace=namespace,
                error=str(error),
            )
            return None
        return listed

    async def _mend(self, listed: _Listed) -> None:
        watch = listed.stream.watch
        missed = [each for each in listed.news if not watch.intake.objects.knows(each)]
        for metadata in missed:
            metrics.WATCH_MISSED.labels(watch.resource.kind).inc()
            await self._read(watch, key_of(metadata))
        listed.stream.compared(missed=len(missed))
        if missed:
            log.warning("watch_missed_changes", resource=watch.resource.plural, count=len(missed))
        for body in listed.known:
            # A watch that begins anew with a list says nothing of what was deleted before.
            if body["metadata"]["uid"] not in listed.alive:
                watch.intake.deleted(body)

    async def _read(self, watch: Watch, key: ObjectKey) -> None:
        try:
            body = await self._client.get(watch.resource, key.name, key.namespace, read=read_object)
        except KubernetesError as error:
            log.warning("resync_failed", resource=watch.resource.plural, error=str(error))
            return
        if body is not None:
            watch.intake.changed(watch.keep(body))

    async def _sweep(self, housekeeping: Housekeeping) -> None:
        try:
            swept = await housekeeping.sweep()
        except (ObjectStoreError, KubernetesError) as error:
            log.warning("sweep_failed", what=housekeeping.what, error=str(error))
        else:
            if swept:
                log.info("swept", what=housekeeping.what, deleted=swept)
