"""The same document gives the same bytes: in any process, place and time, under one toolchain."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from venture_core.artifacts.compile import compile_artifact
from venture_core.artifacts.deck.target import PPTX
from venture_core.artifacts.documents import parse_ir
from venture_core.artifacts.gates import GateSettings

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

GOLDEN_REVISION = 6
GOLDEN = {
    "board-deck": "97cee9512f945f9653c6d973eb85175fdf69e9bdb17a57b8a056e943b395abea",
    "hello-deck": "cff77e1fad9a9f748f8dcfdfe78d7c5b7ee14daeaba9b98cefca267f4a63d9ea",
}
"""SHA-256 of each example's deck. Whoever changes one raises the toolchain's revision with it."""

RENDER = """
import hashlib, sys, time
from venture_core.artifacts.compile import compile_artifact
from venture_core.artifacts.gates import GateSettings
from venture_core.artifacts.documents import parse_ir
ir = parse_ir(sys.stdin.buffer.read())
print(compile_artifact(ir=ir, assets={}, gates=GateSettings(), target="Pptx").sha256)
"""


def document(example: str) -> bytes:
    """Return the document that the example's build would compile."""
    manifests = list(yaml.safe_load_all((EXAMPLES / f"{example}.yaml").read_text()))
    by_kind: dict[str, Any] = {manifest["kind"]: manifest for manifest in manifests}
    source = by_kind["ArtifactBuild"]["spec"]["source"]
    if "inline" in source:
        return json.dumps(source["inline"]).encode()
    return str(by_kind["ConfigMap"]["data"][source["configMapRef"]["key"]]).encode()


def rendered_here(example: str) -> str:
    artifact = compile_artifact(
        ir=parse_ir(document(example)), assets={}, gates=GateSettings(), target="Pptx"
    )
    assert artifact.sha256 == hashlib.sha256(artifact.data).hexdigest()
    return artifact.sha256


@pytest.mark.parametrize("example", sorted(GOLDEN))
def test_the_example_has_its_golden_digest(example: str) -> None:
    digest = rendered_here(example)
    assert digest == GOLDEN[example], (
        f"{example} renders to {digest}: if that is wanted, raise the revision in toolchain.py and "
        "GOLDEN_REVISION here, and put the new digests in"
    )
    assert PPTX.toolchain.revision == GOLDEN_REVISION


def test_rendering_again_changes_nothing() -> None:
    assert rendered_here("board-deck") == rendered_here("board-deck")


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "0"},
        {"PYTHONHASHSEED": "12345", "TZ": "Pacific/Kiritimati"},
        {"PYTHONHASHSEED": "99", "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0"},
        {"LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "tr", "TZ": "America/St_Johns"},
        {"PYTHONOPTIMIZE": "2", "HOME": "/nonexistent", "USER": "somebody"},
        {"SOURCE_DATE_EPOCH": "1", "PYTHONDONTWRITEBYTECODE": "1"},
    ],
    ids=lambda environment: next(iter(environment)),
)
def test_another_process_gives_the_same_bytes(environment: dict[str, str], tmp_path: Path) -> None:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, "-c", RENDER],
        input=document("board-deck"),
        stdout=subprocess.PIPE,
        env={**clean, **environment},
        cwd=tmp_path,
        check=True,
    )
    assert done.stdout.decode().strip() == rendered_here("board-deck")


def test_another_day_gives_the_same_bytes(time_machine: Any) -> None:
    today = rendered_here("board-deck")
    time_machine.move_to("2031-02-03T04:05:06Z")
    assert rendered_here("board-deck") == today


def test_meaning_counts_not_spelling() -> None:
    spec = parse_ir(document("hello-deck"))
    respelled = json.dumps(
        spec.model_dump(mode="json", by_alias=True), indent=4, sort_keys=True, ensure_ascii=True
    )
    again = compile_artifact(
        ir=parse_ir(respelled.encode()), assets={}, gates=GateSettings(), target="Pptx"
    )
    assert again.sha256 == rendered_here("hello-deck")
