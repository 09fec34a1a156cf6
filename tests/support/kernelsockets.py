"""What the kernel knows of connections on this machine."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Final

_KEEPALIVE: Final = "02"


def quiet_seconds(port: int) -> float:
    """Return after how long the connection from a local port asks its other side for a sign.

    Infinity where it never does, and while something it sent is not acknowledged.
    """
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, _, _, timer, *_ = line.split()
        kind, _, ticks = timer.partition(":")
        if int(local.partition(":")[2], 16) == port:
            due = int(ticks, 16) / os.sysconf("SC_CLK_TCK")
            return due if kind == _KEEPALIVE else math.inf
    raise AssertionError(f"no connection of this machine is from the port {port}")
