"""Policies: whom an auditor trusts, read and written as C2SP's tlog-policy, and held to."""

import base64
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from auditlog import ORIGIN, SIGNER, entries, write_bundle
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from venture_core.events.bundle import BundleWriter, open_bundle
from venture_core.events.checkpoint import Checkpoint, sign_checkpoint
from venture_core.events.merkle import MerkleTree, leaf_hashes
from venture_core.events.notes import NoteSigner
from venture_core.events.policy import LogKey, Policy, PolicyError, policy_text
from venture_core.events.verify import Finding, Kind, verify_bundle

if TYPE_CHECKING:
    from pathlib import Path

LOG = entries(12)
NEW = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x02" * 32))
ELSEWHERE = NoteSigner("other.example.com/log", Ed25519PrivateKey.from_private_bytes(b"\x03" * 32))
OLD_KEY, NEW_KEY = SIGNER.verifier.text, NEW.verifier.text


def witness_vkey(seed: int, name: str = "witness.example.org") -> str:
    raw = witness_secret(seed).public_key().public_bytes_raw()
    key_id = hashlib.sha256(name.encode() + b"\n\x04" + raw).digest()[:4]
    return f"{name}+{key_id.hex()}+{base64.b64encode(b'\x04' + raw).decode()}"


def witness_secret(seed: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


def cosign(
    note: bytes, seed: int, name: str = "witness.example.org", time: int = 1_764_000_000
) -> bytes:
    """Cosign as C2SP's tlog-cosignature has it, written here a second time."""
    text = note.decode().rpartition("\n\n")[0] + "\n"
    signature = witness_secret(seed).sign(f"cosignature/v1\ntime {time}\n{text}".encode())
    key_id = bytes.fromhex(witness_vkey(seed, name).split("+")[1])
    blob = base64.b64encode(key_id + time.to_bytes(8) + signature).decode()
    return note + f"\u2014 {name} {blob}\n".encode()


def note_of(size: int, *signers: NoteSigner, root: bytes | None = None) -> bytes:
    tree = MerkleTree(leaf_hashes(each.logged for each in LOG))
    return sign_checkpoint(Checkpoint(ORIGIN, size, root or tree.root(size)), signers or [SIGNER])


def bundle_of(folder: Path, *notes: bytes, keys: tuple[NoteSigner, ...] = (SIGNER,)) -> Path:
    with BundleWriter(folder, origin=ORIGIN) as writer:
        writer.append(LOG)
        for note in notes:
            writer.add_checkpoint(note)
        for key in keys:
            writer.add_key(key.verifier)
        writer.finish()
    return folder


def find(path: Path, policy: str) -> Finding | None:
    return verify_bundle(open_bundle(path), Policy.parse(policy)).finding


def kind(path: Path, policy: str) -> Kind | None:
    finding = find(path, policy)
    return None if finding is None else finding.kind


def test_a_policy_is_written_and_read() -> None:
    keys = [LogKey(SIGNER.verifier, 0, 7), LogKey(NEW.verifier, 7)]
    text = policy_text(keys)
    assert text == (
        f"log {OLD_KEY} venture-sizes:0-7\nlog {NEW_KEY} venture-sizes:7-\nquorum none\n"
    )
    policy = Policy.parse(text)
    assert (policy.origin, policy.quorum) == (ORIGIN, "none")
    assert [(each.first, each.last) for each in policy.keys] == [(0, 7), (7, None)]
    assert policy_text([LogKey(SIGNER.verifier)]) == f"log {OLD_KEY}\nquorum none\n"


def test_space_comments_and_order_are_those_of_c2sp() -> None:
    text = (
        f"# a comment\n\n\t log\t{OLD_KEY} https://log.example.com \n  # another\n"
        f"witness  W1 {witness_vkey(11)} https://w.example.com\nquorum W1\nlog {NEW_KEY}"
    )
    policy = Policy.parse(text)
    assert [each.verifier.text for each in policy.keys] == [OLD_KEY, NEW_KEY]
    assert policy.quorum == "W1"


W1, W2 = f"witness W1 {witness_vkey(11)}\n", f"witness W2 {witness_vkey(12)}\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quorum none\n",
        f"log {OLD_KEY}\n",
        f"log {OLD_KEY}\nquorum none\nquorum none\n",
        f"log {OLD_KEY}\nlog {OLD_KEY}\nquorum none\n",
        f"log {OLD_KEY}\nlog {ELSEWHERE.verifier.text}\nquorum none\n",
        f"log {OLD_KEY}\nquorum W1\n",
        f"log {OLD_KEY}\nquorum W1\n{W1}",
        f"log {OLD_KEY}\n{W1}{W1}quorum W1\n",
        f"log {OLD_KEY}\n{W1}witness W3 {witness_vkey(11, 'more.example.org')}\nquorum W1\n",
        f"log {OLD_KEY}\nwitness none {witness_vkey(11)}\nquorum none\n",
        f"log {OLD_KEY}\nwitness W1 {OLD_KEY}\nquorum W1\n",
        f"log {witness_vkey(11)}\nquorum none\n",
        f"log {OLD_KEY}\n{W1}group g 2 W1\nquorum g\n",
        f"log {OLD_KEY}\n{W1}group g 0 W1\nquorum g\n",
        f"log {OLD_KEY}\n{W1}group g {'9' * 5000} W1\nquorum g\n",
        f"log {OLD_KEY}\n{W1}group g some W1\nquorum g\n",
        f"log {OLD_KEY}\n{W1}group g any\nquorum g\n",
        f"log {OLD_KEY}\n{W1}group g any W2\nquorum g\n",
        f"log {OLD_KEY}\n{W1}group g any W1\ngroup h any W1\nquorum g\n",
        f"log {OLD_KEY}\n{W1}group W1 any W1\nquorum W1\n",
        f"log {OLD_KEY} venture-sizes:7-3\nquorum none\n",
        f"log {OLD_KEY} venture-sizes:a-\nquorum none\n",
        f"log {OLD_KEY} venture-sizes:0-{'9' * 19}\nquorum none\n",
        f"log {OLD_KEY} x y\nquorum none\n",
        f"logs {OLD_KEY}\nquorum none\n",
        f"log {OLD_KEY}\r\nquorum none\r\n",
        f"log {OLD_KEY}\x1b[2J\nquorum none\n",
        "#" * 70_000,
        "".join(f"witness W{n} {witness_vkey(n)}\n" for n in range(1, 67)),
    ],
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        Policy.parse(text)


