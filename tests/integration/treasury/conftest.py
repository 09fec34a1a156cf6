"""A ledger of the test's own, and a scene in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from moneyscenes import OK, Scene, code_of
from venture_core.treasury.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pydantic import SecretStr


@pytest.fixture
async def ledger(database: SecretStr) -> AsyncIterator[Ledger]:
    async with Ledger(database, name="test") as opened:
        yield opened


@pytest.fixture
async def scene(ledger: Ledger) -> Scene:
    """Return a funded workflow with an approved intent of 100 USD."""
    made = Scene(ledger)
    for answer in (await made.fund(), await made.budgets(), await made.approve()):
        assert code_of(answer) == OK
    return made
