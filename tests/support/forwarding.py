"""A port of this machine that leads into the cluster."""

import re
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAUSE_SECONDS = 0.2


@contextmanager
def forwarded(kubeconfig: Path, namespace: str, target: str, port: int) -> Iterator[int]:
    """Forward a local port to `service/NAME` or `pod/NAME` while the context lasts.

    kubectl ends when a server resets a connection: then another one goes on with the same port.
    """
    command = ["kubectl", "--kubeconfig", str(kubeconfig), "--namespace", namespace]
    command += ["port-forward", "--address=127.0.0.1", target]
    forwarder, local = _start(command, f":{port}")
    assert local, f"kubectl does not forward {target}"
    done = threading.Event()

    def keep() -> None:
        nonlocal forwarder
        while not done.is_set():
            with forwarder:
                forwarder.wait()
            if not done.wait(PAUSE_SECONDS):
                forwarder, _ = _start(command, f"{local}:{port}")
        forwarder.terminate()
        with forwarder:
            forwarder.wait()

    keeper = threading.Thread(target=keep)
    keeper.start()
    try:
        yield local
    finally:
        done.set()
        while keeper.is_alive():
            forwarder.terminate()
            keeper.join(PAUSE_SECONDS)


def _start(command: list[str], ports: str) -> tuple[subprocess.Popen[str], int | None]:
    """Start kubectl; return it and the local port, once it listens there or has given up."""
    forwarder = subprocess.Popen([*command, ports], stdout=subprocess.PIPE, text=True)
    assert forwarder.stdout is not None
    listening = re.match(r"Forwarding from 127\.0\.0\.1:(\d+)", forwarder.stdout.readline())
    return forwarder, int(listening[1]) if listening else None
