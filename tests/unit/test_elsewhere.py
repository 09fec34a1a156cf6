"""Every example has the same bytes elsewhere: another clock, zone, language, seed, folder, machine.

Two surroundings that have nothing in common build all of them, each in one process.
"""

from functools import cache
from typing import TYPE_CHECKING

import pytest
from artifactexamples import all_examples, compiled
from elsewhere import SURROUNDINGS, digests_in
from soaking import profile
from venture_core.artifacts.targets import TARGETS
from venture_core.canonical import sha256_hex

if TYPE_CHECKING:
    from pathlib import Path

ALL = all_examples()
EXAMPLES = {
    name: chosen for name, chosen in ALL.items() if chosen.target != "Video" or profile() == "soak"
}
"""A video takes longer than all others together: it is left to the long form."""


@cache
def here(name: str) -> tuple[str, str]:
    made = compiled(EXAMPLES[name].document, EXAMPLES[name].target)
    return made.sha256, sha256_hex(made.thumbnail) if made.thumbnail else ""


@pytest.fixture(scope="module", params=SURROUNDINGS, ids=str)
def elsewhere(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[str, str]]:
    folder: Path = tmp_path_factory.mktemp("elsewhere")
    return digests_in(SURROUNDINGS[request.param], EXAMPLES, folder)


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_has_the_same_bytes_there(name: str, elsewhere: dict[str, tuple[str, str]]) -> None:
    assert elsewhere[name] == here(name)


def test_there_is_an_example_of_each_target() -> None:
    assert {chosen.target for chosen in ALL.values()} == {each.name for each in TARGETS}
