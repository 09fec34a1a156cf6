"""The application: its routes, put together."""

from typing import TYPE_CHECKING, Final

from venture_core.http.app import fastapi

from venture_treasury_api.books import book_routes
from venture_treasury_api.governing import (
    budget_routes,
    intent_routes,
    usage_routes,
    wallet_routes,
)
from venture_treasury_api.spending import Spending, spending_routes

if TYPE_CHECKING:
    from fastapi import FastAPI

VERSION: Final = "1.0.0"


def application(spending: Spending) -> FastAPI:
    """Return the API, to be made whole by `venture_core.http.app.whole`."""
    app = fastapi("Venture's treasury", VERSION)
    access, deciding, books = spending.access, spending.deciding, spending.books
    objection, prereject = spending.objection, spending.prereject
    app.include_router(spending_routes(spending))
    app.include_router(book_routes(access, books))
    app.include_router(budget_routes(access, deciding, books))
    app.include_router(intent_routes(access, deciding, books, objection, prereject))
    app.include_router(usage_routes(access, deciding))
    app.include_router(wallet_routes(access, deciding))
    return app
