"""Signing in to founders' API and out, and speaking to it as a client of Kubernetes does."""

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from venture_core.kubernetes.access import Access, FixedCredentials, Material
from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.errors import KubernetesError

from venture_cli.domain.signedin import PEOPLE_PORT, SignedIn
from venture_cli.errors import CliError, ExitCode
from venture_cli.program import SIGN_IN_AGAIN
from venture_cli.services import credentials
from venture_cli.services.installation import Sought, find_service, serving_authorities

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from venture_cli.services.session import Session

SESSION: Final = "/v1/session"
_API: Final = Sought(
    "control-plane-api", "API of Venture", PEOPLE_PORT, "where its API is with --server"
)
_UNAUTHORIZED: Final = 401


async def sign_in(session: Session, wanted: SignedIn, password: str) -> SignedIn:
    """Open a session and keep it. `wanted` says as whom and where; CliError where it is refused."""
    found = wanted if wanted.server else await _in_cluster(session, wanted)
    async with speaking(session, found) as client:
        try:
            answer = await client.request(
                "POST", "session", SESSION, body={"account": found.account, "password": password}
            )
        except KubernetesError as error:
            if error.status == _UNAUTHORIZED:
                raise CliError(error.message, ExitCode.DENIED) from error
            raise
    signed_in = replace(
        found,
        token=str(answer["token"]),
        expires_at=datetime.fromisoformat(str(answer["expiresAt"])),
    )
    credentials.save(signed_in)
    return signed_in


async def sign_out(session: Session) -> str | None:
    """End the session and forget it; return whose it was. It is forgotten in any case."""
    signed_in = credentials.load()
    if signed_in is None:
        return None
    credentials.remove()
    async with speaking(session, signed_in) as client:
        try:
            await client.request("DELETE", "session", SESSION, read=lambda _: {})
        except KubernetesError as error:
            if error.status != _UNAUTHORIZED:
                raise
    return signed_in.account


@asynccontextmanager
async def speaking(session: Session, signed_in: SignedIn) -> AsyncIterator[KubernetesClient]:
    """Give a client of founders' API, whose paths and objects are the cluster's own."""
    server = signed_in.server or await session.forwarded(signed_in.service, PEOPLE_PORT)
    session.account = signed_in.account
    access = Access(
        server=server.rstrip("/"),
        namespace=signed_in.namespace,
        credentials=FixedCredentials(token=Material(signed_in.token) if signed_in.token else None),
        authority=Material(signed_in.authority) if signed_in.authority else None,
        server_name=signed_in.server_name or None,
    )
    async with KubernetesClient.connect(access, brief=True) as client:
        yield client


def check_time(signed_in: SignedIn) -> None:
    """CliError where the session has ended by itself."""
    if signed_in.expires_at <= datetime.now(UTC):
        raise CliError(
            f"the session of {signed_in.account} has ended",
            ExitCode.DENIED,
            next_step=SIGN_IN_AGAIN,
        )


async def _in_cluster(session: Session, wanted: SignedIn) -> SignedIn:
    """Find the API by the kubeconfig: its Service, and who signs its certificate."""
    client = await session.cluster()
    release = session.release
    service = await find_service(client, release, _API)
    fullname = service.removesuffix(f"-{_API.component}")
    authority = wanted.authority or await serving_authorities(client, release.namespace, fullname)
    return replace(
        wanted,
        service=f"{release.namespace}/{service}",
        server_name=wanted.server_name or f"{service}.{release.namespace}.svc",
        authority=authority,
    )
