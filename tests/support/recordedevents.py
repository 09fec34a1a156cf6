"""What the record holds, as its superuser reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    from pydantic import SecretStr


async def recorded_events(database: SecretStr) -> list[dict[str, Any]]:
    """Return all events, in the order of their chains."""
    connection = await asyncpg.connect(database.get_secret_value())
    try:
        rows = await connection.fetch("SELECT canonical FROM record.events ORDER BY seq")
    finally:
        await connection.close()
    return [json.loads(row["canonical"]) for row in rows]
