"""Founders on a real cluster: they sign in, hand over work, and say yes or no, as themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from launches import EXAMPLES
from waiting import patiently

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from persons import Person

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


@pytest.mark.timeout(240)
async def test_a_founder_hands_over_work_and_another_person_says_yes(
    hired: Callable[..., Person],
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
    told = founder.venture("deny", "workflow/asked/review", "-m", "by myself", fails=True)
    assert "your word does not count" in told
    assert f"venture:{founder.account} asked for it" in told
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
