"""Money for calls: what is held before each, and what is posted after it."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from uuid import UUID

    from venture_llm_gateway.assigned import Assigned

HOLD_SECONDS = 1200
"""Longer than a call may take with everything around it. Then the treasury posts the worst case."""


class HoldRefusedError(Exception):
    """There is no room for the worst case; the message says what to raise."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LedgerUnavailableError(Exception):
    """The treasury does not answer: nothing may be spent."""


class UsageLedger(Protocol):
    """Holds and settles usage on a task's budget. Amounts are micro-units."""

    async def hold(self, call_id: UUID, assigned: Assigned, amount_micros: int) -> UUID:
        """Hold the worst case of a call; return the hold. The same call holds once.

        Raises HoldRefusedError and LedgerUnavailableError.
        """

    async def settle(self, hold_id: UUID, amount_micros: int) -> None:
        """Post what a call cost, and release the rest. Safe to repeat.

        Raises LedgerUnavailableError.
        """
