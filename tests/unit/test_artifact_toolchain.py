"""The toolchain's identity is what is locked, bundled and installed."""

import hashlib
import tomllib
from dataclasses import replace

import pytest
from surroundings import REPOSITORY
from venture_core.artifacts.deck.target import PPTX
from venture_core.artifacts.fonts.faces import SCRIPTS_DIGEST
from venture_core.artifacts.toolchain import ToolchainMismatchError

FONT_DATA = REPOSITORY / "core" / "src" / "venture_core" / "artifacts" / "fonts" / "data"


def test_the_versions_are_those_of_the_lock() -> None:
    lock = tomllib.loads((REPOSITORY / "uv.lock").read_text())
    locked = {package["name"]: package["version"] for package in lock["package"]}
    for library, pinned in PPTX.toolchain.libraries:
        assert locked[library] == pinned, (
            f"the lock has {library} {locked[library]}: put it into toolchain.py, and raise the "
            "revision if any golden digest changes"
        )


def test_the_fonts_are_those_that_are_bundled() -> None:
    digest = hashlib.sha256()
    for table in sorted(FONT_DATA.glob("*.json")):
        digest.update(table.read_bytes())
    assert PPTX.toolchain.fonts == f"{digest.hexdigest()[:16]}-{SCRIPTS_DIGEST}"


def test_the_identity_names_every_part() -> None:
    identity = PPTX.toolchain.id
    assert identity.startswith(f"pptx-{PPTX.toolchain.revision} budoux-")
    for library, pinned in PPTX.toolchain.libraries:
        assert f" {library}-{pinned}" in identity
    assert identity.endswith(f" fonts-{PPTX.toolchain.fonts}")
    assert PPTX.toolchain.libraries == tuple(sorted(PPTX.toolchain.libraries))
    assert len(identity) <= 512


def test_what_is_installed_is_verified() -> None:
    PPTX.toolchain.verify_installed()
    other = replace(PPTX.toolchain, libraries=(("deflate", "0.0.1"), ("no-such-library", "1")))
    with pytest.raises(ToolchainMismatchError, match=r"deflate 0\.0\.1 is pinned") as caught:
        other.verify_installed()
    assert "no-such-library 1 is pinned, nothing is installed" in str(caught.value)
