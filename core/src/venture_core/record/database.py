"""Connections to the record: each takes one of the record's roles and nothing more.

A process may log in as a user who is a member of several roles; what it does with a connection is
limited to the role it asked for here. Where every process has its own login, the login is a
member of one role, and the database enforces the same limits against a hostile process too.

For whom a producer speaks, its login decides: `service_role` names the role to be a member of.
"""

from enum import StrEnum
from typing import TYPE_CHECKING

import asyncpg
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_exponential_jitter,
)

from venture_core.events.envelope import Service

if TYPE_CHECKING:
    from pydantic import SecretStr

LOG_CHANNEL = "venture_log"
"""Where a NOTIFY tells that the log has grown. Only the sequencer notifies: Postgres makes
transactions that notify commit one after the other, which would slow every append down."""

CONNECT_SECONDS = 5.0
COMMAND_SECONDS = 30.0


class Role(StrEnum):
    """What a connection may do; the database's own roles of these names hold the rights."""

    PRODUCER = "venture_producer"
    """Append events and store personal data, through functions only."""
    SEQUENCER = "venture_sequencer"
    """Number committed events, and store nodes and checkpoints."""
    RELAY = "venture_relay"
    """Read events in the log's order, and remember what was published."""
    PROJECTOR = "venture_projector"
    """Read events, and write read models."""
    AUDITOR = "venture_auditor"
    """Read the record, without personal data."""
    ARCHIVER = "venture_archiver"
    """Read events, and note what it has archived. It drops nothing."""
    CONFIRMER = "venture_confirmer"
    """Read archives back, confirm what they hold, and drop months that are confirmed."""
    PRIVACY = "venture_privacy"
    """Read and erase personal data."""


def service_role(service: Service) -> str:
    """Return the role whose members may append the events of a service.

    It is a member of venture_producer, so that a login needs this one role and no other.
    """
    return f"venture_service_{service.value.replace('-', '_')}"


SERVICE_ROLES = tuple(map(service_role, Service))
"""The role of every service."""


TRANSIENT = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InterfaceError,
    # The driver's own state after a connection has ended under it.
    asyncpg.InternalClientError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)
"""Errors that say nothing about what was asked: the same again may succeed on a new connection."""


async def connect(url: SecretStr, role: Role, *, name: str) -> asyncpg.Connection:
    """Open a connection that acts as `role`; `name` shows in Postgres's list of sessions.

    A server that vanishes without a word is noticed within ten seconds, so that a standby's turn
    comes. Raises OSError or asyncpg.PostgresError.
    """
    connection: asyncpg.Connection = await asyncpg.connect(
        url.get_secret_value(),
        timeout=CONNECT_SECONDS,
        command_timeout=COMMAND_SECONDS,
        server_settings={
            "role": role.value,
            "application_name": name[:63],
            "tcp_keepalives_idle": "5",
            "tcp_keepalives_interval": "1",
            "tcp_keepalives_count": "5",
        },
    )
    return connection


def patiently(give_up_after_seconds: float) -> AsyncRetrying:
    """Try again on transient errors, ever more slowly; after that time raise the last one."""
    return AsyncRetrying(
        retry=retry_if_exception_type(TRANSIENT),
        wait=wait_exponential_jitter(multiplier=0.05, max=1, jitter=0.05),
        stop=stop_after_delay(give_up_after_seconds),
        reraise=True,
    )


async def connect_patiently(
    url: SecretStr, role: Role, *, name: str, give_up_after_seconds: float
) -> asyncpg.Connection:
    """Open a connection, trying again while the server is away; raises the last error."""
    connection: asyncpg.Connection = await patiently(give_up_after_seconds)(
        connect, url, role, name=name
    )
    return connection
