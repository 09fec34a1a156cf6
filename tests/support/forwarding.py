"""A port of this machine that leads into the cluster."""

import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from surroundings import free_port
from tenacity import Retrying, stop_after_delay, wait_fixed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def forwarded(kubeconfig: Path, namespace: str, target: str, port: int) -> Iterator[int]:
    """Forward a local port to `service/NAME` or `pod/NAME` while the context lasts."""
    local = free_port()
    command = ["kubectl", "--kubeconfig", str(kubeconfig), "--namespace", namespace]
    command += ["port-forward", target, f"{local}:{port}"]
    forwarder = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for attempt in Retrying(wait=wait_fixed(0.1), stop=stop_after_delay(20), reraise=True):
            with attempt, socket.create_connection(("127.0.0.1", local)):
                pass
        yield local
    finally:
        forwarder.terminate()
        forwarder.wait(timeout=10)
