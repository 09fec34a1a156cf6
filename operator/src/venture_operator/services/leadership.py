"""Wait for the Lease, hold it, and stop at once when it is lost."""

import asyncio
import time
from typing import TYPE_CHECKING

import structlog
from tenacity import AsyncRetrying, retry_if_result, wait_fixed
from venture_core.kubernetes.errors import KubernetesError

from venture_operator import metrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from venture_operator.storage.lease import Lease

LEASE_SECONDS = 15
"""How long a standby waits after the leader's last sign of life."""
RENEW_DEADLINE_SECONDS = 10
"""When a leader that cannot renew must stop: well before the standby may start."""
RENEW_EVERY_SECONDS = 2.0

log = structlog.get_logger(__name__)


class LeadershipLostError(Exception):
    """The Lease could not be renewed in time: another replica may be leading."""


class Leadership:
    """What one replica knows of the election."""

    def __init__(self, lease: Lease, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._lease = lease
        self._clock = clock
        self.epoch: int | None = None
        """The epoch while we lead; every external write may be fenced with it."""
        self.last_contact: float | None = None
        """When the Lease was last read or written, on the monotonic clock; None: never so far."""

    @property
    def lease_uid(self) -> str:
        """The identity of the Lease that counts the epochs."""
        return self._lease.uid

    async def acquire(self) -> int:
        """Wait until we lead; return the epoch."""
        metrics.IS_LEADER.set(0)
        log.info("standing_by")
        polling = AsyncRetrying(
            retry=retry_if_result(lambda epoch: epoch is None), wait=wait_fixed(RENEW_EVERY_SECONDS)
        )
        epoch: int | None = await polling(self._try_hold)
        if epoch is None:
            raise AssertionError("tenacity returns only what is not None")
        self.epoch = epoch
        metrics.IS_LEADER.set(1)
        log.info("leading", epoch=epoch)
        return epoch

    async def hold(self) -> None:
        """Renew until cancelled. Raises LeadershipLostError when renewal fails for too long."""
        renewed = self._clock()
        while self._clock() - renewed < RENEW_DEADLINE_SECONDS:
            await asyncio.sleep(RENEW_EVERY_SECONDS)
            if await self._try_hold() == self.epoch:
                renewed = self._clock()
        self.epoch = None
        metrics.IS_LEADER.set(0)
        raise LeadershipLostError("the Lease could not be renewed in time")

    async def release(self) -> None:
        """Give the Lease back if we hold it."""
        if self.epoch is None:
            return
        self.epoch = None
        metrics.IS_LEADER.set(0)
        await self._lease.release()

    async def _try_hold(self) -> int | None:
        try:
            async with asyncio.timeout(RENEW_DEADLINE_SECONDS / 2):
                epoch = await self._lease.try_hold()
        except (KubernetesError, TimeoutError) as error:
            log.warning("lease_unreachable", error=str(error))
            return None
        self.last_contact = self._clock()
        return epoch
