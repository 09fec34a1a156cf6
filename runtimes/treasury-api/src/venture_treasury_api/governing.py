"""Routes of the operator, the gateway and the treasurer: budgets, intents, usage, wallets."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID, uuid7

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse, Response
from starlette.requests import Request  # noqa: TC002
from venture_core.http.problems import Problem
from venture_core.treasury import requests
from venture_core.treasury.answers import refusal
from venture_core.treasury.ids import operation_id, workflow_budget_id
from venture_core.treasury.models import (
    Budget,
    FundingRequest,
    Intent,
    IntentTerms,
    Label,
    Namespace,
    Settlement,
    SettlementRequest,
    TaskBudgetRequest,
    UsageHold,
    UsageHoldRequest,
    VoidIntentRequest,
    WorkflowBudgetRequest,
)
from venture_core.treasury.reasons import ReasonCode

from venture_treasury_api.access import Right
from venture_treasury_api.deciding import IdempotencyKey, read, response
from venture_treasury_api.documents import REFUSALS

if TYPE_CHECKING:
    from venture_core.treasury.answers import Answer
    from venture_core.treasury.ids import Purpose
    from venture_core.treasury.reading import Books

    from venture_treasury_api.access import Access
    from venture_treasury_api.deciding import Deciding
    from venture_treasury_api.prereject import Prereject
    from venture_treasury_api.spending import Objection

PURPOSES: tuple[Purpose, ...] = ("Cash", "Usage")
TaskName = Annotated[Label, Path()]


def _known_end(answer: Answer) -> bool:
    """Whether ending a budget found nothing left to end."""
    ended = {ReasonCode.BUDGET_CLOSED, ReasonCode.UNKNOWN_BUDGET}
    return answer.is_refusal and answer.json().get("reasonCode") in ended


def budget_routes(access: Access, deciding: Deciding, books: Books) -> APIRouter:
    """Return the routes of budgets. Each limit is one operation, by the Workflow's generation."""
    routes = APIRouter(prefix="/v1/budgets", tags=["budgets"], responses=REFUSALS)

    @routes.put("/{workflow_uid}", response_model=dict[str, list[Budget]])
    async def put_budgets(
        request: Request, workflow_uid: UUID, body: WorkflowBudgetRequest
    ) -> Response:
        """Open a workflow's budgets, or give them other limits; one may fail, the other stay."""
        caller = access.require(request, Right.BUDGETS)
        for purpose in PURPOSES:
            key = f"{workflow_uid}/{purpose}/{body.generation}"
            operation = requests.workflow_budget(
                operation_id(caller, "budgets", key), workflow_uid, body, purpose
            )
            answer = await deciding.decide(operation)
            if answer.is_refusal:
                return response(answer)
        return JSONResponse({"budgets": await read(books.of_workflow(workflow_uid))})

    @routes.put("/{workflow_uid}/tasks/{task}", response_model=dict[str, list[Budget]])
    async def put_task_budget(
        request: Request, workflow_uid: UUID, task: TaskName, body: TaskBudgetRequest
    ) -> Response:
        """Open a task's budget for language models, or give it another limit."""
        caller = access.require(request, Right.BUDGETS)
        key = f"{workflow_uid}/{task}/{body.generation}"
        operation = requests.task_budget(
            operation_id(caller, "task-budgets", key), workflow_uid, task, body
        )
        answer = await deciding.decide(operation)
        if answer.is_refusal:
            return response(answer)
        return JSONResponse({"budgets": await read(books.of_workflow(workflow_uid))})

    @routes.delete("/{workflow_uid}", status_code=204)
    async def delete_budgets(request: Request, workflow_uid: UUID) -> Response:
        """End a workflow's budgets and those below; nothing happens where they are ended."""
        access.require(request, Right.BUDGETS)
        for purpose in PURPOSES:
            budget = workflow_budget_id(workflow_uid, purpose)
            # A retry opens them again, so each end is an operation of its own.
            answer = await deciding.decide(requests.end_budget(uuid7(), workflow_uid, budget))
            if answer.is_refusal and not _known_end(answer):
                return response(answer)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    @routes.get("/{workflow_uid}")
    async def get_budgets(request: Request, workflow_uid: UUID) -> dict[str, list[Budget]]:
        """Return a workflow's budgets, those of its tasks and intents among them."""
        access.require(request, Right.READ)
        return {"budgets": [Budget(**each) for each in await read(books.of_workflow(workflow_uid))]}

    return routes


