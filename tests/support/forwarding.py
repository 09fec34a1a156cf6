"""A port of this machine that leads into the cluster."""

import re
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def forwarded(kubeconfig: Path, namespace: str, target: str, port: int) -> Iterator[int]:
    """Forward a local port to `service/NAME` or `pod/NAME` while the context lasts."""
    command = ["kubectl", "--kubeconfig", str(kubeconfig), "--namespace", namespace]
    command += ["port-forward", "--address=127.0.0.1", target, f":{port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as forwarder:
        try:
            assert forwarder.stdout is not None
            # Trying the port instead would end it: kubectl gives up when a connection is reset.
            said = forwarder.stdout.readline()
            listening = re.match(r"Forwarding from 127\.0\.0\.1:(\d+)", said)
            assert listening, f"kubectl does not forward {target}: {said}"
            yield int(listening[1])
        finally:
            forwarder.terminate()
