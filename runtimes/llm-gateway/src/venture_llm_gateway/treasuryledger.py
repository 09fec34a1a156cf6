"""Money for calls, in the treasury."""

from typing import TYPE_CHECKING, Final

from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)
from venture_core.policy.ceilings import role_ceilings
from venture_core.record.bundles import BundleUnavailableError
from venture_core.treasury.client import TreasuryRefusedError, TreasuryUnavailableError
from venture_core.treasury.models import SettlementRequest, UsageHoldRequest

from venture_llm_gateway.ledger import HOLD_SECONDS, HoldRefusedError, LedgerUnavailableError

if TYPE_CHECKING:
    from uuid import UUID

    from venture_core.record.bundles import Bundles
    from venture_core.treasury.client import TreasuryClient

    from venture_llm_gateway.assigned import Assigned

HOLD_TRIES: Final = 3
"""An unanswered hold may have been placed: the same is asked for again."""


class TreasuryLedger:
    """Holds and settles by treasury-api, as this service's own account."""

    def __init__(self, client: TreasuryClient, bundles: Bundles) -> None:
        self._client = client
        self._bundles = bundles

    async def hold(self, call_id: UUID, assigned: Assigned, amount_micros: int) -> UUID:
        """Hold the worst case of a call; return the hold. The same call holds once.

        Raises HoldRefusedError and LedgerUnavailableError.
        """
        limit = await self._role_day_cents(assigned)
        request = UsageHoldRequest(
            workflow_uid=assigned.workflow_uid,
            task=assigned.task,
            currency=assigned.currency,
            amount_micros=amount_micros,
            ttl_seconds=HOLD_SECONDS,
            role=None if limit is None else assigned.role,
            role_day_cents=limit,
        )
        holding = AsyncRetrying(
            retry=retry_if_exception_type(TreasuryUnavailableError),
            wait=wait_exponential_jitter(multiplier=0.1, max=1),
            stop=stop_after_attempt(HOLD_TRIES),
            reraise=True,
        )
        try:
            return (await holding(self._client.hold_usage, str(call_id), request)).id
        except TreasuryRefusedError as error:
            if error.code is None:
                raise LedgerUnavailableError(
                    f"the treasury refuses this service: {error}"
                ) from error
            raises = f" What can be raised: {error.raises}." if error.raises else ""
            raise HoldRefusedError(error.code.value, f"{error}{raises}") from error
        except TreasuryUnavailableError as error:
            raise LedgerUnavailableError(str(error)) from error

    async def _role_day_cents(self, assigned: Assigned) -> int | None:
        """Return what the bundle gives the role for a day; None: no limit."""
        try:
            snapshot = await self._bundles.governing(assigned.bundle_hash, assigned.baseline_hash)
        except BundleUnavailableError as error:
            raise LedgerUnavailableError(f"the bundle cannot be read: {error}") from error
        ceilings = None if snapshot is None else role_ceilings(snapshot, assigned.role)
        return None if ceilings is None else ceilings.daily_budget_cents

    async def settle(self, hold_id: UUID, amount_micros: int) -> None:
        """Post what a call cost, and release the rest. Safe to repeat.

        Raises LedgerUnavailableError.
        """
        try:
            await self._client.settle_usage(hold_id, SettlementRequest(amount_micros=amount_micros))
        except (TreasuryRefusedError, TreasuryUnavailableError) as error:
            raise LedgerUnavailableError(str(error)) from error