def test_keys_are_of_one_log() -> None:
    with pytest.raises(PolicyError):
        Policy.of_keys([])
    with pytest.raises(PolicyError):
        Policy.of_keys([SIGNER.verifier, ELSEWHERE.verifier])


# --- which log, and by which keys


def test_a_bundle_of_another_log(tmp_path: Path) -> None:
    path = write_bundle(tmp_path / "bundle", LOG, signed=LOG)
    finding = find(path, f"log {ELSEWHERE.verifier.text}\nquorum none\n")
    assert finding is not None
    assert finding.kind is Kind.OTHER_LOG
    assert "'other.example.com/log'" in finding.message


def test_a_retired_key_is_good_for_its_sizes_only(tmp_path: Path) -> None:
    path = bundle_of(tmp_path / "bundle", note_of(5), note_of(7, SIGNER, NEW), note_of(12, NEW))
    good = f"log {OLD_KEY} venture-sizes:0-7\nlog {NEW_KEY} venture-sizes:7-\nquorum none\n"
    assert kind(path, good) is None
    assert kind(path, f"log {OLD_KEY}\nlog {NEW_KEY}\nquorum none\n") is None
    for wrong in (good.replace("0-7", "0-4"), good.replace("7-\n", "13-\n")):
        assert kind(path, wrong) is Kind.RETIRED_KEY
    # A thief who found the old key signs what came after it.
    stolen = bundle_of(tmp_path / "stolen", note_of(5), note_of(12))
    finding = find(stolen, good)
    assert finding is not None
    assert (finding.kind, finding.checkpoint_size) == (Kind.RETIRED_KEY, 12)


