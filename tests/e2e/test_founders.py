"""Founders on a real cluster: they sign in, hand over work, and say yes or no, as themselves."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from launches import EXAMPLES
from waiting import patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WORKFLOW = """
apiVersion: venture.parpour.dev/v1alpha1
kind: Workflow
metadata: {name: asked}
spec:
  objective: Ask somebody else
  budget: {currency: USD}
  tasks:
    - name: review
      approval: {message: "May it be so?"}
"""


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


@pytest.fixture
def administrator(kubeconfig: Path, namespace: str, tmp_path: Path) -> Person:
    """Return who owns the cluster and is signed in nowhere."""
    return Person("", namespace, kubeconfig, tmp_path / "administrator")


@pytest.fixture
def hired(
    administrator: Person, kubeconfig: Path, namespace: str, tmp_path: Path
) -> Iterator[Callable[[str], Person]]:
    """Make an account of a role, and sign it in; its account goes with the test."""
    hired: list[str] = []

    def hire(role: str) -> Person:
        account = f"{role.lower()}-{secrets.token_hex(4)}"
        made = ("account", "create", account, "--role", role, "--in", namespace)
        password = administrator.venture(*made)
        hired.append(account)
        person = Person(account, namespace, kubeconfig, tmp_path / account)
        person.sign_in(password)
        return person

    yield hire
    listed = json.loads(administrator.venture("account", "list", "-o", "json"))
    for account in [each["account"] for each in listed if not each["disabled"]]:
        if account in hired:
            administrator.venture("account", "disable", account)


@pytest.mark.timeout(240)
async def test_a_founder_hands_over_work_and_another_person_says_yes(
    hired: Callable[[str], Person],
    administrator: Person,
    kubectl: Callable[..., str],
    namespace: str,
    tmp_path: Path,
) -> None:
    kubectl("-n", namespace, "apply", "-f", str(EXAMPLES / "policy" / "starter.yaml"))
    kubectl("-n", namespace, "wait", "--for=condition=Ready", "pb/default", "--timeout=60s")
    founder, controller = hired("Founder"), hired("Finance")
    file = tmp_path / "asked.yaml"
    file.write_text(WORKFLOW)

    assert "review" in founder.venture("workflow", "plan", str(file))
    founder.venture("workflow", "submit", str(file))

    async def waiting() -> list[str]:
        return controller.venture("approvals", "-o", "name").split()

    assert await patiently(waiting, bool) == ["workflow/asked/review"]
    # The word of who asks does not count, and who signs for money starts nothing.
    founder.venture("deny", "workflow/asked/review", "-m", "by myself")
    controller.venture("workflow", "submit", str(file), "--name", "mine", fails=True)
    controller.venture("approve", "workflow/asked/review", "-m", "it is right")
    founder.venture("workflow", "watch", "asked", "--timeout", "2m")

    asked = json.loads(kubectl("-n", namespace, "get", "workflow", "asked", "-o", "json"))
    (review,) = asked["status"]["tasks"]
    assert (asked["status"]["phase"], review["phase"]) == ("Succeeded", "Succeeded")
    assert review["output"]["approvals"] == 1
    assert asked["spec"]["requester"]["user"] == f"venture:{founder.account}"

    # Nothing of another namespace, and nothing at all once the account is ended.
    founder.venture("workflow", "list", "--namespace", "venture-system", fails=True)
    administrator.venture("account", "disable", founder.account)
    assert "venture login" in founder.venture("workflow", "list", fails=True)
