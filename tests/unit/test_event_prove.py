"""The proof of one event: a text that holds the event and is verified with a key alone."""

import base64
from dataclasses import replace
from typing import Any

import pytest
from auditlog import entries
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from venture_core.events.chain import ChainHead
from venture_core.events.checkpoint import Checkpoint, CheckpointError, sign_checkpoint
from venture_core.events.form import EventFormError
from venture_core.events.merkle import MerkleTree, ProofError, leaf_hash
from venture_core.events.notes import NoteFormatError, NoteSignatureError, NoteSigner
from venture_core.events.prove import EventProof, ProofFormatError

ORIGIN = "venture.example.com/record"
SIGNER = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
OTHER = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x02" * 32))
SIZE = 21


def proofs() -> list[EventProof]:
    return proofs_of([each.canonical for each in entries(SIZE)])


def proofs_of(events: list[bytes]) -> list[EventProof]:
    heads = [ChainHead()]
    for event in events:
        heads.append(heads[-1].append(event))
    tree = MerkleTree([leaf_hash(head.hash) for head in heads[1:]])
    note = sign_checkpoint(Checkpoint(ORIGIN, tree.size, tree.root()), [SIGNER])
    return [
        EventProof(
            canonical=event,
            seq=heads[at + 1].seq,
            prev=heads[at].hash,
            log_index=at,
            hashes=tuple(tree.inclusion_proof(at, tree.size)),
            note=note,
        )
        for at, event in enumerate(events)
    ]


PROOFS = proofs()
PROOF = PROOFS[9]


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: str(proof.log_index))
def test_a_proof_survives_as_text_and_verifies(proof: EventProof) -> None:
    read = EventProof.parse(proof.text())
    assert read == proof
    checkpoint = read.verify([SIGNER.verifier], origin=ORIGIN)
    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, SIZE)


def test_the_text_has_the_form_of_c2sp() -> None:
    lines = PROOF.text().splitlines()
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert base64.b64decode(lines[1].removeprefix("extra ")).endswith(PROOF.canonical)
    assert lines[2] == "index 9"
    assert lines[3 : 3 + len(PROOF.hashes)] == [
        base64.b64encode(each).decode() for each in PROOF.hashes
    ]
    assert lines[3 + len(PROOF.hashes) :] == ["", *PROOF.note.decode().splitlines()]


@pytest.mark.parametrize(
    "change",
    [
        {"canonical": entries(SIZE)[8].canonical},
        {"seq": 11},
        {"prev": b"\x01" * 32},
        {"log_index": 8},
        {"log_index": SIZE},
        {"hashes": PROOF.hashes[:-1]},
        {"hashes": (*PROOF.hashes, PROOF.hashes[0])},
        {"hashes": ()},
        {"hashes": (b"", *PROOF.hashes[1:])},
    ],
)
def test_a_proof_of_something_else_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ProofError):
        replace(PROOF, **change).verify([SIGNER.verifier])


@pytest.mark.parametrize("event", [b"whatever", b"{}", entries(1)[0].canonical + b" "])
def test_what_is_no_event_is_not_proven_to_be_one(event: bytes) -> None:
    with pytest.raises(EventFormError):
        proofs_of([event])[0].verify([SIGNER.verifier])


def test_only_the_log_s_own_key_proves() -> None:
    with pytest.raises(NoteSignatureError):
        PROOF.verify([OTHER.verifier])
    with pytest.raises(CheckpointError):
        PROOF.verify([SIGNER.verifier], origin="other.example.com/record")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1\nindex 1\n\nnote",
        "c2sp.org/tlog-proof@v1\nextra AA=A\nindex 1\n\nnote",
        "c2sp.org/tlog-proof@v1\nextra AAAA\nindex 01\n\nnote",
        "c2sp.org/tlog-proof@v1\nextra AAAA\nindex 1\nAAAA\n\nnote",
        "c2sp.org/tlog-proof@v1\nextra " + "A" * 300_000 + "\nindex 1\n\nnote",
    ],
)
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(ProofFormatError):
        EventProof.parse(text)


def test_base64_has_one_spelling() -> None:
    lines = PROOF.text().splitlines(keepends=True)
    last = base64.b64encode(PROOF.hashes[0]).decode()
    # The character before the padding has two bits that decoders ignore.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = last[:-2] + alphabet[alphabet.index(last[-2]) ^ 1] + "="
    assert base64.b64decode(other) == PROOF.hashes[0]
    lines[3] = other + "\n"
    with pytest.raises(ProofFormatError):
        EventProof.parse("".join(lines))


@settings(deadline=None)
@given(st.integers(0, len(PROOF.text()) - 1), st.characters(codec="ascii"))
def test_no_character_of_a_proof_can_change(at: int, character: str) -> None:
    text = PROOF.text()
    changed = text[:at] + character + text[at + 1 :]
    if changed == text:
        return
    with pytest.raises(
        (ProofFormatError, ProofError, NoteFormatError, NoteSignatureError, CheckpointError)
    ):
        EventProof.parse(changed).verify([SIGNER.verifier], origin=ORIGIN)
