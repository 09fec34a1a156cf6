"""What runs inside the cluster from the start: DNS, storage, and the objects that Calico reads."""

from __future__ import annotations

import os
import shutil
import string
from pathlib import Path
from typing import TYPE_CHECKING

import layout
from layout import Layout
from ociimage import SmallImage
from progress import ClusterError

if TYPE_CHECKING:
    from kubectl import Kubectl

_MANIFESTS = Path(__file__).resolve().parent / "manifests"
_DEPLOYMENTS = (("kube-system", "coredns"), ("local-path-storage", "local-path-provisioner"))
_CA_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_READY_SECONDS = 120
_APPLETS = (
    "sh",
    "mkdir",
    "rm",
    "cat",
    "sleep",
    "nc",
    "nslookup",
    "ls",
    "id",
    "echo",
    "date",
    "env",
    "test",
)


def small_images(*, pause: Path, coredns: Path, programs: Path) -> dict[str, SmallImage]:
    """Return the images that the cluster itself runs, by the placeholder in the manifests."""
    busybox = Path(shutil.which("busybox") or "/bin/busybox")
    if not busybox.exists():
        raise ClusterError("busybox is not installed", next_step="apt-get install busybox-static")
    return {
        "PAUSE_IMAGE": SmallImage("venture-pause", ["/pause"], {"/pause": pause / "pause"}),
        "COREDNS_IMAGE": SmallImage(
            "venture-coredns",
            ["/coredns"],
            {
                "/coredns": coredns / "coredns",
                str(_CA_CERTIFICATES): _CA_CERTIFICATES,
            },
        ),
        "STORAGE_IMAGE": SmallImage(
            "venture-local-path-provisioner",
            ["/provisioner"],
            {"/provisioner": programs / "local-path-provisioner"},
        ),
        "BUSYBOX_IMAGE": SmallImage(
            "venture-busybox",
            ["/bin/sh"],
            {"/bin/busybox": busybox},
            {f"/bin/{name}": "busybox" for name in _APPLETS},
        ),
    }


def apply_calico(kubectl: Kubectl, crds: Path) -> None:
    """Create Calico's resource types, then the few objects and rights it needs."""
    kubectl.apply(crds.read_text())
    kubectl(
        "wait",
        "--for=condition=Established",
        "--timeout=30s",
        "crd/clusterinformations.crd.projectcalico.org",
        "crd/ippools.crd.projectcalico.org",
    )
    kubectl.apply(_render("calico.yaml", {"POD_CIDR": layout.POD_CIDR}))


def apply_workloads(kubectl: Kubectl, where: Layout, images: dict[str, str]) -> None:
    """Start DNS and the storage provisioner."""
    values = {
        "CLUSTER_DOMAIN": layout.CLUSTER_DOMAIN,
        "DNS_IP": layout.DNS_IP,
        "VOLUMES": str(where.volumes),
        **images,
    }
    kubectl.apply(
        "\n---\n".join(_render(name, values) for name in ("coredns.yaml", "storage.yaml"))
    )


def wait_workloads(kubectl: Kubectl) -> None:
    """Wait until DNS and the storage provisioner are available."""
    for namespace, name in _DEPLOYMENTS:
        kubectl(
            "rollout",
            "status",
            f"deployment/{name}",
            f"--namespace={namespace}",
            f"--timeout={_READY_SECONDS}s",
        )


def machine() -> str:
    """Return the processor architecture as the kernel names it."""
    return os.uname().machine


def _render(name: str, values: dict[str, str]) -> str:
    return string.Template((_MANIFESTS / name).read_text()).substitute(values)
