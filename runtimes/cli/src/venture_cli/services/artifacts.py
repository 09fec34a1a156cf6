"""Artifacts and their provenance, believed only once they are verified."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from venture_core.artifacts.provenance import key_id, load_public_key
from venture_core.canonical import sha256_hex
from venture_core.kubernetes.lenient import read_list_leniently
from venture_core.kubernetes.resources import ARTIFACT_BUILDS

from venture_cli.domain.artifact import ARTIFACT
from venture_cli.domain.names import artifact_file_name
from venture_cli.domain.noun import not_ready_error
from venture_cli.domain.outcome import parse_build
from venture_cli.domain.standing import State, standing, text_at
from venture_cli.domain.verification import Verified, require_status, verify_bytes
from venture_cli.errors import CliError, ExitCode
from venture_cli.services.files import read_pem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from venture_cli.services.content import Provenance
    from venture_cli.services.session import Session


type Body = dict[str, Any]
type TrustedKeys = dict[str, Ed25519PublicKey]


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

    Without keys of one's own, those that the release has published are trusted. Raises CliError
    where the build is not ready or its bytes are gone, ProvenanceError where they are not what a
    trusted key signed.
    """
    if standing(body).state is not State.READY:
        raise not_ready_error(ARTIFACT, body)
    build = parse_build(body)
    status, namespace = build.status, body["metadata"]["namespace"]
    if not (status.artifact and status.provenance):
        raise not_ready_error(ARTIFACT, body)
    content = await session.content()
    material = await content.provenance(namespace, build.metadata.name)
    data = await content.artifact(namespace, build.metadata.name)
    verified = verify_bytes(data, material.statement, _trusted(keys, material))
    require_status(verified, material.statement, status)
    name = artifact_file_name(build.metadata.name, status.artifact.media_type)
    return Fetched(name, data, material.statement, verified)


async def verify_file(
    session: Session, data: bytes, provenance: bytes | None, keys: list[Path]
) -> Verified:
    """Return what is proven of a file's bytes, by the given envelope or that of a build of them.

    With keys and an envelope nobody is asked. Raises CliError (not found) where no build of the
    namespace has these bytes, ProvenanceError where no trusted key signed for them.
    """
    if provenance is not None and keys:
        return verify_bytes(data, provenance, _trusted(keys, None))
    material = await _material(session, sha256_hex(data))
    envelope = material.statement if provenance is None else provenance
    return verify_bytes(data, envelope, _trusted(keys, material))


def _trusted(files: list[Path], material: Provenance | None) -> TrustedKeys:
    """Return the keys of those PEM files; without any, those that came with the statement."""
    published: Iterable[str] = () if material is None else material.public_keys
    keys = [load_public_key(pem) for pem in [*map(read_pem, files)] or published]
    # The id is computed, never believed.
    return {key_id(key): key for key in keys}


async def _material(session: Session, sha256: str) -> Provenance:
    """Return what verifies these bytes, of any build of the namespace that has them."""
    client, namespace = await session.place()
    async for page in client.pages(ARTIFACT_BUILDS, namespace, read=read_list_leniently):
        for body in page:
            if text_at(body, "status", "artifact", "sha256") == sha256:
                content = await session.content()
                return await content.provenance(namespace, body["metadata"]["name"])
    raise CliError(
        f"no build in the namespace {namespace} has sha256:{sha256}",
        ExitCode.NOT_FOUND,
        next_step="These bytes were not built there, were changed since, or their build was "
        "deleted. If you have their provenance, name it with --provenance, and a key with --key.",
    )
