"""Debian packages that the native cluster and the image builds need."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from typing import TYPE_CHECKING

from progress import run, step

if TYPE_CHECKING:
    from pathlib import Path

CLUSTER = (
    "busybox-static",
    "ca-certificates",
    "conntrack",
    "containerd",
    "containernetworking-plugins",
    "iproute2",
    "ipset",
    "iptables",
    "mount",
    "nftables",
    "openssl",
    "runc",
)
IMAGES = ("buildah", "debootstrap")


def ensure(names: tuple[str, ...], log: Path) -> None:
    """Install the packages that are missing; touch neither apt nor the network when none is."""
    absent = missing(names)
    if not absent:
        return
    with step(f"Installing Debian packages: {' '.join(absent)}", log):
        _update_lists(log)
        _apt_get("install", "--yes", "--no-install-recommends", *absent, log=log)


@cache
def _update_lists(log: Path) -> None:
    """Fetch the lists of packages, once in a run."""
    _apt_get("update", log=log)


def _apt_get(*arguments: str, log: Path) -> None:
    run(
        ["apt-get", *arguments],
        log=log,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        next_step="make `apt-get update` work, then run again",
        what=f"apt-get {arguments[0]}",
    )


def missing(names: tuple[str, ...]) -> list[str]:
    """Return the packages that dpkg does not report as installed."""
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *names]
    # dpkg-query ends with 1 when it does not know a name, and still prints the others.
    lines = subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines()
    installed = {line.split()[0] for line in lines if line.endswith(" installed")}
    return sorted(set(names) - installed)
