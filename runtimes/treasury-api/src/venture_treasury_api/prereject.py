"""What can be refused without asking the ledger, so that asking in a loop costs little.

Redis is never the authority: a lost or evicted key has the ledger decide, and a wrong one can only
refuse. What is refused here is not asked of the ledger and so is no event; the first refusal was.
"""

from typing import TYPE_CHECKING, Final

import structlog
from redis.exceptions import RedisError
from venture_core.treasury.ledger import OtherInputError
from venture_core.treasury.reasons import ReasonCode

if TYPE_CHECKING:
    from uuid import UUID

    from redis.asyncio import Redis

REMEMBER_SECONDS: Final = 2
KEY_SECONDS: Final = 24 * 3600
"""How long a key is known here. The ledger knows it for ever."""
REMEMBERED: Final = frozenset(
    {
        ReasonCode.VELOCITY_COUNT_EXCEEDED,
        ReasonCode.VELOCITY_AMOUNT_EXCEEDED,
        ReasonCode.DAILY_CAP_EXCEEDED,
    }
)

log = structlog.get_logger(__name__)


class Prereject:
    """Remembers refusals for two seconds, by workflow and purchase, and keys for a day."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def known(self, purchase: str, operation: UUID, input_hash: str) -> ReasonCode | None:
        """Return why the same was refused a moment ago; None where it was not, or nobody knows.

        Raises OtherInputError where the operation is known with another input. An answer never
        comes from here.
        """
        try:
            refused, known = await self._redis.mget(_refusal(purchase), _key(operation))
        except RedisError as error:
            log.info("prereject_unavailable", error=repr(error))
            return None
        if known is not None and _text(known) != input_hash:
            raise OtherInputError("the same key was used with another body")
        # A key that is known has its answer in the ledger, whatever was refused since.
        value = _text(refused)
        return ReasonCode(value) if known is None and value in REMEMBERED else None

    async def remember(
        self, purchase: str, operation: UUID, input_hash: str, code: ReasonCode | None
    ) -> None:
        """Note an operation that was decided, and its refusal where that passes with time."""
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.set(_key(operation), input_hash, ex=KEY_SECONDS)
                if code in REMEMBERED:
                    pipeline.set(_refusal(purchase), code.value, ex=REMEMBER_SECONDS)
                await pipeline.execute()
        except RedisError as error:
            log.info("prereject_unavailable", error=repr(error))


def _text(value: bytes | str | None) -> str | None:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _refusal(purchase: str) -> str:
    return f"velocity-control:{purchase}"


def _key(operation: UUID) -> str:
    return f"idempotency:{operation}"
