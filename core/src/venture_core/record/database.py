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
    retry_if_exception,
    stop_after_delay,
    wait_exponential_jitter,
)

from venture_core.events.envelope import Service
from venture_core.record.failures import may_pass
from venture_core.sockets import VANISHED_SECONDS, watch

if TYPE_CHECKING:
    import asyncio

    from pydantic import SecretStr

LOG_CHANNEL = "venture_log"
"""Where a NOTIFY tells that the log has grown. Only the sequencer notifies: Postgres makes
transactions that notify commit one after the other, which would slow every append down."""

CONNECT_SECONDS = 5.0
COMMAND_SECONDS = 30.0
KEEPALIVE_IDLE_SECONDS = VANISHED_SECONDS // 2
KEEPALIVE_PROBES = VANISHED_SECONDS // 2


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
    RECOVERY = "venture_recovery"
    """Begin an epoch of the log after a loss: only people do, with a login of their own."""
    TREASURY = "venture_treasury"
    """Decide about money, append the events of it, and read the ledger, through functions only."""
    CONTENT = "venture_content"
    """Read the events of one object at a time, through a function: for the object's users."""
    PRIVACY = "venture_privacy"
    """Read and erase personal data."""


def service_role(service: Service) -> str:
    """Return the role whose members may append the events of a service.

    It is a member of venture_producer, so that a login needs this one role and no other.
    """
    return f"venture_service_{service.value.replace('-', '_')}"


SERVICE_ROLES = tuple(map(service_role, Service))
"""The role of every service."""
STAND_INS = {Service.TREASURY_API: Role.TREASURY, Service.EVENT_RELAY: Role.RECOVERY}
"""Roles that append for a service through functions of their own, and have its role not at all."""


def program_role(service: Service) -> str:
    """Return the role in which the program of a service asks the record."""
    return STAND_INS.get(service, service_role(service))


async def connect(url: SecretStr, role: str, *, name: str) -> asyncpg.Connection:
    """Open a connection that acts as `role`, a Role or that of a service (`service_role`).

    `name` shows in Postgres's list of sessions.

    Either side notices within ten seconds that the other has vanished without a word, so that a
    standby's turn comes. Raises OSError, also where the database has no such role (yet), or
    asyncpg.PostgresError.
    """
    try:
        return await _connect(url, role, name)
    except asyncpg.InvalidParameterValueError as error:
        raise ConnectionError(f"the server has no role {role}") from error


async def _connect(url: SecretStr, role: str, name: str) -> asyncpg.Connection:
    connection: asyncpg.Connection = await asyncpg.connect(
        url.get_secret_value(),
        timeout=CONNECT_SECONDS,
        command_timeout=COMMAND_SECONDS,
        connection_class=WatchfulConnection,
        server_settings={
            "role": str(role),
            "application_name": name[:63],
            "tcp_keepalives_idle": str(KEEPALIVE_IDLE_SECONDS),
            "tcp_keepalives_interval": "1",
            "tcp_keepalives_count": str(KEEPALIVE_PROBES),
        },
    )
    return connection


class WatchfulConnection(asyncpg.Connection):  # type: ignore[misc] # the driver has no types
    """A connection that the kernel ends when the server has vanished, idle or in the middle."""

    def __init__(
        self, protocol: object, transport: asyncio.Transport, *rest: object, **named: object
    ) -> None:
        super().__init__(protocol, transport, *rest, **named)
        found = transport.get_extra_info("socket")
        if found is not None:
            watch(found)


def patiently(give_up_after_seconds: float) -> AsyncRetrying:
    """Try again what may pass, ever more slowly; after that time raise the last error."""
    return AsyncRetrying(
        retry=retry_if_exception(may_pass),
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
