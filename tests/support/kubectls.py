"""kubectl, as somebody at a terminal runs it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def kubectl_of(kubeconfig: Path) -> Callable[..., str]:
    """Return what runs kubectl on a cluster and returns what it prints.

    It asserts that the command succeeds, or that it `fails` and then returns its complaint.
    """

    def run(*arguments: str, stdin: str | None = None, fails: bool = False) -> str:
        done = subprocess.run(
            ["kubectl", "--kubeconfig", str(kubeconfig), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout

    return run
