"""Artifacts out of the store, and what proves their origin."""

import base64
import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import structlog
from venture_core.artifacts.bucket import artifact_key, artifact_prefix
from venture_core.artifacts.limits import THUMBNAIL_MAX_BYTES
from venture_core.artifacts.provenance import ENVELOPE_MAX_BYTES
from venture_core.canonical import sha256_hex
from venture_core.http.problems import Problem
from venture_core.kubernetes.errors import KubernetesError
from venture_core.kubernetes.resources import CONFIG_MAPS
from venture_core.objectstore import ObjectNotFoundError, ObjectStoreError, ObjectTooLargeError

from venture_control_plane_api.services.access import unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.objectstore import ObjectStore

    from venture_control_plane_api.services.access import Build

CHUNK_BYTES: Final = 2 * 1024 * 1024
"""What is read of the store at once: a slow reader holds no connection to it meanwhile."""

log = structlog.get_logger(__name__)


class DamagedError(Exception):
    """The store gave other bytes than were built; a part of them is on its way already."""


@dataclass(frozen=True, slots=True)
class Download:
    """An artifact that is there."""

    sha256: str
    size_bytes: int
    media_type: str
    chunks: AsyncIterator[bytes]
    """Its bytes. The last ones come only if all have the digest: else it raises DamagedError."""


class Artifacts:
    """Reads the store, never by what a user says."""

    def __init__(
        self, store: ObjectStore, client: KubernetesClient, *, namespace: str, keys: str
    ) -> None:
        self._store = store
        self._client = client
        self._namespace = namespace
        self._keys = keys

    async def download(self, build: Build) -> Download:
        """Return the artifact of a build. Raises Problem."""
        artifact = build.status.artifact
        if artifact is None:
            raise _not_ready(build)
        key = artifact_key(artifact.sha256)
        try:
            found = await self._store.head(key)
        except ObjectStoreError as error:
            raise unavailable(str(error)) from error
        if found is None or found.size_bytes != artifact.size_bytes:
            raise _gone("artifact")
        return Download(
            sha256=artifact.sha256,
            size_bytes=artifact.size_bytes,
            media_type=artifact.media_type,
            chunks=self._chunks(key, artifact.sha256, artifact.size_bytes),
        )

    async def provenance(self, build: Build) -> dict[str, Any]:
        """Return what verifies the artifact of a build: statement, key id, keys. Raises Problem."""
        artifact, provenance = build.status.artifact, build.status.provenance
        if artifact is None or provenance is None:
            raise _not_ready(build)
        key = provenance.uri.removeprefix(f"s3://{self._store.bucket}/")
        if not key.startswith(artifact_prefix(artifact.sha256)):
            raise _gone("provenance")
        try:
            envelope = await self._store.get(key, max_bytes=ENVELOPE_MAX_BYTES)
            config_map = await self._client.get(CONFIG_MAPS, self._keys, self._namespace)
        except (ObjectNotFoundError, ObjectTooLargeError) as error:
            raise _gone("provenance") from error
        except (ObjectStoreError, KubernetesError) as error:
            raise unavailable(str(error)) from error
        if sha256_hex(envelope) != provenance.sha256:
            raise _gone("provenance")
        return {
            "artifactSha256": artifact.sha256,
            "keyId": provenance.key_id,
            # Its exact bytes: the status pins their digest.
            "envelope": base64.b64encode(envelope).decode(),
            "publicKeys": list((config_map or {}).get("data", {}).values()),
        }

    async def thumbnail(self, build: Build) -> bytes:
        """Return the small picture of a build's artifact. Raises Problem."""
        artifact, thumbnail = build.status.artifact, build.status.thumbnail
        if artifact is None:
            raise _not_ready(build)
        if thumbnail is None:
            message = f"ArtifactBuild {build.name!r} has no thumbnail: no pages could be drawn."
            raise Problem(HTTPStatus.NOT_FOUND, message, code="no-thumbnail")
        key = thumbnail.uri.removeprefix(f"s3://{self._store.bucket}/")
        if not key.startswith(artifact_prefix(artifact.sha256)):
            raise _gone("thumbnail")
        try:
            png = await self._store.get(key, max_bytes=THUMBNAIL_MAX_BYTES)
        except (ObjectNotFoundError, ObjectTooLargeError) as error:
            raise _gone("thumbnail") from error
        except ObjectStoreError as error:
            raise unavailable(str(error)) from error
        if sha256_hex(png) != thumbnail.sha256:
            raise _gone("thumbnail")
        return png

    async def _chunks(self, key: str, sha256: str, size: int) -> AsyncIterator[bytes]:
        digest = hashlib.sha256()
        held = b""
        for start in range(0, size, CHUNK_BYTES):
            chunk = await self._store.get_range(key, start, min(CHUNK_BYTES, size - start))
            digest.update(chunk)
            if held:
                yield held
            held = chunk
        if digest.hexdigest() != sha256:
            log.error("artifact_damaged", key=key)
            raise DamagedError(f"{key} does not have the digest of its name")
        yield held


def _not_ready(build: Build) -> Problem:
    return Problem(
        HTTPStatus.CONFLICT,
        f"ArtifactBuild {build.name!r} has no artifact: its phase is "
        f"{build.status.phase or 'unknown'}. Its conditions say why.",
        code="not-ready",
    )


def _gone(what: str) -> Problem:
    return Problem(
        HTTPStatus.GONE,
        f"The {what} is not in the store any more, or is another than was built. Build it again "
        "with a new value in spec.retry.",
        code="gone",
    )
