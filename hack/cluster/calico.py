"""Calico's CNI plugin, which wires pods, and Felix, which enforces NetworkPolicy."""

from __future__ import annotations

import json
from pathlib import Path

import layout
from layout import Layout
from processes import Service
from progress import ClusterError

HEALTH_PORT = 9099
_DEBIAN_PLUGINS = Path("/usr/lib/cni")
_DEBIAN_PLUGINS_USED = ("host-local", "loopback")


def install_plugin(programs: Path, where: Layout, kubeconfig: Path, *, mtu: int, log: Path) -> None:
    """Put the plugins and the network's configuration where containerd looks for them."""
    plugins = {"calico": programs / "calico"} | {
        name: _DEBIAN_PLUGINS / name for name in _DEBIAN_PLUGINS_USED
    }
    folder = where.cni / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in plugins.items():
        link = folder / name
        if not source.exists():
            raise ClusterError(
                f"{source} is missing", next_step="apt-get install containernetworking-plugins"
            )
        if not link.is_symlink() or link.readlink() != source:
            link.unlink(missing_ok=True)
            link.symlink_to(source)
    config = where.cni / "net.d" / "10-venture.conflist"
    config.parent.mkdir(exist_ok=True)
    config.write_text(json.dumps(_network(where, kubeconfig, mtu, log), indent=2))


def _network(where: Layout, kubeconfig: Path, mtu: int, log: Path) -> dict[str, object]:
    addresses = {"subnet": layout.POD_CIDR, "rangeStart": layout.FIRST_POD_IP}
    plugin = {
        "type": "calico",
        "datastore_type": "kubernetes",
        "nodename": layout.NODE,
        "nodename_file_optional": True,
        "mtu": mtu,
        "log_file_path": str(log),
        "log_level": "warning",
        "ipam": {
            "type": "host-local",
            "ranges": [[addresses]],
            "dataDir": str(where.cni / "leases"),
        },
        "policy": {"type": "k8s"},
        "kubernetes": {"kubeconfig": str(kubeconfig)},
    }
    return {"name": layout.CNI_NETWORK, "cniVersion": "0.3.1", "plugins": [plugin]}


def felix(programs: Path, kubeconfig: Path) -> Service:
    """Return Felix; every setting comes from its environment."""
    settings = {
        "DATASTORETYPE": "kubernetes",
        "FELIXHOSTNAME": layout.NODE,
        "IPV6SUPPORT": "false",
        # The default would cut every pod off from the API server, which listens on the host.
        "DEFAULTENDPOINTTOHOSTACTION": "ACCEPT",
        "IPTABLESBACKEND": "nft",
        "XDPENABLED": "false",
        "USAGEREPORTINGENABLED": "false",
        "HEALTHENABLED": "true",
        "HEALTHHOST": "127.0.0.1",
        "HEALTHPORT": str(HEALTH_PORT),
        "LOGFILEPATH": "none",
        "LOGSEVERITYFILE": "none",
        "LOGSEVERITYSYS": "none",
        "LOGSEVERITYSCREEN": "warning",
    }
    environment = {f"FELIX_{name}": value for name, value in settings.items()} | {
        "KUBECONFIG": str(kubeconfig)
    }
    return Service("felix", (str(programs / "calico-felix"), "-c", "/nonexistent"), environment)
