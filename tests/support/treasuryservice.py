"""treasury-api over HTTP: everything is real but who calls, which the token says."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import aiohttp
from pydantic import SecretStr
from teapot import running
from venture_core.http.app import whole
from venture_core.http.callers import Authenticate, bearer_token
from venture_core.identity.callers import ServiceAccount, UnauthenticatedError, Workload
from venture_core.treasury.client import TreasuryClient
from venture_core.treasury.reading import Books, reading_pool
from venture_treasury_api.access import Access, Right, Spender
from venture_treasury_api.app import application
from venture_treasury_api.deciding import Deciding
from venture_treasury_api.notes import connected
from venture_treasury_api.prereject import Prereject
from venture_treasury_api.spending import Spending

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from venture_core.http.types import Scope
    from venture_core.identity.callers import Caller
    from venture_core.treasury.ledger import Ledger
    from venture_core.treasury.reasons import ReasonCode

NO_REDIS = "redis://127.0.0.1:1"
SERVICES = {
    "operator": frozenset({Right.BUDGETS, Right.READ}),
    "gateway": frozenset({Right.USAGE}),
    "treasurer": frozenset({Right.FUND, Right.READ}),
}


async def _by_name(scope: Scope) -> Caller:
    """Take the token for a name: a service's, or `agent:<task>:<role>:<workflow>`."""
    token = bearer_token(scope)
    if token in SERVICES:
        return ServiceAccount("system", token)
    if not token.startswith("agent:"):
        raise UnauthenticatedError("the token is not valid")
    return Workload("work", "agent", token, token, None, {"said": token})


AUTHENTICATE: Authenticate = _by_name


async def _spender_of(workload: Workload) -> Spender | None:
    _, task, role, workflow = workload.labels["said"].split(":")
    return Spender("team-a", UUID(workflow), task, role)


@dataclass
class Service:
    """The service, and what is frozen there."""

    url: str
    session: aiohttp.ClientSession
    frozen: dict[str, ReasonCode]
    tokens: Path

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        by: str,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Ask as somebody; return status and body."""
        given = {"Authorization": f"Bearer {by}", **(headers or {})}
        given["Idempotency-Key"] = key or uuid4().hex
        async with self.session.request(
            method, self.url + path, json=body, headers=given
        ) as answer:
            return answer.status, await answer.read()

    def client(self, by: str) -> TreasuryClient:
        """Return the client of a service."""
        token = self.tokens / by
        token.write_text(by)
        return TreasuryClient.by_files(self.url, token_file=token)


def agent(workflow: UUID, *, task: str = "place", role: str = "finance") -> str:
    """Return the token of an agent."""
    return f"agent:{task}:{role}:{workflow}"


def purchase(cents: Any, **changes: Any) -> dict[str, Any]:
    """Return the body of a purchase."""
    return {
        "intent": "ads",
        "currency": "USD",
        "amountCents": cents,
        "merchant": "acme-ads",
        "category": "7311",
    } | changes


@asynccontextmanager
async def treasury_service(
    url: SecretStr, ledger: Ledger, tokens: Path, *, redis: str = NO_REDIS
) -> AsyncIterator[Service]:
    """Serve the API."""
    frozen: dict[str, ReasonCode] = {}
    # A machine at work is no Redis that does not answer.
    cache = connected(SecretStr(redis), wait_seconds=5)
    async with reading_pool(url, "test") as pool:
        spending = Spending(
            access=Access(SERVICES, _spender_of),
            deciding=Deciding(ledger),
            books=Books(pool),
            objection=frozen.get,
            prereject=Prereject(cache),
        )
        app = whole(application(spending), authenticate=AUTHENTICATE)
        async with running(app) as served, aiohttp.ClientSession() as session:
            yield Service(served.url, session, frozen, tokens)
    await cache.aclose()


CREATED = HTTPStatus.CREATED
