"""kubectl of the cache, always told which cluster it talks to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import binaries
from progress import output

if TYPE_CHECKING:
    from pathlib import Path

_NEXT = "read the message; `kubectl get events -A` tells more"


class Kubectl:
    """kubectl for the cluster of one kubeconfig, whatever the environment says."""

    def __init__(self, kubeconfig: Path) -> None:
        """Use the current context of this kubeconfig."""
        self.kubeconfig = kubeconfig

    def __call__(self, *arguments: str, stdin: str = "", next_step: str = _NEXT) -> str:
        """Run one command; return its output or raise ClusterError with its complaint."""
        program = binaries.ensure("kubernetes") / "kubectl"
        return output(
            [program, "--kubeconfig", self.kubeconfig, *arguments], stdin=stdin, next_step=next_step
        )

    def apply(self, manifests: str) -> None:
        """Apply manifests on the server's side, owning every field they set."""
        self("apply", "--server-side", "--force-conflicts", "--filename=-", stdin=manifests)

    def json(self, *arguments: str) -> dict[str, Any]:
        """Run one command that gets objects and return them; nothing gives an empty object."""
        text = self(*arguments, "--output=json")
        return dict(json.loads(text)) if text.strip() else {}
