"""What needs no cluster starts without what only clusters need: imports are most of its time."""

from typing import TYPE_CHECKING

import pytest
from imported import TELL_IMPORTS, heavy_imports
from venture_cli.errors import ExitCode
from venturecommand import Venture

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "command", ["--help", "version", "artifact list --help", "artifact list", "audit --help"]
)
async def test_a_short_command_imports_nothing_heavy(command: str, tmp_path: Path) -> None:
    venture = Venture(tmp_path, tmp_path / "there-is-none", **TELL_IMPORTS)
    ended = await venture(*command.split())
    assert ended.code in {ExitCode.OK, ExitCode.UNREACHABLE}
    assert heavy_imports(ended) == set()
