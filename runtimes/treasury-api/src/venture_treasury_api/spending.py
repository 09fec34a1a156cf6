"""Routes of agents: purchases against the intents of their workflow."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import Response  # noqa: TC002 - FastAPI reads annotations
from starlette.requests import Request  # noqa: TC002
from venture_core.treasury.amounts import to_micros
from venture_core.treasury.answers import refusal
from venture_core.treasury.ids import operation_id
from venture_core.treasury.ledger import OtherInputError
from venture_core.treasury.models import (
    Authorization,
    AuthorizationRequest,
    CaptureRequest,
    RefundRequest,
    VoidRequest,
)
from venture_core.treasury.operations import Kind, Operation
from venture_core.treasury.reasons import ReasonCode
from venture_core.treasury.requests import input_hash

from venture_treasury_api.deciding import IdempotencyKey, read, response, reused_key
from venture_treasury_api.documents import REFUSALS
from venture_treasury_api.prereject import Purchase

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from venture_core.treasury.answers import Answer
    from venture_core.treasury.models import Input
    from venture_core.treasury.reading import Books

    from venture_treasury_api.access import Access, Spender
    from venture_treasury_api.deciding import Deciding
    from venture_treasury_api.prereject import Prereject

type Objection = Callable[[str], ReasonCode | None]
"""Why nothing may be spent in a namespace now; None where it may."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What purchases need."""

    access: Access
    deciding: Deciding
    books: Books
    objection: Objection
    prereject: Prereject

    async def authorize(
        self, spender: Spender, key: str, request: AuthorizationRequest
    ) -> Response:
        """Decide a purchase."""
        own, digest = _id(spender, "authorizations", key), input_hash(request)
        purchase = Purchase(
            operation=own,
            workflow=spender.workflow_uid,
            task=spender.task,
            intent=request.intent,
            merchant=request.merchant,
            category=request.category,
            digest=digest,
        )
        try:
            known = await self.prereject.known(purchase)
        except OtherInputError as error:
            raise reused_key() from error
        if known.refusal is not None:
            # In the words of the ledger, should it be asked the same later.
            return response(refusal(known.refusal, operation_id=str(own)))
        operation = Operation(
            id=own,
            kind=Kind.SPEND,
            input_hash=digest,
            intent=request.intent,
            amount=to_micros(request.amount_cents, request.currency),
            currency=request.currency,
            final=request.capture,
            ttl_seconds=request.ttl_seconds,
            merchant=request.merchant,
            category=request.category,
            objection=self.objection(spender.namespace),
            chain=spender.workflow_uid,
            role=spender.role,
            task=spender.task,
        )
        answer = await self.deciding.decide(operation)
        self.prereject.decided(purchase, known, _reason(answer))
        return response(answer)

    async def follow(
        self,
        spender: Spender,
        key: str,
        kind: Kind,
        hold: UUID,
        request: Input,
        *,
        cents: int = 0,
        final: bool = False,
    ) -> Response:
        """Decide what is to become of a purchase."""
        operation = Operation(
            id=_id(spender, kind, key),
            kind=kind,
            input_hash=input_hash(request),
            hold=hold,
            amount=cents * await read(self.books.minor_micros_of(hold)),
            final=final,
            objection=self.objection(spender.namespace) if kind is Kind.CAPTURE else None,
            chain=spender.workflow_uid,
            role=spender.role,
            task=spender.task,
        )
        return response(await self.deciding.decide(operation))


def _reason(answer: Answer) -> ReasonCode | None:
    # What was refused before says nothing of the terms that hold now.
    refused_now = answer.is_refusal and not answer.again
    return ReasonCode(answer.json()["reasonCode"]) if refused_now else None


def _id(spender: Spender, route: str, key: str) -> UUID:
    return operation_id(f"{spender.workflow_uid}/{spender.task}", route, key)


def spending_routes(spending: Spending) -> APIRouter:
    """Return the routes under /v1/money."""
    routes = APIRouter(prefix="/v1/money", tags=["money"], responses=REFUSALS)
    access = spending.access

    @routes.post("/authorizations", status_code=201, response_model=Authorization)
    async def authorize(
        request: Request, body: AuthorizationRequest, key: IdempotencyKey
    ) -> Response:
        """Spend against an intent, or hold for it; everything is checked anew at this moment."""
        return await spending.authorize(await access.spender(request), key, body)

    @routes.post("/captures", response_model=Authorization)
    async def capture(request: Request, body: CaptureRequest, key: IdempotencyKey) -> Response:
        """Post a part of what is held; a final capture releases the rest in one transaction."""
        return await spending.follow(
            await access.spender(request),
            key,
            Kind.CAPTURE,
            body.authorization,
            body,
            cents=body.amount_cents,
            final=body.final,
        )

    @routes.post("/voids", response_model=Authorization)
    async def void(request: Request, body: VoidRequest, key: IdempotencyKey) -> Response:
        """Release what is held."""
        spender = await access.spender(request)
        return await spending.follow(spender, key, Kind.VOID, body.authorization, body)

    @routes.post("/refunds", response_model=Authorization)
    async def refund(request: Request, body: RefundRequest, key: IdempotencyKey) -> Response:
        """Give back what was captured. It returns to the wallet, not to the intent."""
        return await spending.follow(
            await access.spender(request),
            key,
            Kind.REFUND,
            body.authorization,
            body,
            cents=body.amount_cents,
        )

    return routes
