"""PDFs, pictures and boards have the same bytes in any process, place and time."""

import hashlib
from typing import Any

import pytest
from artifactexamples import compiled, compiled_example, example
from venture_core.artifacts.fonts.faces import FILES_DIGEST, SCRIPTS_DIGEST
from venture_core.artifacts.picture.target import IMAGE
from venture_core.artifacts.report.target import PDF

REVISIONS = {"Pdf": 5, "Image": 2}
TARGETS = (PDF, IMAGE)
GOLDEN = {
    "hello-pages": "4f7a231c61ee992b0dd8762a4bb01e93950c948e69bd9c6461870eca15a5828f",
    "hello-world": "611484dda03b3f712618e65c85c8d94796dcd9abffd8e3e67c136649309c2f48",
    "launch-card": "a66a2ce77cbb8bd43b52153d5070f161fb07f8d8a2d6ae84b9c2fd3d883a06f5",
    "order-board": "4fe0bfb74d24d3ec4884dcda045eaf5044a18869ea21cf6afc39a7e3c5b119f0",
    "treasury-report": "678eed2111cacd8dc5fbcee74825c23bac9f88025641912a518a245f9f313fe3",
}
"""SHA-256 of each example. Whoever changes one raises its target's revision with it."""


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_the_example_has_its_golden_digest(name: str) -> None:
    artifact = compiled_example(name)
    assert artifact.sha256 == hashlib.sha256(artifact.data).hexdigest()
    assert artifact.sha256 == GOLDEN[name], (
        f"{name} renders to {artifact.sha256}: if that is wanted, raise the target's revision, "
        "and put revision and digest in here"
    )


def test_the_revisions_are_those_of_the_digests() -> None:
    assert {target.name: target.toolchain.revision for target in TARGETS} == REVISIONS


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_the_toolchain_is_installed_and_names_the_font_files(target: Any) -> None:
    target.toolchain.verify_installed()
    assert target.toolchain.id.endswith(f"-{FILES_DIGEST}-{SCRIPTS_DIGEST}")


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_another_day_and_a_second_time_give_the_same_bytes(name: str, time_machine: Any) -> None:
    today = compiled_example(name).sha256
    time_machine.move_to("2031-02-03T04:05:06Z")
    chosen = example(name)
    assert compiled(chosen.document, chosen.target).sha256 == today
