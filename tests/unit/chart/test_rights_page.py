"""The page of rights says what the rendered chart gives."""

import subprocess
import sys
from typing import TYPE_CHECKING

from surroundings import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path


def test_the_page_of_rights_is_what_the_chart_gives(tools: Path) -> None:
    script = str(REPOSITORY / "hack" / "rights.py")
    command = [sys.executable, script, str(tools / "helm"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
