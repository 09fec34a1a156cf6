"""kopf at the edge: its events wake builds, and that is all they do.

`on.event` is the one decorator used: it writes nothing to the objects (no annotations, no
finalizers), and what it may lose, the resync finds.
"""

import asyncio
import threading
from typing import TYPE_CHECKING

import kopf
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, JOBS, PODS, Resource

from venture_operator.domain.labels import COMPILE_SELECTOR, FIELD_MANAGER, GROUP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from venture_operator.services.intake import Intake

INACTIVITY_SECONDS = 70.0
"""Without even a bookmark for so long, kopf takes a watch for dead and reconnects."""
WORKER_IDLE_SECONDS = 0.5
"""kopf keeps one task per object for so long after its last event, and waits for it at the end."""


def build_registry(builds: Intake, jobs: Intake, pods: Intake) -> kopf.OperatorRegistry:
    """Return the registry with one handler per watched resource.

    Called in our event loop, which is the one that the handlers hand their objects to.
    """
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(_log_in)
    for resource, intake in ((ARTIFACT_BUILDS, builds), (JOBS, jobs), (PODS, pods)):
        _register(registry, resource, intake)
    return registry


def build_settings() -> kopf.OperatorSettings:
    """Return kopf's settings; docs/decisions says why each."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.persistence.finalizer = f"{GROUP}/operator"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=GROUP)
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=GROUP)
    settings.execution.default_backoff = 5
    settings.posting.reporting_component = FIELD_MANAGER
    settings.watching.inactivity_timeout = INACTIVITY_SECONDS
    settings.watching.chunk_size = 500
    settings.queueing.idle_timeout = WORKER_IDLE_SECONDS
    settings.queueing.exit_timeout = WORKER_IDLE_SECONDS
    for resource in (JOBS, PODS):
        settings.watching.label_selectors[resource.group, resource.version, resource.plural] = (
            COMPILE_SELECTOR
        )
    return settings


async def run_watches(registry: kopf.OperatorRegistry, namespaces: Sequence[str]) -> None:
    """Watch until cancelled. Raises when a watch dies for good.

    kopf gets a thread and an event loop of its own: at its end it waits for, and then cancels,
    every task of its loop that it does not know.
    """
    stop = threading.Event()
    watching = asyncio.create_task(
        asyncio.to_thread(
            kopf.run,
            registry=registry,
            settings=build_settings(),
            standalone=True,
            clusterwide=not namespaces,
            namespaces=namespaces,
            stop_flag=stop,
        )
    )
    try:
        await asyncio.shield(watching)
        raise RuntimeError("kopf ended without being told to")
    finally:
        stop.set()
        await asyncio.wait({watching})


def _log_in(settings: kopf.OperatorSettings, **_: object) -> kopf.ConnectionInfo | None:
    """Log kopf in the way our own client is: by service account, or by kubeconfig outside."""
    inside = kopf.login_with_service_account(settings=settings)
    return inside or kopf.login_with_kubeconfig(settings=settings)


def _register(registry: kopf.OperatorRegistry, resource: Resource, intake: Intake) -> None:
    loop = asyncio.get_running_loop()

    @kopf.on.event(resource.group, resource.version, resource.plural, registry=registry)
    async def take_in(event: kopf.RawEvent, **_: object) -> None:
        body = dict(event["object"])
        # kopf leaves these out of what it lists.
        body.setdefault("apiVersion", resource.api_version)
        body.setdefault("kind", resource.kind)
        take = intake.deleted if event["type"] == "DELETED" else intake.changed
        loop.call_soon_threadsafe(take, body)
