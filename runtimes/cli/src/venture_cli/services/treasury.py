"""Wallets from outside the cluster: their books, and what is paid in.

Whoever may see a namespace's work and money reads its books by the API that serves content. Whoever
may make tokens of the release's account `treasurer` pays into wallets and reads all books at the
treasury itself. The cluster decides who that is; nobody's own credentials are handed to it.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed
from venture_core.kubernetes.errors import ForbiddenError, NotFoundError
from venture_core.kubernetes.resources import Resource
from venture_core.treasury.client import TreasuryUnavailableError
from venture_core.treasury.models import FundingRequest

from venture_cli.errors import CliError, ExitCode
from venture_cli.program import hint
from venture_cli.services.content import NotServedError
from venture_cli.services.installation import Sought, find_service, serving_authorities

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.treasury.models import Budget, Entry, Statement

    from venture_cli.services.installation import Release
    from venture_cli.services.session import Session

URL_VARIABLE: Final = "VENTURE_TREASURY_URL"
"""Where the treasury is reached without a port-forward."""
AUDIENCE: Final = "venture-treasury"
PORT: Final = 443
TOKEN_SECONDS: Final = 600
MAX_ENTRIES: Final = 10_000
AGAIN_SECONDS: Final = 30
"""How long what was not answered is asked again, with the same key."""
_TREASURY: Final = Sought("treasury-api", "treasury", PORT)
_ACCOUNTS: Final = Resource("", "v1", "serviceaccounts", "ServiceAccount")


@dataclass(frozen=True, slots=True)
class Counter:
    """Where the treasury is, whom to trust there, and as whom to come."""

    namespace: str
    service: str
    authorities: str
    token: str

    @property
    def host(self) -> str:
        """The name in its certificate."""
        return f"{self.service}.{self.namespace}.svc"


async def find_counter(client: KubernetesClient, release: Release) -> Counter:
    """Find the treasury of a release, and take a token of its treasurer.

    CliError where there is none, and where a right is missing: it says which.
    """
    try:
        service = await find_service(client, release, _TREASURY)
        fullname = service.removesuffix(f"-{_TREASURY.component}")
        authorities = await serving_authorities(client, release.namespace, fullname)
    except ForbiddenError as error:
        account = f"{release.name or '<release>'}-treasurer"
        raise _no_treasurer(error, account, release.namespace) from error
    if not authorities:
        raise CliError(
            f"the ConfigMap {fullname}-serving-ca in {release.namespace} names nobody to trust yet",
            ExitCode.UNREACHABLE,
            next_step="The operator writes it: is it running?",
        )
    token = await _token(client, release.namespace, f"{fullname}-treasurer")
    return Counter(release.namespace, service, authorities, token)


async def _token(client: KubernetesClient, namespace: str, account: str) -> str:
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"audiences": [AUDIENCE], "expirationSeconds": TOKEN_SECONDS},
    }
    path = _ACCOUNTS.path(namespace, account, "token")
    try:
        answer = await client.request("POST", "serviceaccounts", path, body=request)
    except ForbiddenError as error:
        raise _no_treasurer(error, account, namespace) from error
    except NotFoundError as error:
        raise CliError(
            f"there is no service account {account} in {namespace}",
            ExitCode.NOT_FOUND,
            next_step="The chart makes it where rbac.create is set.",
        ) from error
    return str(answer["status"]["token"])


def _no_treasurer(error: ForbiddenError, account: str, namespace: str) -> CliError:
    return CliError(
        "only treasurers fund wallets, and read the books of a namespace whose workflows and "
        f"intents they may not list: {error.message}",
        ExitCode.DENIED,
        next_step="An administrator makes you one: kubectl create rolebinding "
        f"{account}-NAME --role {account} --user NAME --namespace {namespace}",
    )


def given_url() -> str | None:
    """Return where the environment says that the treasury is reached."""
    return os.environ.get(URL_VARIABLE)


async def fund(session: Session, namespace: str, key: str, currency: str, cents: int) -> Budget:
    """Pay into a namespace's wallet, once for a key; return the wallet."""
    treasury = await session.treasury()
    request = FundingRequest(currency=currency, amount_cents=cents)
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(TreasuryUnavailableError),
        wait=wait_fixed(1),
        stop=stop_after_delay(AGAIN_SECONDS),
        reraise=True,
    ):
        with attempt:
            return await treasury.fund(namespace, key, request)
    raise AssertionError("tenacity either returns or raises")


async def budgets(session: Session) -> tuple[str, tuple[Budget, ...]]:
    """Return the namespace, its wallets and the open budgets below them."""
    _, namespace = await session.place()
    return namespace, await _read(session, lambda books: books.tree(namespace))


async def statement(
    session: Session, currency: str | None, after: int
) -> tuple[str, list[Entry], int | None]:
    """Return a wallet's currency, its entries after a position, and where the rest begins.

    There is a rest, else None, where there are more than `MAX_ENTRIES`.

    CliError where the namespace has wallets of several currencies and none is named.
    """
    _, namespace = await session.place()

    async def pages(books: _Books) -> tuple[str, list[Entry], int | None]:
        code = currency or await _only_currency(books, namespace)
        entries: list[Entry] = []
        rest: int | None = after
        while rest is not None and len(entries) < MAX_ENTRIES:
            page = await books.statement(namespace, code, after=rest)
            entries += page.entries
            rest = page.after
        return code, entries, rest

    return await _read(session, pages)


class _Books(Protocol):
    """Where the books of a namespace are read."""

    async def tree(self, namespace: str) -> tuple[Budget, ...]: ...

    async def statement(self, namespace: str, currency: str, *, after: int) -> Statement: ...


async def _read[T](session: Session, read: Callable[[_Books], Awaitable[T]]) -> T:
    """Read by the API of content; by kubeconfig, as a treasurer where that gives nothing."""
    if await session.is_signed_in():
        return await read(await session.content())
    if given_url() is None:
        with suppress(ForbiddenError, NotServedError):
            return await read(await session.content())
    return await read(await session.treasury())


async def _only_currency(books: _Books, namespace: str) -> str:
    wallets = sorted(each.currency for each in await books.tree(namespace) if each.kind == "Wallet")
    with suppress(ValueError):
        (currency,) = wallets
        return currency
    if wallets:
        raise CliError(
            f"{namespace} has wallets in {', '.join(wallets)}",
            ExitCode.USAGE,
            next_step="Say which with --currency.",
        )
    raise CliError(
        f"{namespace} has no wallet",
        ExitCode.NOT_FOUND,
        next_step=f"Fund one: {hint('money', 'fund', namespace, '1000')}",
    )
