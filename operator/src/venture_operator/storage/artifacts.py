"""The bucket: inputs, staged uploads, artifacts by content, provenance beside them, the cache.

inputs/<namespace>/<key>                            what builds may read: their own namespace's
staging/<uid>/<attempt>                             where a compile Job uploads
artifacts/sha256/<digest>/artifact                  the bytes, by content
artifacts/sha256/<digest>/<cache key>.intoto.json   who made them from what
cache/<cache key>.json                              finished builds, by cache key
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog
from pydantic import ValidationError
from venture_core.objectstore import ObjectNotFoundError, ObjectTooLargeError

from venture_operator.domain.cacheentry import CacheEntry

if TYPE_CHECKING:
    from venture_core.objectstore import ObjectStore

MAX_ARTIFACT_BYTES: Final = 256 * 1024 * 1024
MAX_ENTRY_BYTES: Final = 256 * 1024
STAGING_KEPT_FOR: Final = timedelta(hours=24)

log = structlog.get_logger(__name__)


class ArtifactStorage:
    """What the operator keeps in S3. Everything raises ObjectStoreError when S3 does not answer."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def uri(self, key: str) -> str:
        """Return the s3:// URI of a key."""
        return self._store.uri(key)

    async def cached(self, cache_key: str) -> CacheEntry | None:
        """Return the finished build of that key, None where there is none or its bytes are gone."""
        key = f"cache/{_hex(cache_key)}.json"
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

    async def remember(self, entry: CacheEntry) -> None:
        """Record a finished build under its cache key; written last, after all it names."""
        key = f"cache/{_hex(entry.cache_key)}.json"
        data = entry.model_dump_json(by_alias=True).encode()
        await self._store.put(key, data, media_type="application/json")

    async def read_input(self, namespace: str, key: str, *, max_bytes: int) -> bytes:
        """Return an input object of a namespace; ObjectNotFoundError, ObjectTooLargeError."""
        return await self._store.get(_input_key(namespace, key), max_bytes=max_bytes)

    async def presign_input(self, namespace: str, key: str, lifetime: timedelta) -> str:
        """Return a URL with which a Job of `namespace` may read one of its inputs."""
        return await self._store.presign("GET", _input_key(namespace, key), lifetime)

    async def presign_upload(self, uid: str, attempt: int, lifetime: timedelta) -> str:
        """Return a URL with which the Job of that attempt may upload its artifact."""
        return await self._store.presign("PUT", _staging_key(uid, attempt), lifetime)

    async def read_upload(self, uid: str, attempt: int, *, max_bytes: int) -> bytes:
        """Return what the Job of that attempt uploaded."""
        return await self._store.get(_staging_key(uid, attempt), max_bytes=max_bytes)

    async def discard_upload(self, uid: str, attempt: int) -> None:
        """Delete what the Job of that attempt uploaded."""
        await self._store.delete(_staging_key(uid, attempt))

    async def store_artifact(self, sha256: str, data: bytes, media_type: str) -> str:
        """Store bytes under their digest, unless they are there; return their URI."""
        key = artifact_key(sha256)
        known = await self._store.head(key)
        if known is None or known.size_bytes != len(data):
            await self._store.put(key, data, media_type=media_type)
        return self.uri(key)

    async def store_provenance(self, sha256: str, uid: str, attempt: int, envelope: bytes) -> str:
        """Store the statement of one build beside the artifact; return its URI.

        Builds of the same bytes keep statements of their own: statuses pin them by digest.
        """
        key = f"artifacts/sha256/{sha256}/{uid}-{attempt}.intoto.json"
        await self._store.put(key, envelope, media_type="application/json")
        return self.uri(key)

    async def sweep_staging(self) -> int:
        """Delete uploads that nobody claimed for a day; return how many."""
        now = datetime.now(UTC)
        stale = [
            info.key
            async for info in self._store.list("staging")
            if now - info.modified > STAGING_KEPT_FOR
        ]
        for key in stale:
            await self._store.delete(key)
        return len(stale)


def artifact_key(sha256: str) -> str:
    """Return the key of the artifact with that digest."""
    return f"artifacts/sha256/{sha256}/artifact"


def _input_key(namespace: str, key: str) -> str:
    # The namespace's folder is prefixed here, so no build can name another tenant's object.
    return f"inputs/{namespace}/{key}"


def _staging_key(uid: str, attempt: int) -> str:
    return f"staging/{uid}/{attempt}"


def _hex(cache_key: str) -> str:
    return cache_key.removeprefix("sha256:")
