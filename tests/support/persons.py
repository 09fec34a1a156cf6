"""Somebody with an account of founders' API, or the administrator who makes such accounts."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Person:
    """Somebody at a terminal with a configuration folder of their own."""

    account: str
    namespace: str
    kubeconfig: Path
    home: Path

    def venture(self, *arguments: str, stdin: str = "", fails: bool = False) -> str:
        """Run the command line; return what it prints, or its complaint."""
        surroundings = {
            **os.environ,
            "KUBECONFIG": str(self.kubeconfig),
            "XDG_CONFIG_HOME": str(self.home),
        }
        done = subprocess.run(
            [sys.executable, "-m", "venture_cli", *arguments],
            input=stdin,
            env=surroundings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout

    def sign_in(self, password: str) -> None:
        """Sign in, by a forwarded port."""
        flags = ("--namespace", self.namespace, "--password-stdin")
        self.venture("login", self.account, *flags, stdin=password)
