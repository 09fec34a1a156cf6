"""The host's part of the network: a link with the node's address, forwarding, packet-filter rules.

Pods are wired by the Calico plugin with one routed link each; nothing is plugged into the bridge.
It only carries the node's address, because not every kernel has dummy devices.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import layout
from layout import Layout
from progress import ClusterError, output

_NEXT = "run as root on a machine whose kernel has bridges and nftables"
_FORWARD = Path("/proc/sys/net/ipv4/ip_forward")
_BPF = Path("/sys/fs/bpf")
_POD_LINK = re.compile(r"cali[0-9a-f]{11}")
_KUBE_PROXY_TABLES = ("ip kube-proxy", "ip6 kube-proxy")


def up(where: Layout) -> None:
    """Create the node's link and switch forwarding on; remember what the host had before."""
    if not where.before.exists():
        _check_nobody_is_here()
        before = {
            "ip_forward": _FORWARD.read_text().strip(),
            "tables": nft_tables(),
            "bpf_mounted": _BPF.is_mount(),
        }
        where.before.write_text(json.dumps(before))
    if layout.LINK not in links():
        output(["ip", "link", "add", layout.LINK, "type", "bridge"], next_step=_NEXT)
    output(
        ["ip", "address", "replace", f"{layout.NODE_IP}/32", "dev", layout.LINK], next_step=_NEXT
    )
    output(["ip", "link", "set", layout.LINK, "up"], next_step=_NEXT)
    _FORWARD.write_text("1")


def down(where: Layout) -> None:
    """Undo `up`, and remove what kube-proxy, Felix and the CNI plugin left."""
    if not where.before.exists():
        return
    for name in links():
        if _is_ours(name):
            output(["ip", "link", "delete", name], next_step=_NEXT)
    present = nft_tables()
    for table in _KUBE_PROXY_TABLES:
        if table in present:
            output(["nft", "delete", "table", *table.split()], next_step=_NEXT)
    _remove_felix_rules()
    before = json.loads(where.before.read_text())
    _delete_tables_left_empty(before["tables"])
    _FORWARD.write_text(before["ip_forward"])
    if _BPF.is_mount() and not before["bpf_mounted"]:
        output(["umount", _BPF], next_step=_NEXT)  # Felix mounts it


def links() -> list[str]:
    """Return the names of all network links."""
    return [link["ifname"] for link in json.loads(output(["ip", "-json", "link"], next_step=_NEXT))]


def _is_ours(link: str) -> bool:
    return link == layout.LINK or _POD_LINK.fullmatch(link) is not None


def nft_tables() -> list[str]:
    """Return all packet-filter tables as `family name`."""
    listed = json.loads(output(["nft", "-j", "list", "tables"], next_step=_NEXT))["nftables"]
    return [
        f"{entry['table']['family']} {entry['table']['name']}"
        for entry in listed
        if "table" in entry
    ]


def uplink_mtu() -> int:
    """Return the packet size of the link with the default route, which pods must not exceed."""
    routes = json.loads(output(["ip", "-json", "route", "show", "default"], next_step=_NEXT))
    if not routes:
        raise ClusterError(
            "the machine has no default route", next_step="add one: Calico and DNS need it"
        )
    return int(Path(f"/sys/class/net/{routes[0]['dev']}/mtu").read_text())


def _check_nobody_is_here() -> None:
    """Raise ClusterError when another cluster's network would be fought with, or taken for ours."""
    foreign = [name for name in links() if _is_ours(name)]
    if foreign:
        raise ClusterError(
            f"another cluster's network is here: {', '.join(foreign)}",
            next_step="stop that cluster, or use it: set VENTURE_KUBE_CONTEXT",
        )
    for address in (layout.FIRST_POD_IP, layout.FIRST_SERVICE_IP):
        route = json.loads(output(["ip", "-json", "route", "get", address], next_step=_NEXT))[0]
        if "gateway" not in route:
            raise ClusterError(
                f"{address} is already routed to {route.get('dev')}",
                next_step=f"free {layout.POD_CIDR} and {layout.SERVICE_CIDR} of other clusters",
            )


def without_felix(rules: str) -> str:
    """Return an iptables-save dump without the chains and rules of Felix."""
    return "".join(line for line in rules.splitlines(keepends=True) if "cali" not in line)


def _remove_felix_rules() -> None:
    rules = output(["iptables-save"], next_step=_NEXT)
    if "cali" in rules:
        output(["iptables-restore"], stdin=without_felix(rules), next_step=_NEXT)
    sets = subprocess.run(
        ["ipset", "list", "-name"], capture_output=True, text=True, check=False
    ).stdout.split()
    for name in sets:
        if name.startswith("cali"):
            output(["ipset", "destroy", name], next_step=_NEXT)


def _delete_tables_left_empty(before: list[str]) -> None:
    for table in nft_tables():
        if table not in before and table.startswith("ip ") and not _has_rules(table):
            output(["nft", "delete", "table", *table.split()], next_step=_NEXT)


def _has_rules(table: str) -> bool:
    listed = json.loads(output(["nft", "-j", "list", "table", *table.split()], next_step=_NEXT))[
        "nftables"
    ]
    return any("rule" in entry for entry in listed)
