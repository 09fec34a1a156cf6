"""The treasury's figures in one run: `.venv/bin/python tests/bench/bench_treasury.py`.

It starts a Postgres of its own (fsync on) and asks for holds on one hot budget: by the ledger,
which decides many in one transaction and appends an event for each, and beside it by a plain
transaction for each hold that locks the budget's row, checks it, inserts and updates, without any
event. On few cores the database and its callers share the processor: only ratios carry over.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

import asyncpg
from figures import by_callers, spread
from moneybooks import assert_sound
from moneyscenes import OK, Scene, code_of
from recordservers import PostgresServer
from venture_core.treasury.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pydantic import SecretStr

CALLERS = (1, 16, 100)
CONNECTIONS = 16
PLAIN_TABLES = """
  CREATE TABLE plain_budget (id int PRIMARY KEY, free bigint NOT NULL CHECK (free >= 0));
  CREATE TABLE plain_hold (id uuid PRIMARY KEY, amount bigint NOT NULL);
  INSERT INTO plain_budget VALUES (1, 1000000000000);
"""


async def measure(what: str, ask: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Print how many a second, and how long each took, with 1, 16 and 100 callers."""
    for callers in CALLERS:
        took, rate = await by_callers(ask, callers, seconds)
        print(f"{what:28} {callers:4} callers {rate:8.0f}/s  {spread(took)}")


async def by_the_ledger(url: SecretStr, seconds: float) -> None:
    """Measure the treasury's own way, and check the books afterwards."""
    async with Ledger(url, name="bench") as ledger:
        scene = Scene(ledger)
        await scene.fund(10**9)
        await scene.budgets(cash=10**9 - 1000)
        await scene.approve(cap_cents=9 * 10**8)

        async def hold() -> None:
            assert code_of(await scene.spend(1)) == OK

        await measure("ledger, with its events", hold, seconds)
    connection = await asyncpg.connect(url.get_secret_value())
    await assert_sound(connection)
    await connection.close()


async def by_a_row_lock(url: SecretStr, seconds: float) -> None:
    """Measure a transaction for each hold."""
    pool = await asyncpg.create_pool(url.get_secret_value(), min_size=1, max_size=CONNECTIONS)
    await pool.execute(PLAIN_TABLES)

    async def hold() -> None:
        async with pool.acquire() as connection, connection.transaction():
            free = await connection.fetchval(
                "SELECT free FROM plain_budget WHERE id = 1 FOR UPDATE"
            )
            assert free > 0
            await connection.execute("INSERT INTO plain_hold VALUES ($1, 1)", uuid4())
            await connection.execute("UPDATE plain_budget SET free = free - 1 WHERE id = 1")

    await measure("row lock, without events", hold, seconds)
    await pool.close()


async def main(seconds: float) -> None:
    """Measure both on the same server."""
    # Not below /root or the like: the server's user may not enter that.
    with tempfile.TemporaryDirectory(prefix="venture-postgres-") as folder:
        server = PostgresServer(Path(folder), {})
        await server.start()
        try:
            url = await server.create_database()
            await by_the_ledger(url, seconds)
            await by_a_row_lock(url, seconds)
        finally:
            server.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    asyncio.run(main(parser.parse_args().seconds))
