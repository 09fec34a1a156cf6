"""A ledger of the test's own, a scene in it, and the treasury before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from moneyscenes import OK, Scene, code_of
from redis.asyncio import Redis
from treasuryservice import treasury_service
from venture_core.treasury.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from dataplaneservers import Server
    from pydantic import SecretStr
    from treasuryservice import Service


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


@pytest.fixture
async def cache(valkey: Server) -> AsyncIterator[Redis]:
    """Empty the server, and reach it as an operator would."""
    async with Redis.from_url(valkey.url().get_secret_value(), decode_responses=True) as client:
        await client.flushall()
        yield client


@pytest.fixture
async def service(
    database: SecretStr, ledger: Ledger, tmp_path: Path, valkey: Server, cache: Redis
) -> AsyncIterator[Service]:
    """Serve the treasury with that Redis before it."""
    assert cache
    url = valkey.url().get_secret_value()
    async with treasury_service(database, ledger, tmp_path, redis=url) as served:
        yield served
