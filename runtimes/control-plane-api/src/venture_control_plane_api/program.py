"""venture-control-plane-api: serves the content of objects to the users of the cluster."""

import asyncio
from typing import TYPE_CHECKING

from venture_core.http.app import fastapi, whole
from venture_core.http.problems import status_body
from venture_core.http.server import run_service, serve, service_tls
from venture_core.identity.frontproxy import FrontProxy
from venture_core.kubernetes.environment import connect
from venture_core.objectstore import ObjectStore
from venture_core.record.objectevents import ObjectEvents

from venture_control_plane_api.content.discovery import limits_of
from venture_control_plane_api.content.routes import Services, routes
from venture_control_plane_api.services.access import Access
from venture_control_plane_api.services.artifacts import Artifacts
from venture_control_plane_api.services.events import Events
from venture_control_plane_api.services.logs import Logs
from venture_control_plane_api.services.transfers import Transfers
from venture_control_plane_api.services.uploads import Uploads
from venture_control_plane_api.settings import ControlPlaneSettings

if TYPE_CHECKING:
    from venture_core.http.types import Application
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.process.running import Process

NAME = "venture-control-plane-api"


async def run(settings: ControlPlaneSettings, process: Process) -> None:
    """Serve until the process is to stop."""
    async with connect() as client, asyncio.TaskGroup() as group:
        front_proxy = FrontProxy(client)
        await front_proxy.load()
        tls = service_tls(settings, lambda: front_proxy.authority)
        if tls is not None:
            front_proxy.on_change = tls.reload
        following = group.create_task(front_proxy.run())
        record = ObjectEvents(settings.postgres_url, name=NAME)
        try:
            await serve(content(settings, client, record, front_proxy), settings, process, tls)
        finally:
            following.cancel()
            await record.close()


def content(
    settings: ControlPlaneSettings,
    client: KubernetesClient,
    record: ObjectEvents,
    front_proxy: FrontProxy,
) -> Application:
    """Return the aggregated API."""
    store = ObjectStore(settings.s3())
    services = Services(
        access=Access(client),
        artifacts=Artifacts(
            store, client, namespace=settings.namespace, keys=settings.signing_keys_config_map
        ),
        events=Events(record),
        logs=Logs(client, work_namespace=settings.work_namespace),
        transfers=Transfers(
            at_once=settings.transfers_at_once, per_user=settings.transfers_per_user
        ),
        uploads=Uploads(store),
    )
    app = fastapi("Content of Venture's objects", "v1alpha1", render=status_body)
    app.include_router(routes(services))
    return whole(
        app,
        authenticate=front_proxy.authenticate,
        limits_of=lambda scope: limits_of(scope["path"]),
        render=status_body,
    )


def main() -> None:
    """Run the program."""
    run_service(NAME, ControlPlaneSettings, run)
