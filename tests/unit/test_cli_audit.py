"""`venture audit verify`: what it prints, and how it ends."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from auditlog import KEY, ORIGIN, SIGNER, checkpoint_note, entries, proof_of, write_bundle
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typer.testing import CliRunner, Result
from venture_cli.app import app
from venture_cli.errors import ExitCode
from venture_core.events.bundle import pack
from venture_core.events.keys import read_keys
from venture_core.events.notes import NoteFormatError, NoteSigner

if TYPE_CHECKING:
    from pathlib import Path

LOG = entries(12)
VERIFIER = SIGNER.verifier.text
OTHER_KEY = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)).verifier.text


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "bundle", LOG, signed=LOG)


def verify(path: Path, *arguments: str, key: str = VERIFIER) -> Result:
    return CliRunner().invoke(app, ["audit", "verify", str(path), "--key", key, *arguments])


def printed(result: Result) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(result.stdout)
    return parsed


def test_an_honest_bundle_is_verified(bundle: Path) -> None:
    result = verify(bundle)
    assert result.exit_code == ExitCode.OK
    assert f"{bundle} is verified" in result.stdout
    assert "12, log index 0 to 11" in result.stdout
    assert VERIFIER in result.stdout


def test_an_archive_is_verified(bundle: Path, tmp_path: Path) -> None:
    pack(bundle, tmp_path / "bundle.tar")
    result = verify(tmp_path / "bundle.tar", "-o", "json")
    assert result.exit_code == ExitCode.OK
    assert printed(result)["verified"] is True
    assert printed(result)["finding"] is None


def test_the_first_bad_entry_is_named(tmp_path: Path) -> None:
    tampered = [*LOG]
    tampered[5] = replace(LOG[5], canonical=LOG[5].canonical.replace(b"deck", b"desk"))
    path = write_bundle(tmp_path / "bundle", tampered, signed=LOG)
    result = verify(path, "-o", "json")
    assert result.exit_code == ExitCode.VERIFICATION_FAILED
    assert printed(result)["verified"] is False
    assert printed(result)["finding"] == {
        "kind": "content-changed",
        "message": "log index 5, event 6 of workflow 00000000-0000-7000-8000-000000000000: "
        "its bytes are not those that were logged",
        "logIndex": 5,
        "seq": 6,
        "workflowId": "00000000-0000-7000-8000-000000000000",
        "eventId": "00000000-0000-7000-8000-000000000005",
    }
    assert "error: content-changed: log index 5" in result.stderr
    assert "event: 00000000-0000-7000-8000-000000000005" in result.stderr
    assert verify(path).stdout == ""


def test_keys_are_taken_in_every_form(bundle: Path, tmp_path: Path) -> None:
    lines, pem = tmp_path / "keys.txt", tmp_path / "key.pem"
    lines.write_text(f"{OTHER_KEY}\n{VERIFIER}\n")
    pem.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    for key in (VERIFIER, str(lines), str(pem)):
        assert verify(bundle, key=key).exit_code == ExitCode.OK, key
    assert verify(bundle, "--key", VERIFIER, key=OTHER_KEY).exit_code == ExitCode.OK


def test_another_key_proves_nothing(bundle: Path) -> None:
    result = verify(bundle, key=OTHER_KEY)
    assert result.exit_code == ExitCode.VERIFICATION_FAILED
    assert "unknown-key: the checkpoint of 12 entries is signed by" in result.stderr


@pytest.mark.parametrize("key", ["nonsense", "a+b+c", "there-is-no-such-file.pem"])
def test_what_is_no_key_is_a_usage_error(bundle: Path, key: str) -> None:
    result = verify(bundle, key=key)
    assert result.exit_code == ExitCode.USAGE
    assert "no such file" in result.stderr


def test_files_without_a_key_are_refused(bundle: Path, tmp_path: Path) -> None:
    other = X25519PrivateKey.generate().public_key()
    for text in (
        b"",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ):
        (tmp_path / "key").write_bytes(text)
        assert verify(bundle, key=str(tmp_path / "key")).exit_code == ExitCode.USAGE
    with pytest.raises(NoteFormatError):
        read_keys("\n", name="a")


def test_usage_errors(bundle: Path, tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["audit", "verify", str(bundle)]).exit_code == ExitCode.USAGE
    assert verify(tmp_path / "nowhere").exit_code == ExitCode.USAGE
    assert verify(bundle, "-o", "name").exit_code == ExitCode.USAGE


def test_what_is_no_bundle_is_not_verified(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert verify(tmp_path / "empty").exit_code == ExitCode.VERIFICATION_FAILED


def test_a_checkpoint_kept_from_before_is_compared(bundle: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.note"
    kept.write_bytes(checkpoint_note(LOG, 7))
    assert verify(bundle, "--checkpoint", str(kept)).exit_code == ExitCode.OK
    # A longer log was signed once: this one was cut back.
    kept.write_bytes(checkpoint_note(entries(20), 20))
    result = verify(bundle, "--checkpoint", str(kept))
    assert result.exit_code == ExitCode.VERIFICATION_FAILED
    assert "truncated" in result.stderr
    kept.write_bytes(b"nonsense")
    result = verify(bundle, "--checkpoint", str(kept))
    assert result.exit_code == ExitCode.VERIFICATION_FAILED


def test_a_proof_of_one_event_is_verified(tmp_path: Path) -> None:
    path = tmp_path / "event.tlog-proof"
    path.write_text(proof_of(LOG, 5).text())
    result = verify(path, "-o", "json")
    assert result.exit_code == ExitCode.OK
    assert (printed(result)["logIndex"], printed(result)["seq"]) == (5, 6)
    assert json.loads(printed(result)["event"])["payload"] == {"name": "deck-5"}
    assert "is verified" in verify(path).stdout
    assert verify(path, "--checkpoint", str(path)).exit_code == ExitCode.USAGE
    path.write_text(proof_of(LOG, 5).text().replace("index 5", "index 6"))
    assert verify(path).exit_code == ExitCode.VERIFICATION_FAILED
    path.write_bytes(b"\xff")
    assert verify(path).exit_code == ExitCode.VERIFICATION_FAILED
