"""venture-control-plane-api: the content of objects, and the API of founders, each on its port."""

import asyncio
from typing import TYPE_CHECKING

from venture_core.http.app import fastapi, whole
from venture_core.http.problems import status_body
from venture_core.http.server import run_service, serve, service_tls
from venture_core.identity.founder import FounderKey, FounderTokens
from venture_core.identity.frontproxy import FrontProxy
from venture_core.kubernetes.environment import connect
from venture_core.objectstore import ObjectStore
from venture_core.record.accounts import Accounts
from venture_core.record.feed import Feed
from venture_core.record.objectevents import ObjectEvents
from venture_core.treasury.client import TreasuryClient

from venture_control_plane_api.content.accounts import account_routes
from venture_control_plane_api.content.discovery import limits_of
from venture_control_plane_api.content.routes import Services, content_routes, discovery_routes
from venture_control_plane_api.founders.app import founders
from venture_control_plane_api.services.access import Access
from venture_control_plane_api.services.artifacts import Artifacts
from venture_control_plane_api.services.books import Books
from venture_control_plane_api.services.events import Events
from venture_control_plane_api.services.live import Live
from venture_control_plane_api.services.logs import Logs
from venture_control_plane_api.services.signin import AUDIENCE, SignIn
from venture_control_plane_api.services.transcripts import Transcripts
from venture_control_plane_api.services.transfers import Transfers
from venture_control_plane_api.services.uploads import Uploads
from venture_control_plane_api.settings import ControlPlaneSettings

if TYPE_CHECKING:
    from fastapi import APIRouter
    from venture_core.http.types import Application
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.process.running import Process

NAME = "venture-control-plane-api"
WATCHES_AT_ONCE = 200
WATCHES_PER_USER = 20


async def run(settings: ControlPlaneSettings, process: Process) -> None:
    """Serve until the process is to stop."""
    key = FounderKey(await asyncio.to_thread(settings.founder_key_file.read_bytes))
    async with connect() as client, asyncio.TaskGroup() as group:
        front_proxy = FrontProxy(client)
        await front_proxy.load()
        tls = service_tls(settings, lambda: front_proxy.authority)
        if tls is not None:
            front_proxy.on_change = tls.reload
        following = group.create_task(front_proxy.run())
        record = ObjectEvents(settings.postgres_url, name=NAME)
        accounts = Accounts(settings.postgres_url, name=f"{NAME}-accounts")
        feed = Feed(settings.postgres_url, name=f"{NAME}-feed")
        treasury = TreasuryClient.by_files(
            settings.treasury_url,
            token_file=settings.treasury_token_file,
            authorities=settings.serving_ca_file,
        )
        services = content_services(settings, client, record, Books(client, treasury))
        own = account_routes(client, accounts)
        people = founders(
            client,
            sign_in_by(settings, accounts, key),
            services,
            Live(client, feed),
            Transfers(at_once=WATCHES_AT_ONCE, per_user=WATCHES_PER_USER),
        )
        try:
            async with asyncio.TaskGroup() as serving:
                serving.create_task(
                    serve(content(services, front_proxy, own), settings, process, tls)
                )
                # Its own TLS: people's clients are not asked for a certificate.
                serving.create_task(
                    serve(
                        people,
                        settings,
                        process,
                        service_tls(settings),
                        port=settings.founders_port,
                        websockets=True,
                    )
                )
        finally:
            following.cancel()
            await record.close()
            await accounts.close()
            await feed.close()
            await treasury.close()


def content_services(
    settings: ControlPlaneSettings, client: KubernetesClient, record: ObjectEvents, books: Books
) -> Services:
    """Return what gives the content of objects."""
    store = ObjectStore(settings.s3())
    return Services(
        access=Access(client),
        artifacts=Artifacts(
            store, client, namespace=settings.namespace, keys=settings.signing_keys_config_map
        ),
        books=books,
        events=Events(record),
        logs=Logs(client, work_namespace=settings.work_namespace),
        transcripts=Transcripts(store),
        transfers=Transfers(
            at_once=settings.transfers_at_once, per_user=settings.transfers_per_user
        ),
        uploads=Uploads(store),
    )


def sign_in_by(settings: ControlPlaneSettings, accounts: Accounts, key: FounderKey) -> SignIn:
    """Return what lets founders in."""
    issuer = settings.founder_issuer
    return SignIn(
        accounts,
        key,
        FounderTokens({key.kid: key.public}, issuer=issuer, audience=AUDIENCE),
        issuer=issuer,
        lifetime_seconds=settings.founder_session_seconds,
    )


def content(services: Services, front_proxy: FrontProxy, *more: APIRouter) -> Application:
    """Return the aggregated API."""
    app = fastapi("Content of Venture's objects", "v1alpha1", render=status_body)
    for router in (content_routes(services), discovery_routes(), *more):
        app.include_router(router)
    return whole(
        app,
        authenticate=front_proxy.authenticate,
        limits_of=lambda scope: limits_of(scope["path"]),
        render=status_body,
    )


def main() -> None:
    """Run the program."""
    run_service(NAME, ControlPlaneSettings, run)
