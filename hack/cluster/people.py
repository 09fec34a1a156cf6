"""People of the story: accounts of founders' API, which this machine makes and signs in.

Each has a folder in the cache that nobody else may read: the password that was printed once when
the account was made, and the sign-in that `venture` keeps.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paths import cache_dir
from progress import output

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl import Kubectl

_NEXT = "read the message; `venture account list` tells who there is"


@dataclass(frozen=True)
class Person:
    """Somebody with an account and a role in one namespace."""

    account: str
    role: str
    """Founder or Finance."""
    namespace: str

    @property
    def password(self) -> Path:
        """The file with the account's password."""
        return self._folder / "password"

    def come_in(self, kubectl: Kubectl, venture: Path) -> None:
        """Make the account unless this machine has it, and sign in."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        administrator = environment(kubectl)
        if not self._is_known(kubectl, venture):
            made = [venture, "account", "create", self.account, "--role", self.role]
            secret = output([*made, "--in", self.namespace], env=administrator, next_step=_NEXT)
            self.password.touch(mode=0o600)
            self.password.write_text(secret)
        output(
            [venture, "login", self.account, "--password-stdin", "--namespace", self.namespace],
            env=self.environment(kubectl),
            stdin=self.password.read_text(),
            next_step=_NEXT,
        )

    def environment(self, kubectl: Kubectl) -> dict[str, str]:
        """Return the environment in which `venture` acts as this person."""
        return {**environment(kubectl), "XDG_CONFIG_HOME": str(self._folder)}

    def how_to_sign_in(self) -> str:
        """Return the command for somebody at a terminal."""
        return (
            f"venture login {self.account} --namespace {self.namespace}"
            f" --password-stdin < {self.password}"
        )

    @property
    def _folder(self) -> Path:
        return _people() / self.account

    def _is_known(self, kubectl: Kubectl, venture: Path) -> bool:
        """Whether account, rights and password are there; an account that lacks one is ended."""
        administrator = environment(kubectl)
        listed = [venture, "account", "list", "-o", "json"]
        found = json.loads(output(listed, env=administrator, next_step=_NEXT))
        active = any(each["account"] == self.account and not each["disabled"] for each in found)
        label = f"venture.parpour.dev/account={self.account}"
        bound = kubectl("get", "rolebindings", "-n", self.namespace, "-l", label, "-o", "name")
        if active and bound and self.password.exists():
            return True
        if active:
            output(
                [venture, "account", "disable", self.account], env=administrator, next_step=_NEXT
            )
        return False


def environment(kubectl: Kubectl) -> dict[str, str]:
    """Return the environment in which `venture` acts as who owns the cluster, signed in or not."""
    nobody = str(_people() / "nobody")
    return {**os.environ, "KUBECONFIG": str(kubectl.kubeconfig), "XDG_CONFIG_HOME": nobody}


def _people() -> Path:
    return cache_dir() / "people"
