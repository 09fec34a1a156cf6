"""From an upload to an artifact: verify, store by content, sign, remember."""

import asyncio
from typing import TYPE_CHECKING

from venture_core.artifacts import provenance
from venture_core.artifacts.bucket import artifact_key, provenance_key, thumbnail_key
from venture_core.artifacts.targets import extension_of, target_named
from venture_core.canonical import sha256_hex
from venture_core.objectstore import ObjectNotFoundError, ObjectTooLargeError
from venture_crds.v1alpha1.artifactbuild import BuildReason, Thumbnail

from venture_operator.kinds.artifactbuild.cacheentry import CacheEntry
from venture_operator.kinds.artifactbuild.plans import Publication, bundle_of, gate_outcomes

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from venture_core.artifacts.jobcontract import JobArtifact
    from venture_crds.v1alpha1.artifactbuild import ArtifactBuild

    from venture_operator.kinds.artifactbuild.bucket import Bucket
    from venture_operator.kinds.artifactbuild.outcome import JobSucceeded

UPLOADS_AT_ONCE = 4
"""How many uploads are read at the same time, each in pieces of about a megabyte."""
_PNG = b"\x89PNG\r\n\x1a\n"
BUILDER_ID = "https://venture.parpour.dev/operator"


class UploadError(Exception):
    """What the Job uploaded is not what it reported; another attempt may do better."""

    def __init__(self, reason: BuildReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class NotReproducibleError(Exception):
    """The same cache key gave other bytes than before, which are those of `earlier`."""

    def __init__(self, message: str, earlier: CacheEntry) -> None:
        super().__init__(message)
        self.earlier = earlier


class Publisher:
    """Turns uploads into artifacts. The signing key never leaves this process."""

    def __init__(self, bucket: Bucket, key: Ed25519PrivateKey) -> None:
        self._bucket = bucket
        self._key = key
        self._room = asyncio.Semaphore(UPLOADS_AT_ONCE)
        self._key_id = provenance.key_id(key.public_key())

    async def inspect(self, build: ArtifactBuild, job: JobSucceeded, attempt: int) -> Publication:
        """Read and hash what the Job uploaded; return all that is to be stored about it.

        Nothing is stored yet: what will be is recorded first. The same upload gives the same
        publication, whoever asks. Only bytes that this process has hashed are signed, and what they
        were made from is what the status pinned before the Job began. Raises UploadError,
        NotReproducibleError.
        """
        cache_key, document = build.status.cache_key, build.status.document_sha256
        if cache_key is None or document is None:
            raise AssertionError("a Job that is known by its uid was pinned before")
        await self._require_upload(build, job.artifact, attempt)
        namespace, uid = build.metadata.namespace, build.metadata.uid
        sha256 = job.artifact.sha256
        earlier = await self._bucket.cached(namespace, cache_key)
        if earlier is not None and earlier.sha256 != sha256:
            raise NotReproducibleError(
                f"{cache_key} gave sha256:{earlier.sha256} before and sha256:{sha256} now", earlier
            )
        thumbnail, data = await self._thumbnail(build, job, attempt)
        statement = _statement(build, job, attempt, cache_key, document)
        envelope = provenance.sign(statement, self._key)
        entry = CacheEntry(
            cache_key=cache_key,
            uri=self._bucket.uri(artifact_key(sha256)),
            sha256=sha256,
            size_bytes=job.artifact.size_bytes,
            media_type=job.artifact.media_type,
            gates=gate_outcomes(job.result),
            provenance_uri=self._bucket.uri(provenance_key(sha256, uid, attempt)),
            provenance_sha256=sha256_hex(envelope),
            key_id=self._key_id,
            built_by_uid=uid,
            attempt=attempt,
            thumbnail=thumbnail,
        )
        return Publication(attempt, entry, envelope, data)

    async def publish(self, build: ArtifactBuild, publication: Publication) -> None:
        """Store the artifact, its provenance and the cache's entry; safe to repeat."""
        entry, attempt = publication.entry, publication.attempt
        uid = build.metadata.uid
        await self._bucket.store_artifact(uid, attempt, entry)
        key = provenance_key(entry.sha256, uid, attempt)
        await self._bucket.store_provenance(key, publication.envelope)
        if publication.thumbnail is not None:
            key = thumbnail_key(entry.sha256, uid, attempt)
            await self._bucket.store_thumbnail(key, publication.thumbnail)
        await self._bucket.remember(build.metadata.namespace, entry)

    async def _thumbnail(
        self, build: ArtifactBuild, job: JobSucceeded, attempt: int
    ) -> tuple[Thumbnail | None, bytes | None]:
        """Return what there is to say of the small picture, and its bytes where they are staged.

        One that is not what the Job reported is left out: no build fails for it.
        """
        reported, uid = job.result.thumbnail, build.metadata.uid
        if reported is None:
            return None, None
        key = thumbnail_key(job.artifact.sha256, uid, attempt)
        data = await self._bucket.staged_thumbnail(uid, attempt)
        if data is None and not await self._bucket.has(key):
            return None, None
        if data is not None and (sha256_hex(data) != reported.sha256 or not data.startswith(_PNG)):
            return None, None
        uri = self._bucket.uri(key)
        said = Thumbnail(uri=uri, sha256=reported.sha256, size_bytes=reported.size_bytes)
        return said, data

    async def _require_upload(
        self, build: ArtifactBuild, reported: JobArtifact, attempt: int
    ) -> None:
        try:
            async with self._room:
                found = await self._bucket.claim_upload(build.metadata.uid, attempt)
        except ObjectNotFoundError as error:
            if await self._bucket.is_published(build.metadata.uid, attempt, reported):
                # Whoever published it ended before the status said so.
                return
            message = "the Job reported an upload that is not there"
            raise UploadError(BuildReason.UPLOAD_MISSING, message) from error
        except ObjectTooLargeError as error:
            raise UploadError(BuildReason.UPLOAD_MISMATCH, str(error)) from error
        sha256 = found.sha256.hex()
        if sha256 != reported.sha256 or found.size_bytes != reported.size_bytes:
            message = (
                f"the Job reported {reported.size_bytes} bytes of sha256:{reported.sha256} "
                f"and uploaded {found.size_bytes} of sha256:{sha256}"
            )
            raise UploadError(BuildReason.UPLOAD_MISMATCH, message)


def _promise(target: str) -> dict[str, str]:
    """Say where the bytes of a target come again, unless that is everywhere."""
    archived = target_named(target).archived
    return {"reproducible": "on the same image and type of processor"} if archived else {}


def _statement(
    build: ArtifactBuild, job: JobSucceeded, attempt: int, cache_key: str, document_sha256: str
) -> provenance.Statement:
    metadata, spec = build.metadata, build.spec
    gates = {f"gates.{name}": on for name, on in spec.gates.to_json().items()}
    inputs = {"document": document_sha256} | {
        f"asset/{asset.name}": asset.object_ref.sha256 for asset in spec.assets
    }
    subject = provenance.Subject(
        name=f"{metadata.name}.{extension_of(job.artifact.media_type)}",
        digest=provenance.Digest(sha256=job.artifact.sha256),
    )
    definition = provenance.BuildDefinition(
        external_parameters={"target": str(spec.target), **gates},
        internal_parameters={
            "cacheKey": cache_key,
            "policyBundle": bundle_of(build),
            "build": f"{metadata.namespace}/{metadata.name}",
            **_promise(str(spec.target)),
        },
        resolved_dependencies=tuple(
            provenance.Dependency(name=name, digest=provenance.Digest(sha256=sha256))
            for name, sha256 in inputs.items()
        ),
    )
    details = provenance.RunDetails(
        builder=provenance.Builder(
            id=BUILDER_ID, version={"toolchain": job.result.toolchain or ""}
        ),
        metadata=provenance.Metadata(
            invocation_id=f"{metadata.uid}/{attempt}", finished_on=job.finished_at
        ),
    )
    return provenance.Statement(
        subject=(subject,),
        predicate=provenance.Predicate(build_definition=definition, run_details=details),
    )