def test_a_key_that_nobody_named_is_told_apart_from_a_forgery(tmp_path: Path) -> None:
    path = bundle_of(tmp_path / "bundle", note_of(5), note_of(12, NEW), keys=(SIGNER, NEW))
    finding = find(path, f"log {OLD_KEY}\nquorum none\n")
    assert finding is not None
    assert (finding.kind, finding.checkpoint_size) == (Kind.UNKNOWN_KEY, 12)
    assert NEW_KEY in finding.message
    # One that the bundle does not claim either, and one whose signature is none, are forged.
    unclaimed = bundle_of(tmp_path / "unclaimed", note_of(5), note_of(12, NEW))
    assert kind(unclaimed, f"log {OLD_KEY}\nquorum none\n") is Kind.FORGED_CHECKPOINT
    note = note_of(12, NEW).replace(b"\n12\n", b"\n11\n")
    forged = bundle_of(tmp_path / "forged", note_of(5), note, keys=(SIGNER, NEW))
    assert kind(forged, f"log {OLD_KEY}\nquorum none\n") is Kind.FORGED_CHECKPOINT


# --- witnesses


GROUPS = f"log {OLD_KEY}\n{W1}{W2}witness W3 {witness_vkey(13)}\n"


@pytest.mark.parametrize(
    ("quorum", "cosigners", "is_met"),
    [
        ("quorum none\n", [], True),
        ("quorum W1\n", [], False),
        ("quorum W1\n", [11], True),
        ("quorum W1\n", [12], False),
        ("group g 2 W1 W2 W3\nquorum g\n", [11, 13], True),
        ("group g 2 W1 W2 W3\nquorum g\n", [13], False),
        ("group g all W1 W2\nquorum g\n", [11, 12], True),
        ("group g all W1 W2\nquorum g\n", [11, 13], False),
        ("group g any W1 W2\ngroup h all g W3\nquorum h\n", [12, 13], True),
        ("group g any W1 W2\ngroup h all g W3\nquorum h\n", [11, 12], False),
    ],
)
def test_the_last_checkpoint_needs_the_quorum(
    tmp_path: Path, quorum: str, cosigners: list[int], is_met: bool
) -> None:
    note = note_of(12)
    for seed in cosigners:
        note = cosign(note, seed)
    path = bundle_of(tmp_path / "bundle", note_of(5), note)
    assert kind(path, GROUPS + quorum) is (None if is_met else Kind.NO_QUORUM)


def test_a_cosignature_is_over_this_checkpoint_with_this_time(tmp_path: Path) -> None:
    good = cosign(note_of(12), 11).decode()
    line = good.splitlines()[-1]
    blob = bytearray(base64.b64decode(line.split(" ")[2]))
    other = cosign(note_of(11), 11).decode().splitlines()[-1]
    blob[11] ^= 1
    changed = f"\u2014 witness.example.org {base64.b64encode(blob).decode()}"
    short = f"\u2014 witness.example.org {base64.b64encode(blob[:40]).decode()}"
    far = cosign(note_of(12), 11, time=2**63).decode().splitlines()[-1]
    for number, forged in enumerate((other, changed, short, far)):
        path = bundle_of(tmp_path / str(number), good.replace(line, forged).encode())
        assert kind(path, GROUPS + "quorum W1\n") is Kind.NO_QUORUM
    assert kind(bundle_of(tmp_path / "good", good.encode()), GROUPS + "quorum W1\n") is None


def test_a_policy_may_trust_keys_beyond_it() -> None:
    assert LogKey(SIGNER.verifier, 3, 5).covers(5)
    assert not LogKey(SIGNER.verifier, 3, 5).covers(6)
    assert not replace(LogKey(SIGNER.verifier), first=3).covers(2)
