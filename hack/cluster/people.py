"""People of a development cluster: kubeconfigs with which one acts as somebody else.

They hold the credentials of the kubeconfig they are made from, which may impersonate others.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from paths import cache_dir

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl import Kubectl


def kubeconfig_as(kubectl: Kubectl, user: str, namespace: str) -> Path:
    """Write a kubeconfig for `user` in a namespace, readable by us alone; return its path."""
    flags = ("--raw", "--minify", "--flatten", "--output=json")
    config = json.loads(kubectl("config", "view", *flags))
    config["users"][0]["user"]["as"] = user
    config["contexts"][0]["context"]["namespace"] = namespace
    path = cache_dir() / "people" / f"{user.replace(':', '-')}.kubeconfig"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(config))
    return path
