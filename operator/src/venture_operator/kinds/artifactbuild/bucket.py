"""The bucket: inputs, staged uploads, artifacts by content, provenance beside them, the cache.

inputs/<namespace>/<key>                                 what builds of that namespace may read
staging/<uid>/<attempt>                                  where a compile Job uploads
staging/<uid>/<attempt>.claimed                          that upload, out of the Job's reach
staging/<uid>/<attempt>.png                              where it uploads a small picture
staging/<uid>/<attempt>.end                              how it ends, where it was started ahead
staging/<uid>/<attempt>.end.claimed                      that, out of the Job's reach
staging/<uid of a Job>/assignment                        the build that it is given, where it waits
artifacts/sha256/<digest>/artifact                       the bytes, by content
artifacts/sha256/<digest>/<uid>-<attempt>.intoto.json    who made them from what, one of each build
artifacts/sha256/<digest>/<uid>-<attempt>.png            what they look like, one of each build
cache/namespaces/<namespace>/<cache key>.json            finished builds, by cache key
cache/all/<cache key>.json                               the same where the cache is shared by all
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog
from pydantic import ValidationError
from venture_core.artifacts.bucket import artifact_key, input_key, provenance_key
from venture_core.artifacts.limits import ARTIFACT_MAX_BYTES, THUMBNAIL_MAX_BYTES
from venture_core.objectstore import ObjectNotFoundError, ObjectTooLargeError

from venture_operator.domain.cachescope import CacheScope
from venture_operator.kinds.artifactbuild.cacheentry import CacheEntry

if TYPE_CHECKING:
    from collections.abc import Callable

    from venture_core.artifacts.jobcontract import JobArtifact
    from venture_core.objectstore import Measured, ObjectStore
    from venture_core.postpolicy import PostForm

MAX_ENTRY_BYTES: Final = 256 * 1024
MAX_END_BYTES: Final = 16 * 1024
"""A termination message of 4 KiB, as a text in JSON."""
STAGING_KEPT_FOR: Final = timedelta(minutes=45)
"""How long an upload that no unfinished build needs may lie; it is swept within the hour."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """What a Job said of its end, and when."""

    data: bytes
    at: datetime


class Bucket:
    """What the operator keeps in S3. Everything raises ObjectStoreError when S3 does not answer."""

    def __init__(
        self, store: ObjectStore, *, cache_scope: CacheScope = CacheScope.NAMESPACE
    ) -> None:
        self._store = store
        self._cache_scope = cache_scope

    @property
    def authorities(self) -> str | None:
        """PEM of the authorities whom a Job has to trust besides, to reach the bucket."""
        return self._store.authorities

    def uri(self, key: str) -> str:
        """Return the s3:// URI of a key."""
        return self._store.uri(key)

    async def cached(self, namespace: str, cache_key: str) -> CacheEntry | None:
        """Return the finished build of that key that a build of `namespace` may use.

        Returns None where there is none, or its bytes are gone.
        """
        key = self._cache_path(namespace, cache_key)
        try:
            data = await self._store.get(key, max_bytes=MAX_ENTRY_BYTES)
            entry = CacheEntry.model_validate_json(data)
        except ObjectNotFoundError:
            return None
        except (ObjectTooLargeError, ValidationError) as error:
            # Another version wrote it, or it is damaged: a build mends it.
            log.warning("cache_entry_unreadable", key=key, error=type(error).__name__)
            return None
        info = await self._store.head(artifact_key(entry.sha256))
        if info is None or info.size_bytes != entry.size_bytes:
            log.warning("cached_artifact_missing", key=key, sha256=entry.sha256)
            return None
        return entry

    async def remember(self, namespace: str, entry: CacheEntry) -> None:
        """Record a finished build under its cache key; written last, after all it names."""
        key = self._cache_path(namespace, entry.cache_key)
        data = entry.model_dump_json(by_alias=True).encode()
        await self._store.put(key, data, media_type="application/json")

    async def read_input(self, namespace: str, key: str, *, max_bytes: int) -> bytes:
        """Return an input object of a namespace; ObjectNotFoundError, ObjectTooLargeError."""
        return await self._store.get(input_key(namespace, key), max_bytes=max_bytes)

    async def presign_input(self, namespace: str, key: str, lifetime: timedelta) -> str:
        """Return a URL with which a Job of `namespace` may read one of its inputs."""
        return await self._store.presign("GET", input_key(namespace, key), lifetime)

    async def upload_form(self, uid: str, attempt: int, lifetime: timedelta) -> PostForm:
        """Return a form with which the Job of that attempt may upload its artifact."""
        return await self._store.presign_upload(
            _staging_key(uid, attempt), max_bytes=ARTIFACT_MAX_BYTES, lifetime=lifetime
        )

    async def thumbnail_form(self, uid: str, attempt: int, lifetime: timedelta) -> PostForm:
        """Return a form with which the Job of that attempt may upload a small picture."""
        return await self._store.presign_upload(
            _thumbnail_key(uid, attempt), max_bytes=THUMBNAIL_MAX_BYTES, lifetime=lifetime
        )

    async def staged_thumbnail(self, uid: str, attempt: int) -> bytes | None:
        """Return the small picture that the Job of that attempt uploaded, None where there is none.

        Whoever judges these bytes stores these bytes: a form may write over the object meanwhile.
        """
        key = _thumbnail_key(uid, attempt)
        try:
            return await self._store.get(key, max_bytes=THUMBNAIL_MAX_BYTES)
        except ObjectNotFoundError, ObjectTooLargeError:
            return None

    async def presign_assignment(self, job_uid: str, lifetime: timedelta) -> str:
        """Return a URL with which that Job reads what it is given; nothing may be there yet."""
        return await self._store.presign("GET", _assignment_key(job_uid), lifetime)

    async def assign(self, job_uid: str, assignment: bytes) -> None:
        """Give that Job what it waits for."""
        await self._store.put(_assignment_key(job_uid), assignment, media_type="application/json")

    async def end_form(self, uid: str, attempt: int, lifetime: timedelta) -> PostForm:
        """Return a form with which the Job of that attempt may say how it ends."""
        return await self._store.presign_upload(
            _end_key(uid, attempt), max_bytes=MAX_END_BYTES, lifetime=lifetime
        )

    async def claim_end(self, uid: str, attempt: int) -> Said | None:
        """Take what the Job of that attempt says of its end out of its reach; None: nothing yet.

        Whoever asks is told the same from the first time on. Of what is too large there is nothing.
        """
        key = _claimed_end_key(uid, attempt)
        claimed = await self._store.head(key)
        if claimed is None:
            said = await self._store.head(_end_key(uid, attempt))
            if said is None or said.size_bytes > MAX_END_BYTES:
                return None
            await self._store.copy(said.key, key)
            claimed = await self._store.head(key)
        if claimed is None:
            return None
        try:
            data = await self._store.get(key, max_bytes=MAX_END_BYTES)
        except ObjectNotFoundError, ObjectTooLargeError:
            return None
        return Said(data, claimed.modified)

    async def store_thumbnail(self, key: str, png: bytes) -> None:
        """Store the small picture of one build beside the artifact."""
        await self._store.put(key, png, media_type="image/png")

    async def has(self, key: str) -> bool:
        """Tell whether there is an object of that key."""
        return await self._store.head(key) is not None

    async def claim_upload(self, uid: str, attempt: int) -> Measured:
        """Take the upload of that attempt out of the Job's reach; return its digest and length.

        What is measured is a copy that no form can write over. Raises ObjectNotFoundError, and
        ObjectTooLargeError for what is larger than any artifact may be.
        """
        claimed = _claimed_key(uid, attempt)
        if await self._store.head(claimed) is None:
            staged = await self._store.head(_staging_key(uid, attempt))
            if staged is not None and staged.size_bytes > ARTIFACT_MAX_BYTES:
                raise ObjectTooLargeError(f"the upload has {staged.size_bytes} bytes")
            await self._store.copy(_staging_key(uid, attempt), claimed)
        return await self._store.measure(claimed)

    async def is_published(self, uid: str, attempt: int, reported: JobArtifact) -> bool:
        """Tell whether what that attempt reported is stored with a statement about that attempt.

        The statement proves it: it is written after the bytes were measured, where no form leads.
        """
        artifact = await self._store.head(artifact_key(reported.sha256))
        statement = await self._store.head(provenance_key(reported.sha256, uid, attempt))
        return artifact is not None and statement is not None

    async def discard_upload(self, uid: str, attempt: int) -> None:
        """Delete what the Job of that attempt uploaded."""
        keys = (
            _staging_key(uid, attempt),
            _claimed_key(uid, attempt),
            _thumbnail_key(uid, attempt),
        )
        await asyncio.gather(*map(self._store.delete, keys))

    async def discard_assignment(self, uid: str, attempt: int, job_uid: str) -> None:
        """Delete what a Job that was started ahead was given, and what it said of its end."""
        keys = (_assignment_key(job_uid), _end_key(uid, attempt), _claimed_end_key(uid, attempt))
        await asyncio.gather(*map(self._store.delete, keys))

    async def store_artifact(self, uid: str, attempt: int, entry: CacheEntry) -> None:
        """Store the claimed upload of that attempt under its digest, unless it is there.

        Raises ObjectNotFoundError where the claimed upload is gone.
        """
        key = artifact_key(entry.sha256)
        known = await self._store.head(key)
        if known is None or known.size_bytes != entry.size_bytes:
            await self._store.copy(_claimed_key(uid, attempt), key)

    async def store_provenance(self, key: str, envelope: bytes) -> None:
        """Store the statement of one build beside the artifact."""
        await self._store.put(key, envelope, media_type="application/json")

    async def sweep_staging(self, is_needed: Callable[[str], bool]) -> int:
        """Delete old uploads, but those of the uids that are needed; return how many."""
        now = datetime.now(UTC)
        stale = [
            info.key
            async for info in self._store.list("staging")
            if now - info.modified > STAGING_KEPT_FOR and not is_needed(info.key.split("/")[1])
        ]
        for key in stale:
            await self._store.delete(key)
        return len(stale)

    def _cache_path(self, namespace: str, cache_key: str) -> str:
        name = f"{cache_key.removeprefix('sha256:')}.json"
        if self._cache_scope is CacheScope.INSTALLATION:
            return f"cache/all/{name}"
        return f"cache/namespaces/{namespace}/{name}"


def _staging_key(uid: str, attempt: int) -> str:
    return f"staging/{uid}/{attempt}"


def _claimed_key(uid: str, attempt: int) -> str:
    return f"staging/{uid}/{attempt}.claimed"


def _thumbnail_key(uid: str, attempt: int) -> str:
    return f"staging/{uid}/{attempt}.png"


def _end_key(uid: str, attempt: int) -> str:
    return f"staging/{uid}/{attempt}.end"


def _claimed_end_key(uid: str, attempt: int) -> str:
    return f"staging/{uid}/{attempt}.end.claimed"


def _assignment_key(job_uid: str) -> str:
    return f"staging/{job_uid}/assignment"
