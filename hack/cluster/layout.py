"""The fixed facts of the native cluster: its addresses, names and folders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlplane import Endpoint

if TYPE_CHECKING:
    from pathlib import Path

NODE = "venture"
LINK = "cni0"
NODE_IP = "10.88.0.1"
POD_CIDR = "10.88.0.0/16"
FIRST_POD_IP = "10.88.1.0"
SERVICE_CIDR = "10.96.0.0/16"
FIRST_SERVICE_IP = "10.96.0.1"
DNS_IP = "10.96.0.10"
CLUSTER_DOMAIN = "cluster.local"
CGROUP = "venture"
CNI_NETWORK = "venture"

API = Endpoint(NODE_IP, 6443)
ETCD_CLIENT = Endpoint("127.0.0.1", 2379)
ETCD_PEER = Endpoint("127.0.0.1", 2380)


@dataclass(frozen=True)
class Layout:
    """The folders and files of one native cluster, all below its state folder."""

    state: Path

    @property
    def marker(self) -> Path:
        """File that says: `cluster up` made this folder, `cluster down` may remove it."""
        return self.state / ".venture-native-cluster"

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of the administrator."""
        return self.state / "kubeconfig"

    @property
    def before(self) -> Path:
        """Record of what the host looked like before the first start."""
        return self.state / "host-before.json"

    @property
    def pki(self) -> Path:
        """Keys and certificates."""
        return self.state / "pki"

    @property
    def config(self) -> Path:
        """Generated configuration files and kubeconfigs of the components."""
        return self.state / "config"

    @property
    def etcd(self) -> Path:
        """Data of etcd."""
        return self.state / "etcd"

    @property
    def containerd(self) -> Path:
        """Images, snapshots and runtime state of containerd."""
        return self.state / "containerd"

    @property
    def containerd_socket(self) -> Path:
        """Socket of containerd."""
        return self.containerd / "containerd.sock"

    @property
    def tasks(self) -> Path:
        """Bundles of running containers."""
        return self.containerd / "state" / "io.containerd.runtime.v2.task" / "k8s.io"

    @property
    def sandboxes(self) -> Path:
        """One folder for each pod sandbox that containerd knows, named by its id."""
        return self.containerd / "root" / "io.containerd.grpc.v1.cri" / "sandboxes"

    @property
    def cni(self) -> Path:
        """CNI plugins, configuration and leases."""
        return self.state / "cni"

    @property
    def kubelet(self) -> Path:
        """Working folder of the kubelet."""
        return self.state / "kubelet"

    @property
    def pod_logs(self) -> Path:
        """Logs of containers."""
        return self.state / "pod-logs"

    @property
    def volumes(self) -> Path:
        """Persistent volumes."""
        return self.state / "volumes"
