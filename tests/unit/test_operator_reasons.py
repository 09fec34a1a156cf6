"""Every reason in a condition is a member of an enum, of which the reference page is made."""

import ast
import re
from pathlib import Path

import pytest
from venture_crds.v1alpha1.artifactbuild import ArtifactBuild
from venture_crds.v1alpha1.reasons import CommonReason

REPOSITORY = Path(__file__).resolve().parents[2]
OPERATOR = REPOSITORY / "operator" / "src" / "venture_operator"
SAYS_A_REASON = {
    "StalledError",
    "WaitingError",
    "TransientError",
    "UploadError",
    "Trouble",
    "working",
    "stalled",
    "ready",
    "waiting_plan",
    "stalled_plan",
}


@pytest.mark.parametrize("file", sorted(OPERATOR.rglob("*.py")), ids=lambda file: file.stem)
def test_no_reason_is_made_up_in_passing(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if isinstance(node.func, ast.Name):
            called = node.func.id
        if called not in SAYS_A_REASON:
            continue
        words = [each.value for each in node.args[:2] if isinstance(each, ast.Constant)]
        made_up = [each for each in words if re.fullmatch("[A-Z][A-Za-z0-9]*", str(each))]
        assert not made_up, f"{file.name}:{node.lineno} says {made_up[0]}"


def test_the_reference_lists_every_reason_with_its_meaning() -> None:
    page = (REPOSITORY / "docs" / "reference" / "artifactbuild.md").read_text()
    own = ArtifactBuild.kind_info.reasons
    assert own is not None
    for reason in (*own, *CommonReason):
        assert f"| `{reason}` | {reason.meaning} | {reason.retried} |" in page


def test_a_reason_is_a_word_for_programs_and_belongs_to_one_list() -> None:
    own = ArtifactBuild.kind_info.reasons
    assert own is not None
    words = [*map(str, own), *map(str, CommonReason)]
    assert len(set(words)) == len(words)
    assert all(word.isalnum() and word[0].isupper() for word in words)
