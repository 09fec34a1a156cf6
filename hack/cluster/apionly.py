"""etcd and the API server alone, on loopback: enough for schemas, CEL, RBAC and reconcilers.

There is no controller and no kubelet: no pod runs, a namespace never finishes deleting, owners do
not collect their children. Pods need no service account, as nothing would create one.
"""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, TextIO

import binaries
import controlplane
from controlplane import Endpoint
from pki import Authority, write_kubeconfig
from processes import Processes
from progress import ClusterError, say

if TYPE_CHECKING:
    from pathlib import Path

_ATTEMPTS = 3
_READY_SECONDS = 90
_SERVICE_CIDR = "10.97.0.0/16"
_FIRST_SERVICE_IP = "10.97.0.1"
_STOP_ORDER = ("kube-apiserver", "etcd")


def start(folder: Path) -> dict[str, object]:
    """Start (or find running) the instance in `folder`; return its kubeconfig and pids."""
    programs = binaries.ensure("kubernetes")
    folder.mkdir(parents=True, exist_ok=True)
    processes = Processes(folder)
    kubeconfig = folder / "kubeconfig"
    if not all(processes.running(name) for name in _STOP_ORDER):
        stop(folder)
        _start_on_free_ports(programs, folder, processes, kubeconfig)
    running = {name: processes.running(name) for name in _STOP_ORDER}
    return {
        "kubeconfig": str(kubeconfig),
        "pids": {name: found.pid for name, found in running.items() if found},
    }


def serve(folder: Path, until: TextIO) -> None:
    """Start the instance in `folder`, print it as JSON, and stop it when `until` ends.

    The other end of `until` closes with the process that holds it, however that one ends: no
    instance outlives its user.
    """
    try:
        print(json.dumps(start(folder)), flush=True)
        until.read()
    finally:
        stop(folder)


def stop(folder: Path) -> None:
    """Stop the instance in `folder`; its data stay."""
    processes = Processes(folder)
    for name in _STOP_ORDER:
        processes.stop(name)


def _start_on_free_ports(
    programs: Path, folder: Path, processes: Processes, kubeconfig: Path
) -> None:
    # A free port may be taken by someone else before the server binds it: then try others.
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _start(programs, folder, processes, kubeconfig)
        except ClusterError as error:
            stop(folder)
            if attempt == _ATTEMPTS or not _port_was_taken(processes):
                raise
            say(f"{error.what}; a port was taken, trying others")
    return None


def _start(programs: Path, folder: Path, processes: Processes, kubeconfig: Path) -> None:
    pki = Authority(folder / "pki")
    serve, etcd_client, etcd_peer = (Endpoint("127.0.0.1", port) for port in free_ports(3))
    admin = pki.client("admin", user="venture-admin", group=controlplane.ADMIN_GROUP)
    processes.start(
        controlplane.etcd(
            programs / "etcd",
            folder / "etcd",
            pki,
            client=etcd_client,
            peer=etcd_peer,
            durable=False,
        )
    )
    processes.start(
        controlplane.api_server(
            programs / "kube-apiserver",
            pki,
            serve=serve,
            etcd_client=etcd_client,
            service_cidr=_SERVICE_CIDR,
            first_service_ip=_FIRST_SERVICE_IP,
            extra=[
                "--bind-address=127.0.0.1",
                "--endpoint-reconciler-type=none",
                "--disable-admission-plugins=ServiceAccount",
                "--watch-cache=true",
            ],
        )
    )
    controlplane.wait_ready(processes, serve, pki.ca.cert, admin, seconds=_READY_SECONDS)
    write_kubeconfig(kubeconfig, server=serve.url, ca=pki.ca.cert, client=admin)


def _port_was_taken(processes: Processes) -> bool:
    logs = (processes.log(name) for name in _STOP_ORDER)
    return any(
        "address already in use" in log.read_text(errors="replace") for log in logs if log.exists()
    )


def free_ports(count: int) -> list[int]:
    """Return `count` different TCP ports that are free on loopback at this moment."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [int(open_socket.getsockname()[1]) for open_socket in sockets]
    finally:
        for open_socket in sockets:
            open_socket.close()