def intent_routes(
    access: Access,
    deciding: Deciding,
    books: Books,
    objection: Objection,
    prereject: Prereject,
) -> APIRouter:
    """Return the routes of intents for the operator."""
    routes = APIRouter(prefix="/v1/intents", tags=["intents"], responses=REFUSALS)

    @routes.put("/{intent}", response_model=Intent)
    async def hold(request: Request, intent: UUID, body: IntentTerms) -> Response:
        """Hold what an approved intent may spend, once; other terms are refused."""
        caller = access.require(request, Right.BUDGETS)
        if (code := objection(body.namespace)) is not None:
            return response(refusal(code))
        operation = requests.approve(operation_id(caller, "intents", str(intent)), intent, body)
        answer = await deciding.decide(operation)
        if body.workflow_uid is not None and not answer.is_refusal:
            await prereject.approved(body.workflow_uid, body.name, intent)
        return response(answer)

    @routes.post("/{intent}/void", response_model=Intent)
    async def void(request: Request, intent: UUID, body: VoidIntentRequest) -> Response:
        """Take the leave back and release the hold; an intent that has ended stays as it is."""
        caller = access.require(request, Right.BUDGETS)
        operation = requests.void_intent(
            operation_id(caller, f"intents/void/{body.reason}", str(intent)), intent, body
        )
        answer = await deciding.decide(operation)
        if answer.is_refusal and not _known_end(answer):
            return response(answer)
        return JSONResponse(await _found(books, intent))

    @routes.get("/{intent}")
    async def get_intent(request: Request, intent: UUID) -> Intent:
        """Return an approved intent as the ledger has it."""
        access.require(request, Right.READ)
        return Intent(**await _found(books, intent))

    return routes


async def _found(books: Books, intent: UUID) -> dict[str, Any]:
    found = await read(books.intent(intent))
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, "It was never approved.", code="not-found")
    return found


def usage_routes(access: Access, deciding: Deciding) -> APIRouter:
    """Return the routes of the gateway: the worst case before a call, what it cost after it."""
    routes = APIRouter(prefix="/v1/usage/holds", tags=["usage"], responses=REFUSALS)

    @routes.post("", status_code=201, response_model=UsageHold)
    async def hold(request: Request, body: UsageHoldRequest, key: IdempotencyKey) -> Response:
        """Hold the worst case of a call."""
        caller = access.require(request, Right.USAGE)
        operation = requests.usage_hold(operation_id(caller, "usage", key), body)
        return response(await deciding.decide(operation))

    @routes.post("/{hold}/settlement", response_model=Settlement)
    async def settle(request: Request, hold: UUID, body: SettlementRequest) -> Response:
        """Post what a call cost, and release the rest; once, whatever is said later."""
        caller = access.require(request, Right.USAGE)
        own = operation_id(caller, "settlements", str(hold))
        operation = requests.settlement(own, hold, body.amount_micros)
        return response(await deciding.decide(operation))

    return routes


def wallet_routes(access: Access, deciding: Deciding) -> APIRouter:
    """Return the route by which money is paid in."""
    routes = APIRouter(prefix="/v1/wallets", tags=["wallets"], responses=REFUSALS)

    @routes.post("/{namespace}/funding", status_code=201, response_model=Budget)
    async def fund(
        request: Request,
        namespace: Annotated[Namespace, Path()],
        body: FundingRequest,
        key: IdempotencyKey,
    ) -> Response:
        """Pay into a namespace's wallet; it is made where there is none."""
        caller = access.require(request, Right.FUND)
        operation = requests.fund(
            operation_id(caller, f"funding/{namespace}", key), namespace, body
        )
        return response(await deciding.decide(operation))

    return routes
