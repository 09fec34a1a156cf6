"""Who made which bytes from what: an in-toto statement in a DSSE envelope, signed with Ed25519.

Formats: in-toto Statement v1 with the SLSA Provenance v1 predicate; DSSE v1.0 envelopes
(secure-systems-lab/dsse, protocol.md). Any in-toto or cosign-like verifier can check them.
"""

import base64
import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from venture_core.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://slsa.dev/provenance/v1"
BUILD_TYPE: Final = "https://venture.parpour.dev/artifact-build/v1"
ENVELOPE_MAX_BYTES = 256 * 1024

Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ProvenanceError(Exception):
    """The envelope is malformed, or no trusted key signed it, or it is about other bytes."""


class _Model(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class Digest(_Model):
    """The one digest we use."""

    sha256: Sha256Hex


class Subject(_Model):
    """The artifact the statement is about."""

    name: str = Field(max_length=512)
    digest: Digest


class Dependency(_Model):
    """An input of the build: the IR document or an asset."""

    name: str = Field(max_length=512)
    digest: Digest


class BuildDefinition(_Model):
    """What was asked for, and from which inputs."""

    build_type: Literal["https://venture.parpour.dev/artifact-build/v1"] = BUILD_TYPE
    external_parameters: dict[str, str | bool] = Field(max_length=32)
    internal_parameters: dict[str, str] = Field(max_length=32)
    resolved_dependencies: tuple[Dependency, ...] = Field(max_length=64)


class Builder(_Model):
    """Who built it: the operator's identity and the toolchain that turned IR into bytes."""

    id: str = Field(max_length=512)
    version: dict[str, str] = Field(max_length=8)


class Metadata(_Model):
    """Which run it was."""

    invocation_id: str = Field(max_length=512)
    finished_on: datetime


class RunDetails(_Model):
    """The run that made the bytes."""

    builder: Builder
    metadata: Metadata


class Predicate(_Model):
    """SLSA Provenance v1."""

    build_definition: BuildDefinition
    run_details: RunDetails


class Statement(_Model):
    """in-toto Statement v1 about exactly one artifact."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field(STATEMENT_TYPE, alias="_type")
    subject: tuple[Subject, ...] = Field(min_length=1, max_length=1)
    predicate_type: Literal["https://slsa.dev/provenance/v1"] = PREDICATE_TYPE
    predicate: Predicate


class Signature(_Model):
    """One signature of an envelope."""

    keyid: str = Field(max_length=128)
    sig: str = Field(max_length=256)


class Envelope(_Model):
    """DSSE: the payload's bytes in base64, and who signed them."""

    payload_type: Literal["application/vnd.in-toto+json"] = PAYLOAD_TYPE
    payload: str = Field(max_length=ENVELOPE_MAX_BYTES)
    signatures: tuple[Signature, ...] = Field(min_length=1, max_length=8)


def load_private_key(pem: bytes) -> Ed25519PrivateKey:
    """Return the key of an unencrypted PKCS#8 PEM; ProvenanceError if it is no Ed25519 key."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise ProvenanceError("the signing key is not an unencrypted PKCS#8 PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ProvenanceError("the signing key is not an Ed25519 key")
    return key


def load_public_key(pem: str) -> Ed25519PublicKey:
    """Return the key of a SubjectPublicKeyInfo PEM; ProvenanceError if it is no Ed25519 key."""
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError as error:
        raise ProvenanceError("the public key is not a PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ProvenanceError("the public key is not an Ed25519 key")
    return key


def public_key_pem(key: Ed25519PublicKey) -> str:
    """Return the SubjectPublicKeyInfo PEM of a public key."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def key_id(key: Ed25519PublicKey) -> str:
    """Return the SHA-256 (hex) of the key's SubjectPublicKeyInfo: the name of a key."""
    return hashlib.sha256(
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).hexdigest()


def sign(statement: Statement, key: Ed25519PrivateKey) -> bytes:
    """Return the DSSE envelope of the statement as canonical JSON."""
    payload = canonical_json(statement.model_dump(mode="json", by_alias=True))
    signature = key.sign(_pre_authentication_encoding(payload))
    envelope = Envelope(
        payload=base64.b64encode(payload).decode(),
        signatures=(
            Signature(keyid=key_id(key.public_key()), sig=base64.b64encode(signature).decode()),
        ),
    )
    return canonical_json(envelope.model_dump(mode="json", by_alias=True))


def verify(
    envelope: bytes, *, artifact_sha256: str, trusted: Mapping[str, Ed25519PublicKey]
) -> Statement:
    """Return the statement if a trusted key signed it and it is about these bytes.

    `trusted` maps key ids to keys. Raises ProvenanceError with the reason.
    """
    if len(envelope) > ENVELOPE_MAX_BYTES:
        raise ProvenanceError(f"the provenance is larger than {ENVELOPE_MAX_BYTES} bytes")
    try:
        parsed = Envelope.model_validate_json(envelope)
        payload = base64.b64decode(parsed.payload, validate=True)
    except (ValidationError, ValueError) as error:
        raise ProvenanceError(
            "the provenance is not a DSSE envelope of an in-toto statement"
        ) from (error)
    if not any(_is_signed_by(payload, each, trusted) for each in parsed.signatures):
        signers = ", ".join(each.keyid for each in parsed.signatures)
        raise ProvenanceError(f"no trusted key signed the provenance (signed by {signers})")
    try:
        statement = Statement.model_validate(json.loads(payload))
    except (ValidationError, ValueError) as error:
        raise ProvenanceError("the signed payload is not a SLSA provenance statement") from error
    if (found := statement.subject[0].digest.sha256) != artifact_sha256:
        raise ProvenanceError(
            f"the provenance is about sha256:{found}, the artifact is sha256:{artifact_sha256}"
        )
    return statement


def _is_signed_by(
    payload: bytes, signature: Signature, trusted: Mapping[str, Ed25519PublicKey]
) -> bool:
    key = trusted.get(signature.keyid)
    if key is None:
        return False
    try:
        key.verify(
            base64.b64decode(signature.sig, validate=True), _pre_authentication_encoding(payload)
        )
    except InvalidSignature, ValueError:
        return False
    return True


def _pre_authentication_encoding(payload: bytes) -> bytes:
    """DSSE's PAE: type and payload, each with its length, so that neither can pose as the other."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
