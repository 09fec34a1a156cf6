"""Whether bytes are what a trusted key signed, and what the signed statement says of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from venture_core.artifacts.provenance import ProvenanceError, verify
from venture_core.canonical import sha256_hex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from venture_core.artifacts.provenance import Statement
    from venture_crds.v1alpha1.artifactbuild import ArtifactBuildStatus


@dataclass(frozen=True, slots=True)
class Verified:
    """Bytes whose digest and signature hold."""

    sha256: str
    size_bytes: int
    key_id: str
    """The trusted key that signed."""
    statement: Statement

    @property
    def cache_key(self) -> str:
        """Digest over all that decided these bytes."""
        return self.statement.predicate.build_definition.internal_parameters.get("cacheKey", "")

    @property
    def build(self) -> str:
        """`namespace/name` of the build that made these bytes."""
        return self.statement.predicate.build_definition.internal_parameters.get("build", "")

    def facts(self) -> dict[str, str]:
        """Return what the statement says, for people: label and value."""
        definition = self.statement.predicate.build_definition
        details = self.statement.predicate.run_details
        inputs = {
            each.name: f"sha256:{each.digest.sha256}" for each in (definition.resolved_dependencies)
        }
        return {
            "digest": f"sha256:{self.sha256}",
            "signed by": f"key {self.key_id}",
            "built by": details.builder.id,
            "for": self.build,
            "on": f"{details.metadata.finished_on:%Y-%m-%d %H:%M:%S} UTC",
            "with": details.builder.version.get("toolchain", "an unnamed toolchain"),
            **{f"from {name}": digest for name, digest in inputs.items()},
        }

    def to_json(self) -> dict[str, Any]:
        """Return the result for programs."""
        return {
            "verified": True,
            "sha256": self.sha256,
            "sizeBytes": self.size_bytes,
            "keyId": self.key_id,
            "statement": self.statement.model_dump(mode="json", by_alias=True),
        }


def verify_bytes(data: bytes, envelope: bytes, trusted: Mapping[str, Ed25519PublicKey]) -> Verified:
    """Return what is proven of these bytes. Raises ProvenanceError with what does not hold."""
    digest = sha256_hex(data)
    statement = verify(envelope, artifact_sha256=digest, trusted=trusted)
    signer = next(
        key_id for key_id, key in trusted.items() if _is_signed_by(envelope, digest, {key_id: key})
    )
    return Verified(digest, len(data), signer, statement)


def _is_signed_by(envelope: bytes, digest: str, trusted: Mapping[str, Ed25519PublicKey]) -> bool:
    try:
        verify(envelope, artifact_sha256=digest, trusted=trusted)
    except ProvenanceError:
        return False
    return True


def require_status(verified: Verified, envelope: bytes, status: ArtifactBuildStatus) -> None:
    """Raise ProvenanceError unless this is what the build's status promises."""
    if status.artifact is None or status.provenance is None:
        raise ProvenanceError("the build has no artifact")
    pairs = (
        ("artifact", verified.sha256, status.artifact.sha256),
        ("provenance", sha256_hex(envelope), status.provenance.sha256),
    )
    for what, found, promised in pairs:
        if found != promised:
            raise ProvenanceError(
                f"the {what} is sha256:{found}, the build's status says sha256:{promised}"
            )
    if verified.cache_key != status.cache_key:
        raise ProvenanceError(
            f"the provenance is about the cache key {verified.cache_key}, "
            f"the build's status says {status.cache_key}"
        )
