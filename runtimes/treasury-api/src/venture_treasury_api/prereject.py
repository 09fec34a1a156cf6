"""What was refused a moment ago for lack of room in time, so that asking in a loop costs little.

Redis is never the authority: a lost or evicted key has the ledger decide, and a wrong one can only
refuse. What is refused here is not asked of the ledger and so is no event; the first refusal was.
"""

from typing import TYPE_CHECKING, Final

import structlog
from redis.exceptions import RedisError
from venture_core.treasury.reasons import ReasonCode

if TYPE_CHECKING:
    from redis.asyncio import Redis

REMEMBER_SECONDS: Final = 2
REMEMBERED: Final = frozenset(
    {
        ReasonCode.VELOCITY_COUNT_EXCEEDED,
        ReasonCode.VELOCITY_AMOUNT_EXCEEDED,
        ReasonCode.DAILY_CAP_EXCEEDED,
    }
)

log = structlog.get_logger(__name__)


class Prereject:
    """Remembers refusals for two seconds, for equal purchases of one workflow."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def known(self, purchase: str) -> ReasonCode | None:
        """Return why the same was refused a moment ago; None where it was not, or nobody knows."""
        try:
            found = await self._redis.get(_key(purchase))
        except RedisError as error:
            log.info("prereject_unavailable", error=repr(error))
            return None
        value = found.decode(errors="replace") if isinstance(found, bytes) else found
        return ReasonCode(value) if value in REMEMBERED else None

    async def remember(self, purchase: str, code: ReasonCode) -> None:
        """Note a refusal, where it is of the kind that passes with time."""
        if code not in REMEMBERED:
            return
        try:
            await self._redis.set(_key(purchase), code.value, ex=REMEMBER_SECONDS)
        except RedisError as error:
            log.info("prereject_unavailable", error=repr(error))


def _key(purchase: str) -> str:
    return f"velocity-control:{purchase}"
