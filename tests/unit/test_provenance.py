"""Provenance: signed, verifiable by others, and useless once anything is changed."""

import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from venture_core.artifacts import provenance
from venture_core.artifacts.provenance import ProvenanceError

KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
TRUSTED = {provenance.key_id(KEY.public_key()): KEY.public_key()}
DIGEST = "ab" * 32


def statement() -> provenance.Statement:
    return provenance.Statement(
        subject=(provenance.Subject(name="deck.pptx", digest=provenance.Digest(sha256=DIGEST)),),
        predicate=provenance.Predicate(
            build_definition=provenance.BuildDefinition(
                external_parameters={"target": "Pptx", "gates.contrast": True},
                internal_parameters={"cacheKey": "sha256:1"},
                resolved_dependencies=(
                    provenance.Dependency(
                        name="document", digest=provenance.Digest(sha256="cd" * 32)
                    ),
                ),
            ),
            run_details=provenance.RunDetails(
                builder=provenance.Builder(id="https://x", version={"toolchain": "t"}),
                metadata=provenance.Metadata(
                    invocation_id="u/1", finished_on=datetime(2026, 11, 23, tzinfo=UTC)
                ),
            ),
        ),
    )


def test_what_was_signed_verifies_and_reads_back() -> None:
    envelope = provenance.sign(statement(), KEY)
    assert provenance.verify(envelope, artifact_sha256=DIGEST, trusted=TRUSTED) == statement()


def test_the_envelope_is_dsse_and_the_payload_is_in_toto() -> None:
    """Checked by hand as DSSE v1.0 and in-toto Statement v1 say, not by our own reader."""
    envelope = json.loads(provenance.sign(statement(), KEY))
    payload = base64.b64decode(envelope["payload"])
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    signed = (
        b"DSSEv1 28 application/vnd.in-toto+json " + str(len(payload)).encode() + b" " + payload
    )
    KEY.public_key().verify(base64.b64decode(envelope["signatures"][0]["sig"]), signed)
    told = json.loads(payload)
    assert told["_type"] == "https://in-toto.io/Statement/v1"
    assert told["predicateType"] == "https://slsa.dev/provenance/v1"
    assert told["subject"] == [{"name": "deck.pptx", "digest": {"sha256": DIGEST}}]
    assert told["predicate"]["buildDefinition"]["resolvedDependencies"][0]["name"] == "document"


def test_signing_twice_gives_the_same_bytes() -> None:
    assert provenance.sign(statement(), KEY) == provenance.sign(statement(), KEY)


def test_other_bytes_another_key_or_a_changed_payload_are_refused() -> None:
    envelope = provenance.sign(statement(), KEY)
    with pytest.raises(ProvenanceError, match="is about sha256:abab"):
        provenance.verify(envelope, artifact_sha256="00" * 32, trusted=TRUSTED)
    with pytest.raises(ProvenanceError, match="no trusted key"):
        provenance.verify(envelope, artifact_sha256=DIGEST, trusted={})
    changed = json.loads(envelope)
    payload = base64.b64decode(changed["payload"]).replace(b"deck.pptx", b"debt.pptx")
    changed["payload"] = base64.b64encode(payload).decode()
    with pytest.raises(ProvenanceError, match="no trusted key"):
        provenance.verify(json.dumps(changed).encode(), artifact_sha256=DIGEST, trusted=TRUSTED)


@pytest.mark.parametrize("garbage", [b"", b"{}", b"[]", b"\xff", b'{"payloadType": "x"}'])
def test_garbage_is_refused_with_a_sentence(garbage: bytes) -> None:
    with pytest.raises(ProvenanceError, match="not a DSSE envelope"):
        provenance.verify(garbage, artifact_sha256=DIGEST, trusted=TRUSTED)


def test_an_oversized_envelope_is_not_even_parsed() -> None:
    with pytest.raises(ProvenanceError, match="larger than"):
        provenance.verify(b" " * 300_000, artifact_sha256=DIGEST, trusted=TRUSTED)


def test_keys_survive_their_pem_and_other_kinds_are_refused() -> None:
    pem = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    loaded = provenance.load_private_key(pem)
    assert provenance.key_id(loaded.public_key()) in TRUSTED
    text = provenance.public_key_pem(KEY.public_key())
    assert provenance.key_id(provenance.load_public_key(text)) in TRUSTED

    other = X25519PrivateKey.generate()
    with pytest.raises(ProvenanceError, match="not an Ed25519 key"):
        provenance.load_private_key(
            other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
    with pytest.raises(ProvenanceError, match="not an Ed25519 key"):
        provenance.load_public_key(
            other.public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            .decode()
        )
    with pytest.raises(ProvenanceError, match="PKCS#8"):
        provenance.load_private_key(b"nonsense")
    with pytest.raises(ProvenanceError, match="PEM"):
        provenance.load_public_key("nonsense")
