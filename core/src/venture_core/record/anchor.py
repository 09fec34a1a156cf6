"""The anchor: the log's newest signed checkpoint, kept outside the database that could forget it.

A database that was restored, or failed over with loss, does not know what it forgot. So the
sequencer puts its newest checkpoint into the object store every few seconds, and once an hour one
under a name of its own, which the bucket's default retention locks where the store has object lock.
`venture_core.record.continuity` compares the log with it.
"""

import asyncio
import hashlib
import time
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from venture_core.objectstore import (
    ObjectNotFoundError,
    ObjectStore,
    ObjectStoreError,
    ObjectTooLargeError,
)
from venture_core.record import metrics
from venture_core.record.leader import StandStillError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

ANCHOR_PREFIX: Final = "anchor"
EVERY_SECONDS: Final = 2.0
LAST_SECONDS: Final = 2.0
"""How long a leader whose time is over tries to anchor what it signed last."""
MAX_ANCHOR_BYTES: Final = 64 * 1024
CLOCK_DOUBT: Final = timedelta(hours=1)
"""How far the clock of who kept an hour's checkpoint may be ahead of this one."""
MAX_AGE_SECONDS: Final = 3600.0
"""How long a leader numbers on while it cannot anchor what it signs."""
_MEDIA_TYPE: Final = "text/plain; charset=utf-8"
_KEY_CHARACTERS: Final = 16

log = structlog.get_logger(__name__)


class AnchorUnavailableError(StandStillError):
    """The object store has not answered for too long: nothing shows that the log is whole."""


class Anchor:
    """The places of one log's anchor in the object store."""

    def __init__(self, store: ObjectStore, origin: str) -> None:
        """Name the log by its origin: logs that share a bucket share no anchor."""
        self._store = store
        folder = hashlib.sha256(origin.encode()).hexdigest()[:_KEY_CHARACTERS]
        self._prefix = f"{ANCHOR_PREFIX}/{folder}"

    async def newest(self) -> bytes | None:
        """Return the newest checkpoint, or where that is gone the newest of the hourly ones.

        None where this log never had any. Raises ObjectStoreError and ObjectTooLargeError.
        """
        try:
            return await self._store.get(self._newest, max_bytes=MAX_ANCHOR_BYTES)
        except ObjectNotFoundError:
            async with aclosing(self.hourly(most=1)) as hours:
                hour = await anext(hours, None)
        if hour is not None:
            log.error("the newest anchor is gone, somebody removed it: the last hour's is asked")
        return hour

    async def hourly(self, *, most: int) -> AsyncGenerator[bytes]:
        """Yield the `most` newest of the hourly checkpoints, newest first; of no hour to come."""
        last = self._hour(datetime.now(UTC) + CLOCK_DOUBT)
        keys = [each.key async for each in self._store.list(f"{self._prefix}/hourly")]
        for key in sorted((key for key in keys if key <= last), reverse=True)[:most]:
            yield await self._store.get(key, max_bytes=MAX_ANCHOR_BYTES)

    async def put(self, note: bytes) -> None:
        """Keep a signed checkpoint as the newest; raises ObjectStoreError."""
        await self._store.put(self._newest, note, media_type=_MEDIA_TYPE)

    async def put_hourly(self, note: bytes, now: datetime) -> None:
        """Keep a signed checkpoint as this hour's, unless there is one: it is never replaced."""
        await self._store.create(self._hour(now), note, media_type=_MEDIA_TYPE)

    async def put_recovery(self, epoch: int, lost_size: int, note: bytes) -> None:
        """Keep what the log signed when an epoch of it began; it is never replaced.

        A database may forget an epoch, too, and begin another of that number.
        """
        key = f"{self._prefix}/recoveries/{epoch:06d}-{lost_size}"
        await self._store.create(key, note, media_type=_MEDIA_TYPE)

    def _hour(self, now: datetime) -> str:
        return f"{self._prefix}/hourly/{now.astimezone(UTC):%Y-%m-%dT%H}"

    @property
    def _newest(self) -> str:
        return f"{self._prefix}/newest"


class AnchorKeeper:
    """Puts what a leader signs into the object store, while the leader numbers on."""

    def __init__(self, anchor: Anchor, *, found: bytes | None) -> None:
        """Go on from the checkpoint that the store held when the log was compared with it."""
        self.signed: bytes | None = None
        """The newest checkpoint whose transaction is committed; the leader sets it."""
        self._anchor = anchor
        self._expected = found
        self._is_foreign = False
        self._hour = ""
        self._kept_at = time.monotonic()

    @property
    def age_seconds(self) -> float:
        """How long ago the store was last known to hold the newest checkpoint."""
        return time.monotonic() - self._kept_at

    def check(self) -> bool:
        """Tell whether the store still held what was put there; else the log is to be compared.

        Raises AnchorUnavailableError where the store has been away for too long.
        """
        if self.age_seconds > MAX_AGE_SECONDS:
            raise AnchorUnavailableError(
                f"no checkpoint could be anchored for {self.age_seconds:.0f} s"
            )
        return not self._is_foreign

    async def run(self) -> None:
        """Keep the anchor new until cancelled; what the store refuses is tried again."""
        while True:
            try:
                await self.keep(datetime.now(UTC))
            except ObjectStoreError, ObjectTooLargeError:
                log.exception("the anchor cannot be kept", age=self.age_seconds)
            metrics.ANCHOR_AGE_SECONDS.set(self.age_seconds)
            await asyncio.sleep(EVERY_SECONDS)

    async def keep_last(self) -> None:
        """Put the newest checkpoint there once more, where the store answers at once."""
        try:
            async with asyncio.timeout(LAST_SECONDS):
                await self.keep(datetime.now(UTC))
        except ObjectStoreError, ObjectTooLargeError, TimeoutError:
            log.exception("what was signed last is not anchored")

    async def keep(self, now: datetime) -> None:
        """Put the newest checkpoint into the store unless it is there.

        Raises ObjectStoreError and ObjectTooLargeError.
        """
        note = self.signed
        if note is not None and note != self._expected:
            if await self._anchor.newest() != self._expected:
                self._is_foreign = True
                return
            await self._anchor.put(note)
            self._expected = note
        hour = f"{now:%Y-%m-%dT%H}"
        if note is not None and hour != self._hour:
            await self._anchor.put_hourly(note, now)
            self._hour = hour
        self._kept_at = time.monotonic()
