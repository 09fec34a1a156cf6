"""Routes that read: budgets, intents, accounts and statements of a namespace."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request  # noqa: TC002 - FastAPI reads annotations
from venture_core.treasury.currencies import Currency  # noqa: TC002
from venture_core.treasury.models import Account, Budget, Intent, Namespace, Statement

from venture_treasury_api.access import Right
from venture_treasury_api.deciding import read

if TYPE_CHECKING:
    from venture_core.treasury.reading import Books

    from venture_treasury_api.access import Access

InNamespace = Annotated[Namespace, Query()]


def book_routes(access: Access, books: Books) -> APIRouter:
    """Return the routes that read a namespace's books."""
    routes = APIRouter(prefix="/v1", tags=["books"])

    @routes.get("/budgets")
    async def tree(request: Request, namespace: InNamespace) -> dict[str, list[Budget]]:
        """Return the wallets of a namespace and the open budgets below them."""
        access.require(request, Right.READ)
        return {"budgets": [Budget(**each) for each in await read(books.tree(namespace))]}

    @routes.get("/intents")
    async def intents(request: Request, namespace: InNamespace) -> dict[str, list[Intent]]:
        """Return the latest approved intents of a namespace."""
        access.require(request, Right.READ)
        return {"intents": [Intent(**each) for each in await read(books.intents(namespace))]}

    @routes.get("/ledger/accounts")
    async def accounts(request: Request, namespace: InNamespace) -> dict[str, list[Account]]:
        """Return the accounts of a namespace's wallets."""
        access.require(request, Right.READ)
        return {"accounts": [Account(**each) for each in await read(books.accounts(namespace))]}

    @routes.get("/statements")
    async def statement(
        request: Request,
        namespace: InNamespace,
        currency: Annotated[Currency, Query()],
        after: Annotated[int, Query(ge=0, le=2**53 - 1)] = 0,
    ) -> Statement:
        """Return a page of what came into a wallet and went out of it, oldest first."""
        access.require(request, Right.READ)
        return Statement(**await read(books.statement(namespace, currency, after)))

    return routes
