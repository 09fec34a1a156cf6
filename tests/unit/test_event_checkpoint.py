"""Signed notes and checkpoints against the published examples of Go's sumdb and of C2SP."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from venture_core.events.checkpoint import (
    Checkpoint,
    CheckpointError,
    open_checkpoint,
    sign_checkpoint,
)
from venture_core.events.notes import (
    NoteFormatError,
    NoteSignatureError,
    NoteSigner,
    NoteVerifier,
    open_note,
    sign_note,
)

# The example of golang.org/x/mod/sumdb/note: a private key, its verifier key and a note. Ed25519
# has one signature per key and text, so signing must give the published bytes.
GO_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_NOTE = (
    f"{GO_TEXT}\n\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
# The example of C2SP's tlog-checkpoint; its key is not published.
C2SP_CHECKPOINT = (
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "\u2014 example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
).encode()

ORIGIN = "venture.example.com/record"
OLD = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
NEW = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x02" * 32))
WITNESS = NoteSigner("witness.example.org", Ed25519PrivateKey.from_private_bytes(b"\x03" * 32))
CHECKPOINT = Checkpoint(ORIGIN, 20_852_163, bytes(range(32)))


def test_the_note_of_go_is_made_and_opened() -> None:
    signer = NoteSigner("PeterNeumann", Ed25519PrivateKey.from_private_bytes(GO_SEED))
    assert signer.verifier.text == GO_VERIFIER
    assert sign_note(GO_TEXT, [signer]) == GO_NOTE
    note = open_note(GO_NOTE, [NoteVerifier.parse(GO_VERIFIER)])
    assert note.text == GO_TEXT
    assert [each.name for each in note.signers] == ["PeterNeumann"]


def test_the_checkpoint_of_c2sp_is_read() -> None:
    text = C2SP_CHECKPOINT.decode().partition("\n\n")[0] + "\n"
    checkpoint = Checkpoint.parse(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert checkpoint.root.hex().startswith("0ac5186a")
    assert checkpoint.text() == text
    with pytest.raises(NoteSignatureError, match="no trusted key"):
        open_checkpoint(C2SP_CHECKPOINT, [OLD.verifier])


@pytest.mark.parametrize("at", range(len(GO_VERIFIER)))
def test_a_mangled_verifier_key_is_refused(at: int) -> None:
    mangled = GO_VERIFIER[:at] + chr(ord(GO_VERIFIER[at]) ^ 1) + GO_VERIFIER[at + 1 :]
    for text in (mangled, GO_VERIFIER[:at]):
        with pytest.raises(NoteFormatError):
            NoteVerifier.parse(text)


@pytest.mark.parametrize("at", range(len(GO_NOTE)))
@pytest.mark.parametrize("bit", [0, 5, 7])
def test_no_bit_of_a_note_can_change(at: int, bit: int) -> None:
    mangled = bytearray(GO_NOTE)
    mangled[at] ^= 1 << bit
    with pytest.raises((NoteFormatError, NoteSignatureError)):
        open_note(bytes(mangled), [NoteVerifier.parse(GO_VERIFIER)])


@pytest.mark.parametrize(
    "signers", [[OLD], [OLD, NEW], [NEW, OLD], [WITNESS, OLD], [OLD, OLD], [WITNESS, NEW, OLD]]
)
def test_keys_are_rotated_and_others_cosign(signers: list[NoteSigner]) -> None:
    note = sign_checkpoint(CHECKPOINT, signers)
    assert open_checkpoint(note, [OLD.verifier], origin=ORIGIN) == CHECKPOINT
    if NEW in signers:
        assert open_checkpoint(note, [NEW.verifier], origin=ORIGIN) == CHECKPOINT
    assert open_checkpoint(note, [OLD.verifier, NEW.verifier], origin=ORIGIN) == CHECKPOINT


def test_a_forged_signature_spoils_the_note_whoever_else_signed() -> None:
    note = sign_checkpoint(CHECKPOINT, [OLD, NEW]).decode()
    other = sign_checkpoint(Checkpoint(ORIGIN, 1, bytes(32)), [NEW]).decode()
    lines = note.splitlines(keepends=True)
    lines[-1] = other.splitlines(keepends=True)[-1]
    with pytest.raises(NoteSignatureError, match="is not that key's"):
        open_checkpoint("".join(lines).encode(), [OLD.verifier, NEW.verifier])


def test_a_checkpoint_of_another_log_is_refused() -> None:
    note = sign_checkpoint(CHECKPOINT, [OLD])
    with pytest.raises(CheckpointError, match="not of other"):
        open_checkpoint(note, [OLD.verifier], origin="other.example.com/record")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
        "\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "a\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "a\n\u0661\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "a\n9223372036854775808\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
        "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
        "a\n1\nCsUY\n",
        "a\n1\n*sUY\n",
        "a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\nx\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError):
        Checkpoint.parse(text)


def test_lines_after_the_third_are_another_s_business() -> None:
    assert Checkpoint.parse(CHECKPOINT.text() + "more\n") == CHECKPOINT


@pytest.mark.parametrize("origin", ["", "a\nb", "a\n9\n", "\n"])
def test_an_origin_that_would_frame_another_checkpoint_is_refused(origin: str) -> None:
    with pytest.raises((CheckpointError, NoteFormatError)):
        sign_checkpoint(Checkpoint(origin, 1, bytes(32)), [OLD])


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\nb"])
def test_malformed_names_are_refused(name: str) -> None:
    with pytest.raises(NoteFormatError):
        NoteSigner(name, Ed25519PrivateKey.generate())


@pytest.mark.parametrize("text", ["", "a", "a\n\x00\n", "a\n\t\n"])
def test_malformed_texts_are_refused(text: str) -> None:
    with pytest.raises(NoteFormatError):
        sign_note(text, [OLD])
    with pytest.raises(NoteFormatError):
        sign_note("a\n", [])


def test_bounds_of_notes() -> None:
    line = sign_note("a\n", [OLD]).decode().splitlines()[-1] + "\n"
    assert open_note(("a\n\n" + line * 64).encode(), [OLD.verifier]).text == "a\n"
    for data in (
        ("a\n\n" + line * 65).encode(),
        b"a" * 64 * 1024 + b"\n\n" + line.encode(),
        b"\xff",
    ):
        with pytest.raises(NoteFormatError):
            open_note(data, [OLD.verifier])


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_garbage_is_no_note(data: bytes) -> None:
    with pytest.raises((NoteFormatError, NoteSignatureError)):
        open_note(data, [OLD.verifier])
