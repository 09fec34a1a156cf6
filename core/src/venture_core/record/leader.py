"""Who plays a role that only one process may play: a lease in Postgres, with fencing.

The lease is a row beside the tables that it guards, so the transaction that writes them also holds
the row: a leader that was replaced without noticing cannot commit. A lock of a session (advisory)
would stay with a leader that hangs and would fence nothing; a Kubernetes Lease would fence nothing
in Postgres either, and would add a server to those that must answer.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random

from venture_core.record import metrics
from venture_core.record.failures import judge

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import asyncpg

LEASE_SECONDS: Final = 5.0
"""How long a standby waits after the leader's last sign of life."""

RENEW_SECONDS: Final = 1.0
"""How often an idle leader gives a sign of life, and a standby looks for one."""

_TAKE = """
INSERT INTO record.leaders AS held (role, epoch, holder, expires_at)
VALUES ($1, 1, $2, clock_timestamp() + make_interval(secs => $3))
ON CONFLICT (role) DO UPDATE
  SET epoch = held.epoch + 1, holder = excluded.holder, expires_at = excluded.expires_at
  WHERE held.expires_at < clock_timestamp()
RETURNING epoch
"""
_HOLD = """
UPDATE record.leaders SET expires_at = clock_timestamp() + make_interval(secs => $3)
WHERE role = $1 AND epoch = $2 RETURNING true
"""
_RELEASE = """
UPDATE record.leaders SET expires_at = clock_timestamp() WHERE role = $1 AND epoch = $2
"""

log = structlog.get_logger(__name__)


class LeadershipLostError(Exception):
    """Another process plays the role now."""


class StandStillError(Exception):
    """The role must not be played until people have acted.

    The process stays, unready, says why, and looks again every few seconds.
    """


@dataclass(slots=True)
class Contact:
    """When the database last answered this process, for its readiness."""

    at: float = field(default_factory=time.monotonic)

    def made(self) -> None:
        """Note that it answers now."""
        self.at = time.monotonic()

    @property
    def silent_seconds(self) -> float:
        """How long it has not answered."""
        return time.monotonic() - self.at


class Leader:
    """One process's part in the election for one role."""

    def __init__(self, role: str, holder: str, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self.role = role
        self.contact = Contact()
        self._holder = holder
        self._lease_seconds = lease_seconds
        self.complaint: str | None = None
        """Why the role must not be played, where it must not."""
        metrics.LEADER.labels(role).set(0)
        metrics.STANDS_STILL.labels(role).set(0)

    def stand_still(self, reason: str | None) -> None:
        """Note why the role must not be played; None: it may."""
        self.complaint = reason
        metrics.STANDS_STILL.labels(self.role).set(0 if reason is None else 1)

    def complaints(self) -> list[str]:
        """Return why the role must not be played, for the readiness of the process."""
        return [] if self.complaint is None else [self.complaint]

    async def take(self, connection: asyncpg.Connection) -> int | None:
        """Take the role if nobody holds it; return the new epoch, or None."""
        epoch: int | None = await connection.fetchval(
            _TAKE, self.role, self._holder, self._lease_seconds
        )
        self.contact.made()
        return epoch

    async def hold(self, connection: asyncpg.Connection, epoch: int) -> None:
        """Renew the lease, and in a transaction: see to it that nobody else takes it meanwhile.

        Raises LeadershipLostError where somebody has.
        """
        if not await connection.fetchval(_HOLD, self.role, epoch, self._lease_seconds):
            raise LeadershipLostError(f"epoch {epoch} of the {self.role} is over")
        self.contact.made()

    async def release(self, connection: asyncpg.Connection, epoch: int) -> None:
        """Let a standby take over at once."""
        await connection.execute(_RELEASE, self.role, epoch)


async def lead_until(
    stop: asyncio.Event,
    leader: Leader,
    connect: Callable[[], Awaitable[asyncpg.Connection]],
    work: Callable[[asyncpg.Connection, int], Awaitable[None]],
) -> None:
    """Stand by and lead, again and again, until `stop` is set.

    `work` gets a connection of its own and the epoch, and returns soon after `stop` is set. What
    the database refuses or does not have (yet: it may still be migrated), a lost connection and a
    lost role are logged, and the process stands by again; so it does after a StandStillError, which
    is the leader's complaint until `work` clears it. Any other error is raised.
    """
    attempts = AsyncRetrying(
        retry=retry_if_exception(_is_interruption),
        wait=wait_random(0.2, 1),
        stop=lambda _: stop.is_set(),
        before_sleep=lambda state: _report(leader, state),
        retry_error_callback=lambda _: None,
    )
    async for attempt in attempts:
        with attempt:
            connection = await connect()
            try:
                await _lead(stop, leader, connection, work)
            finally:
                metrics.LEADER.labels(leader.role).set(0)
                connection.terminate()


async def _lead(
    stop: asyncio.Event,
    leader: Leader,
    connection: asyncpg.Connection,
    work: Callable[[asyncpg.Connection, int], Awaitable[None]],
) -> None:
    log.info("standing by", role=leader.role)
    epoch = await leader.take(connection)
    while epoch is None:
        await asyncio.sleep(RENEW_SECONDS)
        if stop.is_set():
            return
        epoch = await leader.take(connection)
    log.info("leading", role=leader.role, epoch=epoch)
    metrics.LEADER.labels(leader.role).set(1)
    await work(connection, epoch)
    await leader.release(connection, epoch)


def _is_interruption(error: BaseException) -> bool:
    return isinstance(error, (LeadershipLostError, StandStillError)) or judge(error) is not None


def _report(leader: Leader, state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, StandStillError):
        leader.stand_still(str(error))
        log.error("standing still until people act", role=leader.role, problem=str(error))
        return
    log.warning("not leading any more", role=leader.role, error=repr(error))
