"""Routes of a namespace's books: its wallets, what is set aside in them, and their statements."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel
from venture_core.treasury.currencies import Currency
from venture_core.treasury.models import Budget, Statement

from venture_control_plane_api.content.answers import answer_unless_known
from venture_control_plane_api.content.discovery import PREFIX
from venture_control_plane_api.content.parameters import After, Namespace  # noqa: TC001
from venture_control_plane_api.services.access import user_of

if TYPE_CHECKING:
    from venture_control_plane_api.services.books import Books

InCurrency = Annotated[Currency, Path()]


class BudgetList(BaseModel):
    """The wallets of a namespace and the open budgets below them, from the top."""

    items: tuple[Budget, ...]


def book_routes(books: Books) -> APIRouter:
    """Return the routes. The cluster says who may see a namespace's books."""
    router = APIRouter(prefix=f"{PREFIX}/namespaces/{{namespace}}")

    @router.get("/budgets", response_model=BudgetList)
    async def budgets(namespace: Namespace, request: Request) -> Response:
        """Return the wallets of a namespace and the open budgets below them, at most 500."""
        found = BudgetList(items=await books.budgets(user_of(request), namespace))
        return answer_unless_known(request, "BudgetList", _data(found))

    @router.get("/statements/{currency}", response_model=Statement)
    async def statement(
        namespace: Namespace, currency: InCurrency, request: Request, after: After = 0
    ) -> Response:
        """Return a page of what came into a wallet and went out of it, oldest first.

        The next page begins at `after`, which the last page has not.
        """
        found = await books.statement(user_of(request), namespace, currency, after)
        return answer_unless_known(request, "Statement", _data(found))

    return router


def _data(found: BaseModel) -> dict[str, object]:
    return found.model_dump(mode="json", by_alias=True, exclude_none=True)
