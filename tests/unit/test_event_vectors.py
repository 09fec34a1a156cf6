"""The forgeries in `tests/vectors`: each comes to its finding, and they are what is committed."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from forgeries import VECTORS, write_all
from venture_core.events.bundle import BundleError, open_bundle
from venture_core.events.checkpoint import CheckpointError
from venture_core.events.consistency import ConsistencyFormatError, ConsistencyProof
from venture_core.events.form import EventFormError
from venture_core.events.merkle import ProofError
from venture_core.events.notes import NoteFormatError, NoteSignatureError
from venture_core.events.policy import Policy
from venture_core.events.prove import EventProof, ProofFormatError
from venture_core.events.verify import Finding, Kind, verify_series

if TYPE_CHECKING:
    from pathlib import Path

LIST: list[dict[str, Any]] = json.loads((VECTORS / "vectors.json").read_text())
REFUSALS = (
    BundleError,
    CheckpointError,
    ConsistencyFormatError,
    EventFormError,
    NoteFormatError,
    NoteSignatureError,
    ProofError,
    ProofFormatError,
    UnicodeDecodeError,
)


def found_in(told: dict[str, Any]) -> Finding | None:
    """Verify the files of a vector, as `venture audit verify` does."""
    policy = Policy.parse((VECTORS / told["policy"]).read_text())
    files = [VECTORS / name for name in told["files"]]
    kept = None
    if "checkpoint" in told:
        kept = policy.open((VECTORS / told["checkpoint"]).read_bytes()).checkpoint
    try:
        match files[0].suffix:
            case ".tlog-proof":
                proof = EventProof.parse(files[0].read_bytes().decode())
                proof.verify(policy.open(proof.note).signers, origin=policy.origin)
                return None
            case ".tlog-consistency":
                assert kept is not None
                ConsistencyProof.parse(files[0].read_text()).verify(kept, policy)
                return None
            case _:
                return verify_series(list(map(open_bundle, files)), policy, known=kept).finding
    except BundleError as error:
        return Finding.of(error)
    except REFUSALS as error:
        # A proof has no findings of many kinds: it proves, or it does not.
        return Finding(Kind.DAMAGED, str(error))


@pytest.mark.parametrize("told", LIST, ids=[each["name"] for each in LIST])
def test_each_forgery_comes_to_its_finding(told: dict[str, Any]) -> None:
    finding = found_in(told)
    if told["verified"]:
        assert finding is None
        return
    assert finding is not None, f"{told['name']} verifies: {told['about']}"
    assert str(finding.kind) == told["finding"], finding.message
    assert finding.log_index == told.get("logIndex") or "logIndex" not in told, finding.message
    assert finding.message.isprintable() or "\x1b" not in finding.message


def test_there_are_enough_of_them() -> None:
    assert sum(not each["verified"] for each in LIST) >= 80
    assert len({each["name"] for each in LIST}) == len(LIST)
    assert {each["finding"] for each in LIST if "finding" in each} >= set(map(str, Kind)) - {
        "inserted"
    }


def test_they_are_what_is_committed(tmp_path: Path) -> None:
    write_all(tmp_path)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_bytes() for path in VECTORS.iterdir() if path.name != "README.md"}
    assert made.keys() == kept.keys()
    assert [name for name in made if made[name] != kept[name]] == []
