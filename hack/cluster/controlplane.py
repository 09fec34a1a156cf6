"""etcd and the Kubernetes control plane as command lines, and how to know that they are ready."""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from processes import Processes, Service
from progress import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pki import Authority, Pair

ADMIN_GROUP = "system:masters"


@dataclass(frozen=True)
class Endpoint:
    """An address that a server listens on."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Return the HTTPS address."""
        return f"https://{self.host}:{self.port}"


def etcd(
    program: Path, data: Path, pki: Authority, *, client: Endpoint, peer: Endpoint, durable: bool
) -> Service:
    """Return the one-member etcd; without `durable` it skips flushes and may lose data."""
    pair = pki.server("etcd", common_name="etcd", hosts=["127.0.0.1", "localhost"])
    tls = [
        f"--cert-file={pair.cert}",
        f"--key-file={pair.key}",
        f"--trusted-ca-file={pki.ca.cert}",
        "--client-cert-auth",
    ]
    peer_tls = [
        f"--peer-cert-file={pair.cert}",
        f"--peer-key-file={pair.key}",
        f"--peer-trusted-ca-file={pki.ca.cert}",
        "--peer-client-cert-auth",
    ]
    return Service(
        "etcd",
        (
            str(program),
            "--name=venture",
            f"--data-dir={data}",
            f"--listen-client-urls={client.url}",
            f"--advertise-client-urls={client.url}",
            *tls,
            f"--listen-peer-urls={peer.url}",
            f"--initial-advertise-peer-urls={peer.url}",
            f"--initial-cluster=venture={peer.url}",
            *peer_tls,
            "--auto-compaction-mode=periodic",
            "--auto-compaction-retention=5m",
            "--quota-backend-bytes=4294967296",
            "--log-level=warn",
            *([] if durable else ["--unsafe-no-fsync"]),
        ),
    )


def api_server(
    program: Path,
    pki: Authority,
    *,
    serve: Endpoint,
    etcd_client: Endpoint,
    service_cidr: str,
    first_service_ip: str,
    extra: Sequence[str],
) -> Service:
    """Return the API server, with role-based access control and the `extra` flags of its mode."""
    hosts = [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "localhost",
        "127.0.0.1",
        first_service_ip,
    ]
    pair = pki.server(
        "apiserver", common_name="kube-apiserver", hosts=list(dict.fromkeys([*hosts, serve.host]))
    )
    to_etcd = pki.client("apiserver-etcd", user="kube-apiserver-etcd")
    private, public = pki.signing_keys("service-accounts")
    proxy_authority, proxy = pki.front_proxy()
    return Service(
        "kube-apiserver",
        (
            str(program),
            f"--advertise-address={serve.host}",
            f"--secure-port={serve.port}",
            f"--tls-cert-file={pair.cert}",
            f"--tls-private-key-file={pair.key}",
            f"--client-ca-file={pki.ca.cert}",
            f"--etcd-servers={etcd_client.url}",
            f"--etcd-cafile={pki.ca.cert}",
            f"--etcd-certfile={to_etcd.cert}",
            f"--etcd-keyfile={to_etcd.key}",
            f"--service-cluster-ip-range={service_cidr}",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={public}",
            f"--service-account-signing-key-file={private}",
            # For aggregated APIs: whom it forwards, and how those behind it know that it was it.
            f"--requestheader-client-ca-file={proxy_authority.cert}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={proxy.cert}",
            f"--proxy-client-key-file={proxy.key}",
            "--authorization-mode=Node,RBAC",
            "--profiling=false",
            *extra,
        ),
    )


def ready(endpoint: Endpoint, ca: Path, client: Pair) -> bool:
    """Say whether the API server answers that all its parts are ready."""
    context = ssl.create_default_context(cafile=str(ca))
    context.load_cert_chain(client.cert, client.key)
    connection = http.client.HTTPSConnection(
        endpoint.host, endpoint.port, timeout=5, context=context
    )
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait_ready(
    processes: Processes, endpoint: Endpoint, ca: Path, client: Pair, *, seconds: float
) -> None:
    """Wait for the API server; raise ClusterError at once when it or etcd has ended."""

    def check() -> bool:
        processes.require("etcd")
        processes.require("kube-apiserver")
        return ready(endpoint, ca, client)

    log = processes.log("kube-apiserver")
    wait_until(
        "the API server is ready",
        check,
        seconds=seconds,
        log=log,
        next_step=f"read {log} and its etcd.log",
    )
