"""`venture-treasury-api`: the only writer of money."""

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from venture_core.events.envelope import Service
from venture_core.freezes import Freezes, FreezesUnseenError
from venture_core.http.app import whole
from venture_core.http.problems import try_again
from venture_core.http.server import run_service, serve, service_tls
from venture_core.identity.callers import UnverifiableError
from venture_core.identity.serviceaccount import ServiceAccounts
from venture_core.identity.workload import Workloads
from venture_core.kubernetes.environment import connect
from venture_core.record.assignments import (
    Assignments,
    AssignmentUnavailableError,
    NotAssignedError,
)
from venture_core.treasury.ledger import Ledger
from venture_core.treasury.reading import Books, reading_pool
from venture_core.treasury.reasons import ReasonCode

from venture_treasury_api.access import Access, Spender, authentication, rights_of
from venture_treasury_api.app import application
from venture_treasury_api.deciding import Deciding
from venture_treasury_api.notes import connected
from venture_treasury_api.prereject import Prereject
from venture_treasury_api.settings import TreasurySettings
from venture_treasury_api.spending import Spending
from venture_treasury_api.sweeping import sweeping

if TYPE_CHECKING:
    from venture_core.identity.callers import Workload
    from venture_core.process.running import Process

    from venture_treasury_api.access import SpenderOf
    from venture_treasury_api.spending import Objection

NAME: Final = "venture-treasury-api"
AUDIENCE: Final = "venture-treasury"


async def run(settings: TreasurySettings, process: Process) -> None:
    """Serve until the process is to stop."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(connect())
        ledger = await stack.enter_async_context(Ledger(settings.postgres_url, name=NAME))
        pool = await stack.enter_async_context(reading_pool(settings.postgres_url, NAME))
        assignments = Assignments(settings.postgres_url, service=Service.TREASURY_API, name=NAME)
        stack.push_async_callback(assignments.close)
        redis = connected(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        workloads = Workloads(client, audience=AUDIENCE, namespace=settings.work_namespace)
        accounts = ServiceAccounts(client, audience=AUDIENCE, namespace=settings.namespace)
        freezes = Freezes(client)
        process.degraded_by(freezes.complaints)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        beside = [
            group.create_task(work)
            for work in (workloads.run(), freezes.run(), sweeping(ledger, Books(pool)))
        ]
        spending = Spending(
            access=Access(rights_of(settings), spender_of(assignments)),
            deciding=Deciding(ledger),
            books=Books(pool),
            objection=objection_of(freezes),
            prereject=Prereject(redis),
        )
        app = whole(application(spending), authenticate=authentication(workloads, accounts))
        await freezes.first_sight()
        await serve(app, settings, process, service_tls(settings))
        for work in beside:
            work.cancel()


def spender_of(assignments: Assignments) -> SpenderOf:
    """Return how it is known for which task an agent spends: never from what it says itself."""

    async def find(workload: Workload) -> Spender | None:
        try:
            found = await assignments.of(workload)
        except NotAssignedError:
            return None
        except AssignmentUnavailableError as error:
            raise UnverifiableError(str(error)) from error
        return Spender(found.namespace, found.workflow_uid, found.task, found.role)

    return find


def objection_of(freezes: Freezes) -> Objection:
    """Return what a Freeze says to spending in a namespace.

    Where freezes cannot be seen nothing is spent: it raises Problem 503.
    """

    def objection(namespace: str) -> ReasonCode | None:
        try:
            frozen = freezes.in_force(namespace)
        except FreezesUnseenError as error:
            raise try_again(f"{error}; try again.", "freezes-unseen") from error
        return None if frozen is None else ReasonCode.FREEZE_MODE_ACTIVE

    return objection


def main() -> None:
    """Run the program."""
    run_service(NAME, TreasurySettings, run)
