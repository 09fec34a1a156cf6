"""kopf at the edge: its events wake objects, and that is all they do.

`on.event` is the one decorator used: it writes nothing to the objects (no annotations, no
finalizers), and what it may lose, the resync finds. Objects with equal namespaces share one run of
kopf, since a run watches each of its resources in each of its namespaces. A run that ends, or that
no longer asks for what it shall watch, is left behind and replaced.
"""

import asyncio
import threading
from collections import defaultdict
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from typing import TYPE_CHECKING, Final, cast

import kopf
import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from venture_operator import metrics
from venture_operator.domain.labels import FIELD_MANAGER, GROUP
from venture_operator.handlers.session import SERVER, WatchSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import aiohttp
    from venture_core.kubernetes.client import KubernetesClient

    from venture_operator.services.watches import Stream, Watch

type Connect = Callable[[], AbstractAsyncContextManager[KubernetesClient]]

INACTIVITY_SECONDS: Final = 70.0
"""Without even a bookmark for so long, kopf takes a watch for dead and reconnects."""
SERVER_TIMEOUT_SECONDS: Final = 120
"""After so long the API server ends a watch: rights that were taken away are noticed then."""
WORKER_IDLE_SECONDS: Final = 0.5
"""kopf keeps one task per object for so long after its last event, and waits for it at the end."""
LOOK_EVERY_SECONDS: Final = 1.0
STOP_SECONDS: Final = 3.0
"""How long a run may take to end. Its thread does not keep the process from ending."""

log = structlog.get_logger(__name__)


class RunEndedError(Exception):
    """A run of kopf ended without being told to, or watches no longer."""


async def run_watches(
    streams: Iterable[Stream], connect: Connect, on_restored: Callable[[], None]
) -> None:
    """Watch until cancelled, whatever happens to single watches.

    `on_restored` is called when a stream works again after a time when it did not.
    """
    groups: dict[tuple[str, ...], list[Stream]] = defaultdict(list)
    for stream in streams:
        groups[stream.watch.namespaces].append(stream)
    async with asyncio.TaskGroup() as group:
        for namespaces, members in groups.items():
            group.create_task(_keep_watching(namespaces, members, connect, on_restored))


async def _keep_watching(
    namespaces: tuple[str, ...],
    streams: Sequence[Stream],
    connect: Connect,
    on_restored: Callable[[], None],
) -> None:
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(RunEndedError),
        wait=wait_random_exponential(multiplier=1, max=30),
    )
    async for attempt in retrying:
        with attempt:
            try:
                await _Run(namespaces, streams, connect).watch(on_restored)
            except RunEndedError as error:
                resources = sorted({each.watch.resource.plural for each in streams})
                metrics.WATCH_RESTARTS.labels(",".join(resources)).inc()
                log.error("watches_restarted", resources=resources, reason=str(error))  # noqa: TRY400
                raise


class _Run:
    """One run of kopf.

    It gets a thread and an event loop of its own: at its end it waits for, and then cancels, every
    task of its loop that it does not know. The thread is a daemon, since kopf may never end.
    """

    def __init__(
        self, namespaces: tuple[str, ...], streams: Sequence[Stream], connect: Connect
    ) -> None:
        self._namespaces = namespaces
        self._streams = streams
        self._connect = connect
        self._loop = asyncio.get_running_loop()
        self._stop = threading.Event()
        self._ended = asyncio.Event()
        self._failure: BaseException | None = None

    async def watch(self, on_restored: Callable[[], None]) -> None:
        """Watch until cancelled. Raises RunEndedError when something is not watched any more."""
        for stream in self._streams:
            stream.begin()
        thread = threading.Thread(target=self._run, name="kopf", daemon=True)
        thread.start()
        try:
            await self._until_dead(on_restored)
        finally:
            self._stop.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), STOP_SECONDS)

    async def _until_dead(self, on_restored: Callable[[], None]) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), LOOK_EVERY_SECONDS)
            if self._ended.is_set():
                raise RunEndedError(f"kopf ended: {self._failure!r}") from self._failure
            if dead := [each.complaint() for each in self._streams if each.is_dead()]:
                raise RunEndedError("; ".join(dead))
            if back := [each for each in self._streams if each.was_away]:
                for stream in back:
                    stream.was_away = False
                on_restored()

    def _run(self) -> None:
        try:
            kopf.run(
                registry=self._registry(),
                settings=build_settings([each.watch for each in self._streams]),
                standalone=True,
                clusterwide=not self._namespaces,
                namespaces=self._namespaces,
                stop_flag=self._stop,
            )
        except BaseException as error:
            self._failure = error
        self._call(self._ended.set)

    def _registry(self) -> kopf.OperatorRegistry:
        """Return the registry with one handler per watched resource."""
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(self._log_in)
        for watch in {each.watch.resource: each.watch for each in self._streams}.values():
            self._register(registry, watch)
        return registry

    async def _log_in(self, **_: object) -> kopf.AiohttpSession:
        """Give kopf a session over a client of ours: one way to log in, whoever asks."""
        connection = AsyncExitStack()
        client = await connection.enter_async_context(self._connect())
        session = WatchSession(client, self._streams, connection)
        return kopf.AiohttpSession(
            server=SERVER, aiohttp_session=cast("aiohttp.ClientSession", session)
        )

    def _register(self, registry: kopf.OperatorRegistry, watch: Watch) -> None:
        resource, intake = watch.resource, watch.intake

        @kopf.on.event(resource.group, resource.version, resource.plural, registry=registry)
        async def take_in(event: kopf.RawEvent, **_: object) -> None:
            take = intake.deleted if event["type"] == "DELETED" else intake.changed
            self._call(take, dict(event["object"]))

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        """Call it in the event loop of the operator, unless that has ended before this thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)


def build_settings(watches: Iterable[Watch]) -> kopf.OperatorSettings:
    """Return kopf's settings; docs/decisions says why each."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.persistence.finalizer = f"{GROUP}/operator"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=GROUP)
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=GROUP)
    settings.execution.default_backoff = 5
    settings.posting.reporting_component = FIELD_MANAGER
    # kopf would kill the process ten minutes after a run that ended by itself.
    settings.process.ultimate_exiting_timeout = None
    settings.watching.inactivity_timeout = INACTIVITY_SECONDS
    settings.watching.server_timeout = SERVER_TIMEOUT_SECONDS
    settings.queueing.idle_timeout = WORKER_IDLE_SECONDS
    settings.queueing.exit_timeout = WORKER_IDLE_SECONDS
    for watch in watches:
        if watch.label_selector:
            key = (watch.resource.group, watch.resource.version, watch.resource.plural)
            settings.watching.label_selectors[key] = watch.label_selector
    return settings
