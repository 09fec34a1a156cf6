"""Modules and functions stay of a size that is read at once (docs/contributing.md)."""

import ast
import subprocess
from typing import TYPE_CHECKING

from surroundings import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

MODULE_LINES = 450
FUNCTION_LINES = 60
STORY_LINES = 90
"""Of a test: a story is told in one piece."""


def modules() -> list[Path]:
    """Return the modules of ours."""
    listed = ("git", "ls-files", "-z", "*.py")
    done = subprocess.run(listed, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    return [REPOSITORY / name for name in done.stdout.split("\0") if name]


def test_no_module_is_longer_than_it_may_be() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in modules()}
    assert len(lengths) > 500
    assert not {path: count for path, count in lengths.items() if count > MODULE_LINES}


def test_every_function_fits_a_screen() -> None:
    assert not {
        f"{path}: {node.name}"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= most_lines(path)
    }


def most_lines(path: Path) -> int:
    """Return how many lines a function of a module may have."""
    return STORY_LINES if "tests" in path.relative_to(REPOSITORY).parts else FUNCTION_LINES
