"""Which state of the database is asked: another one may have forgotten what this one was told.

An older state takes the place of the newer one as a backup that is started, as a standby that takes
over, as another database of the same server, or as tables that are filled anew. Each changes one of
these.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncpg

STATE: Final = """
concat_ws('/', extract(epoch FROM pg_postmaster_start_time()),
  (SELECT oid FROM pg_database WHERE datname = current_database()),
  pg_relation_filenode('record.consumer_inbox'))
"""
"""An SQL expression, which every role that may use the schema `record` can ask for."""


async def read_state(connection: asyncpg.Connection) -> str:
    """Return the state that a connection leads to."""
    state: str = await connection.fetchval(f"SELECT {STATE}")
    return state
