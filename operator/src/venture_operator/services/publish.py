"""From an upload to an artifact: verify, store by content, sign, remember."""

import asyncio
from typing import TYPE_CHECKING

from venture_core.artifacts import provenance
from venture_core.canonical import sha256_hex
from venture_core.objectstore import ObjectNotFoundError, ObjectTooLargeError

from venture_operator.domain.artifactbuild import Publish, gate_outcomes
from venture_operator.domain.cacheentry import CacheEntry
from venture_operator.services.source import NO_BUNDLE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from venture_crds.v1alpha1.artifactbuild import ArtifactBuild

    from venture_operator.storage.artifacts import ArtifactStorage

BUILDER_ID = "https://venture.parpour.dev/operator"


class UploadError(Exception):
    """What the Job uploaded is not what it reported; another attempt may do better."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class NotReproducibleError(Exception):
    """The same cache key gave other bytes than before: the promise of the toolchain is broken."""


class Publisher:
    """Turns uploads into artifacts. The signing key never leaves this process."""

    def __init__(self, artifacts: ArtifactStorage, key: Ed25519PrivateKey) -> None:
        self._artifacts = artifacts
        self._key = key
        self._key_id = provenance.key_id(key.public_key())

    async def publish(self, build: ArtifactBuild, action: Publish) -> CacheEntry:
        """Store and sign what the Job uploaded; return the entry that says where it is.

        Safe to repeat: every write has the same key and the same content, which depends on
        recorded facts alone. Only bytes that this process has read and hashed are signed. Raises
        UploadError, NotReproducibleError.
        """
        data = await self._verified_upload(build, action)
        reported = action.artifact
        earlier = await self._artifacts.cached(action.cache_key)
        if earlier is not None and earlier.sha256 != reported.sha256:
            raise NotReproducibleError(
                f"{action.cache_key} gave sha256:{earlier.sha256} before "
                f"and sha256:{reported.sha256} now"
            )
        uri = await self._artifacts.store_artifact(reported.sha256, data, reported.media_type)
        envelope = provenance.sign(_statement(build, action), self._key)
        provenance_uri = await self._artifacts.store_provenance(
            reported.sha256, build.metadata.uid, action.attempt, envelope
        )
        entry = CacheEntry(
            cache_key=action.cache_key,
            uri=uri,
            sha256=reported.sha256,
            size_bytes=reported.size_bytes,
            media_type=reported.media_type,
            gates=gate_outcomes(action.result),
            provenance_uri=provenance_uri,
            provenance_sha256=sha256_hex(envelope),
            key_id=self._key_id,
            built_by_uid=build.metadata.uid,
            attempt=action.attempt,
        )
        await self._artifacts.remember(entry)
        return entry

    async def _verified_upload(self, build: ArtifactBuild, action: Publish) -> bytes:
        reported = action.artifact
        try:
            data = await self._artifacts.read_upload(
                build.metadata.uid, action.attempt, max_bytes=reported.size_bytes
            )
        except ObjectNotFoundError as error:
            raise UploadError(
                "UploadMissing", "the Job reported an upload that is not there"
            ) from (error)
        except ObjectTooLargeError as error:
            raise UploadError("UploadMismatch", "the upload is larger than reported") from error
        found = await asyncio.to_thread(sha256_hex, data)
        if found != reported.sha256:
            message = f"the Job reported sha256:{reported.sha256} and uploaded sha256:{found}"
            raise UploadError("UploadMismatch", message)
        return data


def _statement(build: ArtifactBuild, action: Publish) -> provenance.Statement:
    metadata, spec = build.metadata, build.spec
    gates = {f"gates.{name}": on for name, on in spec.gates.to_json().items()}
    inputs = {"document": action.document_sha256} | {
        f"asset/{asset.name}": asset.object_ref.sha256 for asset in spec.assets
    }
    subject = provenance.Subject(
        name=f"{metadata.name}.{spec.target.lower()}",
        digest=provenance.Digest(sha256=action.artifact.sha256),
    )
    definition = provenance.BuildDefinition(
        external_parameters={"target": str(spec.target), **gates},
        internal_parameters={
            "cacheKey": action.cache_key,
            "policyBundle": NO_BUNDLE,
            "build": f"{metadata.namespace}/{metadata.name}",
        },
        resolved_dependencies=tuple(
            provenance.Dependency(name=name, digest=provenance.Digest(sha256=sha256))
            for name, sha256 in inputs.items()
        ),
    )
    details = provenance.RunDetails(
        builder=provenance.Builder(id=BUILDER_ID, version={"toolchain": action.result.toolchain}),
        metadata=provenance.Metadata(
            invocation_id=f"{metadata.uid}/{action.attempt}", finished_on=action.finished_at
        ),
    )
    return provenance.Statement(
        subject=(subject,),
        predicate=provenance.Predicate(build_definition=definition, run_details=details),
    )
