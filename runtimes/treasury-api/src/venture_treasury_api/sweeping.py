"""What is to happen when a hold's time is over, whether anybody asks or not."""

import asyncio
from typing import TYPE_CHECKING, Final

import asyncpg
import structlog
from venture_core.treasury import metrics, requests
from venture_core.treasury.ids import operation_id
from venture_core.treasury.ledger import LedgerUnavailableError

if TYPE_CHECKING:
    from venture_core.treasury.ledger import Ledger
    from venture_core.treasury.reading import Books

SWEEP_SECONDS: Final = 1.0
_SELF: Final = "venture-treasury-api"

log = structlog.get_logger(__name__)


async def sweeping(ledger: Ledger, books: Books) -> None:
    """Settle what nobody settled, and release what is over, for ever.

    Decisions release by themselves: this has the record say so.
    """
    while True:
        try:
            await settle_unsaid(ledger, books)
            await ledger.sweep()
        except (LedgerUnavailableError, asyncpg.PostgresError) as error:
            log.warning("sweep_failed", error=str(error))
        await asyncio.sleep(SWEEP_SECONDS)


async def settle_unsaid(ledger: Ledger, books: Books) -> None:
    """Post the worst case of calls whose holds end soon: the provider may have charged as much.

    Whoever made such a call was killed, or cannot reach us. Each replica asks for the same
    operation, which is done once; a settlement that came just before it stays.
    """
    for hold, micros in await books.unsettled():
        own = operation_id(_SELF, "settlements", str(hold))
        answer = await ledger.decide(requests.settlement(own, hold, micros))
        if not answer.is_refusal:
            metrics.UNSETTLED.inc()
            log.warning("unsettled_call_posted", hold_id=str(hold), amount_micros=micros)
