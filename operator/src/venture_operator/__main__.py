"""venture-operator: stand by for the Lease, then watch and reconcile until told to stop."""

import asyncio
import logging
from typing import TYPE_CHECKING

import structlog
from venture_core.events.envelope import Service
from venture_core.kubernetes.environment import connect
from venture_core.process.running import run_process

from venture_operator import metrics
from venture_operator.factory import Operator, build_operator
from venture_operator.handlers.watches import run_watches
from venture_operator.services.health import Health
from venture_operator.services.leadership import LEASE_SECONDS, Leadership
from venture_operator.settings import OperatorSettings
from venture_operator.storage.lease import Lease
from venture_operator.storage.signingkeys import publish_signing_key

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.process.running import Process


DRAIN_SECONDS = 10.0
"""How long reconciles in progress may take to end after a signal."""

log = structlog.get_logger(__name__)


def main() -> None:
    """Run the operator; exit code 2 for settings that cannot work, 1 for a lost Lease."""
    run_process("venture-operator", OperatorSettings, run)


async def run(settings: OperatorSettings, process: Process) -> None:
    """Stand by, lead, and give the Lease back at the end."""
    # kopf tells of every event that a handler took in; ours only queue a key.
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)
    async with _connect() as client:
        lease = Lease(
            client,
            namespace=settings.namespace,
            name=settings.lease_name,
            identity=settings.pod_name,
            seconds=LEASE_SECONDS,
        )
        leadership = Leadership(lease)
        health = Health(leadership)
        operator = build_operator(settings, client)
        process.alive_unless(health.liveness)
        process.ready_unless(health.readiness)
        process.degraded_by(health.degradations)
        epoch = await _stand_by(leadership, process.stop)
        if epoch is None:
            return
        try:
            await publish_signing_key(
                client,
                operator.signing_key.public_key(),
                namespace=settings.namespace,
                config_map=settings.signing_keys_config_map,
            )
            health.streams = operator.streams
            if operator.serving is not None:
                process.degraded_by(operator.serving.complaints)
            await _lead(operator, leadership, epoch, process.stop)
        finally:
            await leadership.release()


def _connect() -> AbstractAsyncContextManager[KubernetesClient]:
    return connect(metrics.observe_api_request)


async def _stand_by(leadership: Leadership, stopped: asyncio.Event) -> int | None:
    """Wait until we lead and return the epoch; None when a signal came first."""
    acquiring = asyncio.create_task(leadership.acquire())
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait({acquiring, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if acquiring.done():
        return acquiring.result()
    acquiring.cancel()
    return None


async def _lead(
    operator: Operator,
    leadership: Leadership,
    epoch: int,
    stopped: asyncio.Event,
) -> None:
    """Run everything until a signal comes, then let reconciles in progress finish."""
    async with asyncio.TaskGroup() as group:
        holding = group.create_task(leadership.hold())
        leading = group.create_task(_reconcile(operator, leadership.lease_uid, epoch))
        await stopped.wait()
        log.info("stopping")
        leading.cancel()
        await asyncio.wait({leading})
        holding.cancel()


async def _reconcile(operator: Operator, lease_uid: str, epoch: int) -> None:
    """Watch and reconcile until cancelled, then give reconciles in progress time to end."""
    writer = f"{Service.ORCHESTRATOR}/{lease_uid}"
    async with asyncio.TaskGroup() as group:
        # Not awaited: while the database is away, every object says so.
        recording = group.create_task(operator.record.hold(writer=writer, epoch=epoch))
        working = [group.create_task(each.run()) for each in operator.controllers]
        resyncing = group.create_task(operator.resync.run())
        heeding = group.create_task(operator.freezes.run())
        certifying = group.create_task(operator.serving.run()) if operator.serving else None
        beside = [group.create_task(each()) for each in operator.beside]
        watching = group.create_task(run_watches(operator.streams, _connect, operator.resync.soon))
        try:
            await asyncio.Event().wait()
        finally:
            watching.cancel()
            resyncing.cancel()
            heeding.cancel()
            for task in beside:
                task.cancel()
            if certifying is not None:
                certifying.cancel()
            for each in operator.controllers:
                each.stop()
            await asyncio.wait(working, timeout=DRAIN_SECONDS)
            recording.cancel()


if __name__ == "__main__":
    main()
