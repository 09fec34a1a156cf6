"""venture-webhooks: answer the API server's reviews, from what is in memory."""

import asyncio
import os
from typing import TYPE_CHECKING

from venture_core.freezes import Freezes
from venture_core.http.app import whole
from venture_core.http.limits import MIB, Limits
from venture_core.http.server import run_service, serve, service_tls
from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.following import Changes

from venture_webhooks.app import application
from venture_webhooks.bundles import BundlesInSight
from venture_webhooks.settings import WebhookSettings
from venture_webhooks.targets import all_targets

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from venture_core.http.types import Scope
    from venture_core.process.running import Process

REVIEW_BYTES = 8 * MIB
"""An object has at most 3 MiB in a request, and an update brings two of them."""
REVIEW_SECONDS = 5.0


def main() -> None:
    """Run the webhooks until told to stop; exit code 2 for settings that cannot work."""
    run_service("venture-webhooks", WebhookSettings, run)


async def run(settings: WebhookSettings, process: Process) -> None:
    """Serve while what governs and what is frozen can be seen."""
    async with _connect() as client, asyncio.TaskGroup() as group:
        bundles = BundlesInSight(client, settings.baseline())
        freezes = Freezes(client)
        process.ready_unless(bundles.complaints)
        process.ready_unless(freezes.complaints)
        targets = all_targets()
        changes = (Changes(client, each.resource, each).run() for each in targets.values())
        watching = [group.create_task(each) for each in (bundles.run(), freezes.run(), *changes)]
        app = application(bundles, freezes, settings.operator_account, targets)
        # Everybody who can reach the port may ask: an answer tells what the API server tells, too.
        served = whole(app, authenticate=None, limits_of=_limits)
        await serve(served, settings, process, service_tls(settings))
        for each in watching:
            each.cancel()


def _limits(_scope: Scope) -> Limits:
    return Limits(body_bytes=REVIEW_BYTES, seconds=REVIEW_SECONDS)


def _connect() -> AbstractAsyncContextManager[KubernetesClient]:
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return KubernetesClient.in_cluster()
    return KubernetesClient.from_kubeconfig()


if __name__ == "__main__":
    main()
