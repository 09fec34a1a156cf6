"""The node: kubelet and kube-proxy."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import layout
from layout import Layout
from processes import Service

if TYPE_CHECKING:
    from pki import Authority, Pair

PROXY_HEALTH_PORT = 10256
_SYSTEMD_RESOLVED = Path("/run/systemd/resolve/resolv.conf")


def kubelet(program: Path, where: Layout, pki: Authority, kubeconfig: Path) -> Service:
    """Return the kubelet."""
    serving = pki.server(
        "kubelet", common_name=f"system:node:{layout.NODE}", hosts=[layout.NODE_IP, layout.NODE]
    )
    config = where.config / "kubelet.json"
    settings = json.dumps(_kubelet_config(where, pki, serving), indent=2)
    return Service(
        "kubelet",
        (
            str(program),
            f"--config={config}",
            f"--kubeconfig={kubeconfig}",
            f"--root-dir={where.kubelet}",
            f"--cert-dir={where.kubelet / 'pki'}",
            f"--hostname-override={layout.NODE}",
            f"--node-ip={layout.NODE_IP}",
        ),
        files={config: settings},
    )


def _kubelet_config(where: Layout, pki: Authority, serving: Pair) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": layout.NODE_IP,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki.ca.cert)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(serving.cert),
        "tlsPrivateKeyFile": str(serving.key),
        "clusterDNS": [layout.DNS_IP],
        "clusterDomain": layout.CLUSTER_DOMAIN,
        # A resolver on loopback is of no use inside a pod.
        "resolvConf": str(_SYSTEMD_RESOLVED if _SYSTEMD_RESOLVED.exists() else "/etc/resolv.conf"),
        "containerRuntimeEndpoint": f"unix://{where.containerd_socket}",
        "cgroupDriver": "cgroupfs",
        # A cgroup of our own: whatever runs in it is a pod of this cluster.
        "cgroupRoot": f"/{layout.CGROUP}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "makeIPTablesUtilChains": False,
        "podLogsDir": str(where.pod_logs),
        "volumePluginDir": str(where.kubelet / "volume-plugins"),
        "maxPods": 250,
        # Images cannot be pulled again: collecting them would break the cluster.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "memory.available": "200Mi",
            "nodefs.available": "2Gi",
            "imagefs.available": "2Gi",
        },
        "registryPullQPS": 0,
        "serializeImagePulls": False,
        "kubeAPIQPS": 200,
        "kubeAPIBurst": 400,
        "eventRecordQPS": 100,
        "eventBurst": 200,
    }


def ensure_cgroup() -> None:
    """Create the root cgroup of all pods, in each hierarchy that the machine has."""
    root = Path("/sys/fs/cgroup")
    if (root / "cgroup.controllers").exists():
        (root / layout.CGROUP).mkdir(exist_ok=True)
        wanted = " ".join(f"+{name}" for name in (root / "cgroup.controllers").read_text().split())
        (root / "cgroup.subtree_control").write_text(wanted)
        return
    for controller in sorted(root.iterdir()):
        if (
            controller.is_dir()
            and not controller.is_symlink()
            and os.access(controller / "cgroup.procs", os.W_OK)
        ):
            (controller / layout.CGROUP).mkdir(exist_ok=True)


def kube_proxy(program: Path, where: Layout, kubeconfig: Path) -> Service:
    """Return kube-proxy in nftables mode."""
    config = where.config / "kube-proxy.json"
    settings = json.dumps(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "nftables",
            "clientConnection": {"kubeconfig": str(kubeconfig)},
            "clusterCIDR": layout.POD_CIDR,
            "hostnameOverride": layout.NODE,
            "healthzBindAddress": f"127.0.0.1:{PROXY_HEALTH_PORT}",
            "metricsBindAddress": "127.0.0.1:10249",
            "oomScoreAdj": 0,
            # The host's connection tracking is the host's business.
            "conntrack": {
                "maxPerCore": 0,
                "min": 0,
                "tcpEstablishedTimeout": "0s",
                "tcpCloseWaitTimeout": "0s",
            },
        },
        indent=2,
    )
    return Service("kube-proxy", (str(program), f"--config={config}"), files={config: settings})
