"""Where tests are: the repository they are of, and the machine they run on."""

import os
import secrets
import socket
from collections import deque
from contextlib import suppress
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "charts" / "venture"
FIRST_PORT = 10_000
PORTS = 2_000
"""How many a worker has."""
_GIVEN: deque[int] = deque(maxlen=PORTS // 2)


def free_port() -> int:
    """Return a port that nobody listens on, at whichever address: services take all of them.

    Workers of one run have ranges of their own, below what clients' connections are given, and none
    is given again soon: what is free is still so when a server gets there.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = FIRST_PORT + worker * PORTS + secrets.randbelow(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("0.0.0.0", port))  # noqa: S104
            if port not in _GIVEN:
                _GIVEN.append(port)
                return port
