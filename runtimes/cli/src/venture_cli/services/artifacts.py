"""Artifacts and their provenance out of the bucket, believed only once they are verified."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from venture_core.artifacts.bucket import PROVENANCE_SUFFIX, artifact_prefix
from venture_core.artifacts.limits import ARTIFACT_MAX_BYTES
from venture_core.artifacts.provenance import ENVELOPE_MAX_BYTES, ProvenanceError
from venture_core.canonical import sha256_hex
from venture_core.objectstore import ObjectNotFoundError, ObjectStore, ObjectTooLargeError

from venture_cli.domain.artifact import ARTIFACT
from venture_cli.domain.names import artifact_file_name
from venture_cli.domain.noun import not_ready_error
from venture_cli.domain.outcome import parse_build
from venture_cli.domain.standing import State, standing
from venture_cli.domain.verification import Verified, require_status, verify_bytes
from venture_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from venture_cli.services.session import Session


type Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fetched:
    """An artifact that was downloaded and verified."""

    file_name: str
    """What a file of it is called, such as `board-deck.pptx`."""
    data: bytes
    envelope: bytes
    verified: Verified


async def fetch(session: Session, body: Body, keys: list[Path]) -> Fetched:
    """Download the artifact of a finished build and verify digest and signature.

    Raises CliError where the build is not ready or its bytes are gone, ProvenanceError where they
    are not what a trusted key signed.
    """
    if standing(body).state is not State.READY:
        raise not_ready_error(ARTIFACT, body)
    build = parse_build(body)
    status = build.status
    if not (status.artifact and status.provenance):
        raise not_ready_error(ARTIFACT, body)
    bucket = await session.bucket()
    size = status.artifact.size_bytes
    data = await _read(bucket, status.artifact.uri, min(size, ARTIFACT_MAX_BYTES))
    envelope = await _read(bucket, status.provenance.uri, ENVELOPE_MAX_BYTES)
    trusted = await session.trusted_keys(keys)
    verified = verify_bytes(data, envelope, trusted)
    require_status(verified, envelope, status)
    name = artifact_file_name(build.metadata.name, build.spec.target)
    return Fetched(name, data, envelope, verified)


async def verify_file(
    session: Session, data: bytes, provenance: bytes | None, keys: list[Path]
) -> Verified:
    """Return what is proven of a file's bytes, by the given envelope or one from the bucket.

    Raises CliError (not found) where the bucket knows nothing of these bytes, ProvenanceError
    where no trusted key signed for them.
    """
    digest = sha256_hex(data)
    envelopes = [provenance] if provenance is not None else await _find_envelopes(session, digest)
    trusted = await session.trusted_keys(keys)
    refusals = []
    for envelope in envelopes:
        try:
            return verify_bytes(data, envelope, trusted)
        except ProvenanceError as error:
            refusals.append(error)
    raise refusals[0]


async def _find_envelopes(session: Session, sha256: str) -> list[bytes]:
    bucket = await session.bucket()
    envelopes = [
        await bucket.get(info.key, max_bytes=ENVELOPE_MAX_BYTES)
        async for info in bucket.list(artifact_prefix(sha256))
        if info.key.endswith(PROVENANCE_SUFFIX)
    ]
    if not envelopes:
        raise CliError(
            f"the object store has no provenance of sha256:{sha256}",
            ExitCode.NOT_FOUND,
            next_step="These bytes were not built there, or were changed since. "
            "If you have their provenance, name it with --provenance.",
        )
    return envelopes


async def _read(bucket: ObjectStore, uri: str, max_bytes: int) -> bytes:
    url = urlsplit(uri)
    if url.scheme != "s3" or url.netloc != bucket.bucket:
        raise CliError(
            f"{uri} is not in the bucket {bucket.bucket}",
            next_step="Check VENTURE_S3_BUCKET and --system-namespace.",
        )
    try:
        return await bucket.get(url.path.removeprefix("/"), max_bytes=max_bytes)
    except ObjectNotFoundError as error:
        raise CliError(f"{uri} is gone from the object store", ExitCode.NOT_FOUND) from error
    except ObjectTooLargeError as error:
        raise ProvenanceError(f"{uri} is larger than the build's status says") from error
