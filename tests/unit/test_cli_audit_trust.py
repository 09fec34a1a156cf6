"""`venture audit`: whom to trust, what is kept from one audit to the next, and what is claimed."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from auditlog import KEY, ORIGIN, SIGNER, entries, proof_of, write_bundle
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typer.testing import CliRunner, Result
from venture_cli.app import app
from venture_cli.domain.durations import parse_age
from venture_cli.errors import ExitCode
from venture_core.events.bundle import BundleWriter
from venture_core.events.checkpoint import Checkpoint, sign_checkpoint, to_milliseconds
from venture_core.events.consistency import ConsistencyFormatError, ConsistencyProof
from venture_core.events.merkle import Frontier, MerkleTree, leaf_hashes
from venture_core.events.notes import NoteSigner
from venture_core.events.policy import Policy

if TYPE_CHECKING:
    from pathlib import Path

LOG = entries(20)
TREE = MerkleTree(leaf_hashes(each.logged for each in LOG))
VERIFIER = SIGNER.verifier.text
OTHER = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x05" * 32))
ELSEWHERE = NoteSigner("other.example.com/log", Ed25519PrivateKey.from_private_bytes(b"\x06" * 32))
NOW = to_milliseconds(datetime.now(UTC))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["audit", *map(str, arguments)])


def note(size: int, signed_at: datetime | None = None, signer: NoteSigner = SIGNER) -> bytes:
    return sign_checkpoint(Checkpoint(ORIGIN, size, TREE.root(size), signed_at), [signer])


def part(folder: Path, first: int, size: int, signed_at: datetime | None = None) -> Path:
    edge = Frontier()
    edge.extend(leaf_hashes(each.logged for each in LOG[:first]))
    with BundleWriter(folder, origin=ORIGIN, first=first, frontier=edge.nodes) as writer:
        writer.append(LOG[first:size])
        writer.add_checkpoint(note(size, signed_at))
        writer.add_key(SIGNER.verifier)
        writer.finish()
    return folder


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return part(tmp_path / "bundle", 0, 12, NOW)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "log.policy"
    path.write_text(f"log {VERIFIER}\nquorum none\n")
    return path


def test_the_statement_says_what_was_proven(bundle: Path, tmp_path: Path) -> None:
    printed = run("verify", bundle, "--key", VERIFIER).stdout
    time = f"{NOW:%Y-%m-%dT%H:%M:%S}.{NOW.microsecond // 1000:03}Z"
    assert f"as it was signed up to 12 entries, which it signed at {time}, by the keys" in printed
    assert "Not proven: whether the log grew since" in printed
    assert VERIFIER in printed
    later = run("verify", part(tmp_path / "later", 5, 12), "--key", VERIFIER).stdout
    assert "signed at    not said" in later
    assert "Of the 5 entries before, only that they were these is proven" in later


def test_the_statement_says_what_was_left_out(bundle: Path) -> None:
    result = run("verify", bundle, "--key", VERIFIER, "--no-strict")
    assert result.exit_code == ExitCode.OK
    assert "That each line is an event was not looked at" in result.stdout
    assert "not looked at" not in run("verify", bundle, "--key", VERIFIER).stdout


def test_a_policy_is_made_of_keys_and_used(bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "made.policy"
    result = run("policy", "--key", VERIFIER, "-o", path)
    assert result.exit_code == ExitCode.OK, result.stderr
    assert path.read_text() == f"log {VERIFIER}\nquorum none\n"
    result = run("verify", bundle, "--policy", path, "-o", "json")
    assert result.exit_code == ExitCode.OK
    assert json.loads(result.stdout)["signers"] == [VERIFIER]
    assert run("policy", "--key", VERIFIER, "-o", "-").stdout == path.read_text()


def test_what_is_no_policy_is_a_usage_error(bundle: Path, policy: Path, tmp_path: Path) -> None:
    for text in (b"log\n", b"\xff", b"quorum none\n"):
        (tmp_path / "bad").write_bytes(text)
        assert run("verify", bundle, "--policy", tmp_path / "bad").exit_code == ExitCode.USAGE
    assert run("verify", bundle, "--policy", tmp_path / "gone").exit_code == ExitCode.USAGE
    assert run("verify", bundle, "--policy", policy, "--key", VERIFIER).exit_code == ExitCode.USAGE
    assert run("verify", bundle).exit_code == ExitCode.USAGE


def test_the_log_is_the_policy_s_not_the_bundle_s(bundle: Path, policy: Path) -> None:
    policy.write_text(f"log {ELSEWHERE.verifier.text}\nquorum none\n")
    for trust in (("--policy", policy), ("--key", ELSEWHERE.verifier.text)):
        result = run("verify", bundle, *trust)
        assert result.exit_code == ExitCode.VERIFICATION_FAILED
        assert "other-log" in result.stderr
    mixed = ("--key", VERIFIER, "--key", ELSEWHERE.verifier.text)
    assert run("verify", bundle, *mixed).exit_code == ExitCode.USAGE


def test_a_key_out_of_the_bundle_itself_is_refused(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(bundle / "keys.txt")
    for key in (bundle / "keys.txt", tmp_path / "link", bundle / ".." / "bundle" / "keys.txt"):
        result = run("verify", bundle, "--key", key)
        assert result.exit_code == ExitCode.USAGE
        assert "proves nothing" in result.stderr
    # By another way, the same bytes are a key like any other.
    shutil.copy(bundle / "keys.txt", tmp_path / "mine.txt")
    assert run("verify", bundle, "--key", tmp_path / "mine.txt").exit_code == ExitCode.OK


def test_a_key_in_pem_has_no_name(bundle: Path, tmp_path: Path) -> None:
    pem = tmp_path / "log.pem"
    pem.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    result = run("verify", bundle, "--key", pem)
    assert result.exit_code == ExitCode.OK
    assert "the bundle's own word" in result.stderr
    result = run("verify", bundle, "--key", pem, "--origin", ORIGIN)
    assert (result.exit_code, result.stderr) == (ExitCode.OK, "")
    other = run("verify", bundle, "--key", pem, "--origin", "other.example.com/log")
    assert "other-log" in other.stderr
    assert run("key", "--key", pem).exit_code == ExitCode.USAGE
    assert VERIFIER in run("key", "--key", pem, "--origin", ORIGIN).stdout


def test_a_key_is_shown_with_its_fingerprint() -> None:
    result = run("key", "--key", VERIFIER, "-o", "json")
    assert result.exit_code == ExitCode.OK
    (shown,) = json.loads(result.stdout)
    assert shown["key"] == VERIFIER
    assert shown["fingerprint"] == f"sha256:{SIGNER.verifier.fingerprint}"
    plain = run("key", "--key", VERIFIER)
    assert (
        " ".join(SIGNER.verifier.fingerprint[at : at + 4] for at in range(0, 64, 4)) in plain.stdout
    )
    assert plain.stderr == ""


def test_a_bundle_claims_more_keys_than_are_trusted(tmp_path: Path) -> None:
    path = write_bundle(tmp_path / "bundle", LOG[:12], signed=LOG[:12])
    result = run("verify", path, "--key", OTHER.verifier.text)
    assert result.exit_code == ExitCode.VERIFICATION_FAILED
    assert "unknown-key" in result.stderr
    assert "Ask, by another way" in result.stderr


# --- from one audit to the next


def test_the_last_checkpoint_is_what_the_next_audit_starts_from(
    bundle: Path, policy: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.checkpoint"
    result = run("verify", bundle, "--policy", policy, "--save-checkpoint", kept)
    assert result.exit_code == ExitCode.OK
    assert kept.read_bytes() == note(12, NOW)
    grown = part(tmp_path / "grown", 0, 20, NOW)
    result = run(
        "verify", grown, "--policy", policy, "--checkpoint", kept, "--save-checkpoint", kept
    )
    assert result.exit_code == ExitCode.OK
    assert kept.read_bytes() == note(20, NOW)
    # The log was cut back: it is noticed, and what was kept stays.
    result = run(
        "verify", bundle, "--policy", policy, "--checkpoint", kept, "--save-checkpoint", kept
    )
    assert result.exit_code == ExitCode.VERIFICATION_FAILED
    assert kept.read_bytes() == note(20, NOW)


def test_a_checkpoint_too_old_is_refused(bundle: Path, tmp_path: Path) -> None:
    old = part(tmp_path / "old", 0, 12, NOW - timedelta(days=3))
    unsaid = part(tmp_path / "unsaid", 0, 12)
    assert run("verify", bundle, "--key", VERIFIER, "--max-age", "1h").exit_code == ExitCode.OK
    assert run("verify", old, "--key", VERIFIER, "--max-age", "4d").exit_code == ExitCode.OK
    for path in (old, unsaid):
        kept = tmp_path / "kept"
        result = run(
            "verify", path, "--key", VERIFIER, "--max-age", "2d", "--save-checkpoint", kept
        )
        assert result.exit_code == ExitCode.VERIFICATION_FAILED
        assert not kept.exists()
    # Whoever dated it ahead would have it young for as long as that takes.
    ahead = part(tmp_path / "ahead", 0, 12, NOW + timedelta(minutes=10))
    result = run("verify", ahead, "--key", VERIFIER, "--max-age", "2d")
    assert result.exit_code == ExitCode.VERIFICATION_FAILED
    assert "yet to come" in result.stderr
    assert run("verify", old, "--key", VERIFIER, "--max-age", "old").exit_code == ExitCode.USAGE


def test_ages() -> None:
    assert parse_age("90s") == timedelta(seconds=90)
    assert parse_age("3650d") == timedelta(days=3650)
    for text in ("", "0s", "1", "5 m", "-1s", "3651d", "1e3s", "9999999999s"):
        with pytest.raises(ValueError, match="no age"):
            parse_age(text)


def test_several_bundles_are_one_log_in_any_order(policy: Path, tmp_path: Path) -> None:
    paths = part(tmp_path / "b", 8, 20), part(tmp_path / "a", 0, 10)
    result = run("verify", *paths, "--policy", policy, "-o", "json")
    assert result.exit_code == ExitCode.OK
    report = json.loads(result.stdout)
    assert (report["bundles"], report["first"], report["entries"]) == (2, 0, 20)
    hole = run("verify", paths[0], part(tmp_path / "c", 0, 5), "--policy", policy)
    assert hole.exit_code == ExitCode.VERIFICATION_FAILED
    assert "log index 5 to 7 are in none of the bundles" in hole.stderr
    proof = tmp_path / "event.tlog-proof"
    proof.write_text(proof_of(LOG, 5).text())
    assert run("verify", paths[0], proof, "--policy", policy).exit_code == ExitCode.USAGE
    assert run("verify", proof, "--policy", policy).exit_code == ExitCode.OK


# --- the proof that a log only grew


def growth(old: int, new: int, signer: NoteSigner = SIGNER) -> ConsistencyProof:
    hashes = tuple(TREE.consistency_proof(old, new))
    return ConsistencyProof(old, hashes, note(new, NOW, signer))


@pytest.mark.parametrize(("old", "new"), [(1, 20), (7, 12), (8, 16), (12, 12), (19, 20)])
def test_a_log_that_grew_is_proven(tmp_path: Path, policy: Path, old: int, new: int) -> None:
    kept, path = tmp_path / "kept.checkpoint", tmp_path / "grown.tlog-consistency"
    kept.write_bytes(note(old))
    path.write_text(growth(old, new).text())
    saved = ("--save-checkpoint", tmp_path / "next")
    result = run(
        "verify", path, "--checkpoint", kept, "--policy", policy, *saved, "--max-age", "1h"
    )
    assert result.exit_code == ExitCode.OK, result.stderr
    assert f"{old:,} then, {new:,} now" in result.stdout
    assert (tmp_path / "next").read_bytes() == note(new, NOW)
    assert ConsistencyProof.parse(path.read_text()) == growth(old, new)
    assert run("verify", path, "--policy", policy).exit_code == ExitCode.USAGE


def test_a_log_that_did_not_only_grow_is_not(tmp_path: Path, policy: Path) -> None:
    kept, path = tmp_path / "kept.checkpoint", tmp_path / "grown.tlog-consistency"
    kept.write_bytes(note(7))
    good = growth(7, 12)
    for forged in (
        growth(8, 12).text(),
        growth(7, 12, OTHER).text(),
        ConsistencyProof(7, good.hashes[:-1], good.note).text(),
        ConsistencyProof(7, (*good.hashes, good.hashes[0]), good.note).text(),
        ConsistencyProof(7, good.hashes, note(13)).text(),
        ConsistencyProof(8, good.hashes, good.note).text(),
        good.text().replace("old 7", "old 07"),
        good.text().replace("old 7", f"old {'7' * 5000}"),
        "",
        "whatever",
        "\udcff",
    ):
        path.write_bytes(forged.encode(errors="surrogateescape"))
        result = run("verify", path, "--checkpoint", kept, "--policy", policy)
        assert result.exit_code == ExitCode.VERIFICATION_FAILED, forged
    other = Checkpoint(ORIGIN, 7, b"\x07" * 32)
    kept.write_bytes(sign_checkpoint(other, [SIGNER]))
    path.write_text(good.text())
    assert run("verify", path, "--checkpoint", kept, "--policy", policy).exit_code == 5
    with pytest.raises(ConsistencyFormatError):
        good.verify(Checkpoint(ORIGIN, 8, TREE.root(8)), Policy.of_keys([SIGNER.verifier]))


def test_time_does_not_go_back_while_a_log_grows(tmp_path: Path, policy: Path) -> None:
    kept, path = tmp_path / "kept.checkpoint", tmp_path / "grown.tlog-consistency"
    kept.write_bytes(note(7, NOW + timedelta(hours=1)))
    path.write_text(growth(7, 12).text())
    result = run("verify", path, "--checkpoint", kept, "--policy", policy)
    assert result.exit_code == ExitCode.VERIFICATION_FAILED


def test_what_is_no_bundle_is_a_finding_like_any_other(tmp_path: Path, policy: Path) -> None:
    path = tmp_path / "bundle.tar"
    path.write_bytes(b"\x1f\x8b" + bytes(600))
    result = run("verify", path, "--policy", policy, "-o", "json")
    assert result.exit_code == ExitCode.VERIFICATION_FAILED
    assert json.loads(result.stdout)["finding"]["kind"] == "converted"
    assert "Get the bundle again" in result.stderr


# --- hostile text


@pytest.mark.parametrize("form", [(), ("-o", "json"), ("-o", "yaml")])
def test_nothing_that_a_stranger_wrote_moves_the_terminal(
    tmp_path: Path, form: tuple[str, ...]
) -> None:
    origin = "evil\x9b2J\u202elog\x7f"
    signer = NoteSigner(origin, KEY)
    folder = tmp_path / "bundle"
    with BundleWriter(folder, origin=origin) as writer:
        writer.append(LOG[:3])
        writer.add_checkpoint(sign_checkpoint(Checkpoint(origin, 3, TREE.root(3)), [signer]))
        writer.add_key(signer.verifier)
        writer.finish()
    for trust in (("--key", VERIFIER), ("--key", signer.verifier.text)):
        result = run("verify", folder, *trust, *form)
        for text in (result.stdout, result.stderr):
            assert all(each.isprintable() or each == "\n" for each in text), text
