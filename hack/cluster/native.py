"""The whole native cluster: start, stop, remove, look at."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import addons
import binaries
import calico
import containerd
import controlplane
import images
import layout
import network
import node
import packages
import teardown
from kubectl import Kubectl
from layout import Layout
from locking import exclusive
from paths import state_dir
from pki import Authority, Pair, write_kubeconfig
from processes import Processes, Service
from progress import ClusterError, say, step, wait_until

if TYPE_CHECKING:
    from pathlib import Path

# Nothing may restart a container while the pods end; the API server waits for clients that remain.
_STOPPED_BEFORE_PODS = ("kubelet", "containerd")
_STOPPED_AFTER_PODS = (
    "kube-scheduler",
    "kube-controller-manager",
    "kube-proxy",
    "felix",
    "kube-apiserver",
    "etcd",
)
_SERVICES = (*_STOPPED_BEFORE_PODS, *_STOPPED_AFTER_PODS)
_HEALTH_CHECKS = {
    "kube-proxy": f"http://127.0.0.1:{node.PROXY_HEALTH_PORT}/healthz",
    "felix": f"http://127.0.0.1:{calico.HEALTH_PORT}/readiness",
}
_LOCK = "native-cluster"
_SEE_EVENTS = "look at `kubectl get pods,events -A`"
_CLIENT_LIMITS = ("--kube-api-qps=200", "--kube-api-burst=400")


def up() -> Path:
    """Start what does not run yet and wait until pods can run; return the admin's kubeconfig."""
    with exclusive(_LOCK):
        return _up(Layout(state_dir()))


def _up(where: Layout) -> Path:
    _claim(where)
    processes = Processes(where.state)
    packages.ensure(packages.CLUSTER, processes.log("packages"))
    programs = binaries.ensure("kubernetes")
    infrastructure = addons.small_images(
        pause=binaries.ensure("pause"), coredns=binaries.ensure("coredns"), programs=programs
    )
    references = {
        place: image.reference(addons.machine()) for place, image in infrastructure.items()
    }
    with step("Starting the native cluster", where.state / "logs"):
        network.up(where)
        node.ensure_cgroup()
        pki = Authority(where.pki)
        _start_control_plane(programs, where, processes, pki)
        teardown.remove_dead_sockets(where)
        client = containerd.start(where, processes, references["PAUSE_IMAGE"])
        containerd.load_missing(
            client,
            {references[place]: image for place, image in infrastructure.items()},
            addons.machine(),
        )
        kubectl = Kubectl(where.kubeconfig)
        _start_network_policy(binaries.ensure("calico"), where, processes, pki, kubectl)
        if _start_node(programs, where, processes, pki, kubectl):
            _wait_statuses_true(kubectl, client)
        addons.apply_workloads(kubectl, where, references)
        addons.wait_workloads(kubectl)
        for name in _SERVICES:
            processes.require(name)
    return where.kubeconfig


def stop() -> None:
    """End every process of the cluster and keep its data, as a reboot would."""
    where = Layout(state_dir())
    if where.marker.exists():
        with exclusive(_LOCK), step(f"Stopping the native cluster in {where.state}"):
            _end_everything(where)


def down() -> None:
    """End every process of the cluster and remove every trace of it; the cache stays."""
    where = Layout(state_dir())
    if not where.state.exists():
        say("No native cluster: nothing to remove")
        return
    if not where.marker.exists():
        raise ClusterError(
            f"{where.state} was not made by this cluster",
            next_step="check VENTURE_STATE_DIR; nothing was removed",
        )
    with exclusive(_LOCK), step(f"Removing the native cluster in {where.state}"):
        _end_everything(where)
        teardown.remove_traces(where)
        shutil.rmtree(where.state)


def status() -> dict[str, object]:
    """Return where the cluster is and which of its processes run."""
    where = Layout(state_dir())
    processes = Processes(where.state)
    pids = {
        name: process.pid if (process := processes.running(name)) else None for name in _SERVICES
    }
    return {"state": str(where.state), "kubeconfig": str(where.kubeconfig), "pids": pids}


def load_images(names: list[str]) -> dict[str, str]:
    """Build the named images (none: all) and load them; return their references by name."""
    where = Layout(state_dir())
    built = images.build_with_buildah(names)
    images.load(containerd.Containerd(where, Processes(where.state).log("images")), built)
    return images.references(built)


def _claim(where: Layout) -> None:
    if os.geteuid() != 0:
        raise ClusterError("the native cluster needs root", next_step="run the command as root")
    if where.state.exists() and not where.marker.exists() and any(where.state.iterdir()):
        raise ClusterError(
            f"{where.state} holds something else",
            next_step="set VENTURE_STATE_DIR to an empty folder",
        )
    where.state.mkdir(parents=True, exist_ok=True)
    # Pods reach volumes and their own files below; everything secret has its own closed folder.
    where.state.chmod(0o755)
    where.marker.touch()
    for folder in (where.config, where.etcd):
        folder.mkdir(mode=0o700, exist_ok=True)
    for folder in (where.containerd, where.cni, where.kubelet, where.pod_logs, where.volumes):
        folder.mkdir(exist_ok=True)


def _end_everything(where: Layout) -> None:
    processes = Processes(where.state)
    for name in _STOPPED_BEFORE_PODS:
        processes.stop(name)
    teardown.end_pods(where)
    for name in _STOPPED_AFTER_PODS:
        processes.stop(name)
    network.down(where)
    teardown.unmount_all(where)


def _kubeconfig(where: Layout, pki: Authority, name: str, *, user: str, group: str = "") -> Path:
    path = where.config / f"{name}.kubeconfig"
    client = pki.client(name, user=user, group=group)
    write_kubeconfig(path, server=layout.API.url, ca=pki.ca.cert, client=client)
    return path


def _start_control_plane(
    programs: Path, where: Layout, processes: Processes, pki: Authority
) -> None:
    processes.start(
        controlplane.etcd(
            programs / "etcd",
            where.etcd,
            pki,
            client=layout.ETCD_CLIENT,
            peer=layout.ETCD_PEER,
            durable=True,
        )
    )
    to_kubelet = pki.client(
        "apiserver-kubelet", user="kube-apiserver-kubelet", group=controlplane.ADMIN_GROUP
    )
    processes.start(
        controlplane.api_server(
            programs / "kube-apiserver",
            pki,
            serve=layout.API,
            etcd_client=layout.ETCD_CLIENT,
            service_cidr=layout.SERVICE_CIDR,
            first_service_ip=layout.FIRST_SERVICE_IP,
            extra=_api_server_flags(pki, to_kubelet),
        )
    )
    admin = pki.client("admin", user="venture-admin", group=controlplane.ADMIN_GROUP)
    controlplane.wait_ready(processes, layout.API, pki.ca.cert, admin, seconds=120)
    write_kubeconfig(where.kubeconfig, server=layout.API.url, ca=pki.ca.cert, client=admin)
    processes.start(_controller_manager(programs, where, pki))
    scheduler = _kubeconfig(where, pki, "scheduler", user="system:kube-scheduler")
    processes.start(
        Service(
            "kube-scheduler",
            (
                str(programs / "kube-scheduler"),
                f"--kubeconfig={scheduler}",
                "--bind-address=127.0.0.1",
                "--leader-elect=false",
                *_CLIENT_LIMITS,
            ),
        )
    )


def _api_server_flags(pki: Authority, to_kubelet: Pair) -> list[str]:
    return [
        f"--bind-address={layout.NODE_IP}",
        "--endpoint-reconciler-type=lease",
        "--allow-privileged=true",
        "--enable-admission-plugins=NodeRestriction",
        f"--kubelet-client-certificate={to_kubelet.cert}",
        f"--kubelet-client-key={to_kubelet.key}",
        f"--kubelet-certificate-authority={pki.ca.cert}",
        "--kubelet-preferred-address-types=InternalIP",
    ]


def _controller_manager(programs: Path, where: Layout, pki: Authority) -> Service:
    kubeconfig = _kubeconfig(
        where, pki, "controller-manager", user="system:kube-controller-manager"
    )
    signing, _ = pki.signing_keys("service-accounts")
    return Service(
        "kube-controller-manager",
        (
            str(programs / "kube-controller-manager"),
            f"--kubeconfig={kubeconfig}",
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
            "--use-service-account-credentials",
            "--allocate-node-cidrs=false",
            f"--root-ca-file={pki.ca.cert}",
            f"--service-account-private-key-file={signing}",
            "--concurrent-job-syncs=20",
            *_CLIENT_LIMITS,
        ),
    )


def _start_network_policy(
    programs: Path,
    where: Layout,
    processes: Processes,
    pki: Authority,
    kubectl: Kubectl,
) -> None:
    addons.apply_calico(kubectl, programs / "crds.yaml")
    plugin = _kubeconfig(where, pki, "cni", user="venture:cni")
    calico.install_plugin(
        programs, where, plugin, mtu=network.uplink_mtu(), log=processes.log("calico-cni")
    )
    processes.start(calico.felix(programs, _kubeconfig(where, pki, "felix", user="venture:felix")))


def _start_node(
    programs: Path, where: Layout, processes: Processes, pki: Authority, kubectl: Kubectl
) -> bool:
    """Start kube-proxy and the kubelet, wait for both, and say whether the kubelet is a new one."""
    proxy = _kubeconfig(where, pki, "kube-proxy", user="system:kube-proxy")
    processes.start(node.kube_proxy(programs / "kube-proxy", where, proxy))
    kubelet = _kubeconfig(
        where, pki, "kubelet-client", user=f"system:node:{layout.NODE}", group="system:nodes"
    )
    # The API may tell of the node as it was before a crash: only a new heartbeat counts.
    is_new = processes.running("kubelet") is None
    before = _ready_heartbeat(kubectl) if is_new else None
    processes.start(node.kubelet(programs / "kubelet", where, pki, kubelet))
    log = processes.log("kubelet")

    def ready() -> bool:
        processes.require("kubelet")
        heartbeat = _ready_heartbeat(kubectl)
        return heartbeat not in ("", before)

    wait_until("the node is ready", ready, seconds=120, every=0.3, log=log, next_step=f"read {log}")
    for name, url in _HEALTH_CHECKS.items():
        processes.wait_healthy(name, url, seconds=90)
    return is_new


def _ready_heartbeat(kubectl: Kubectl) -> str:
    """Return when the kubelet last said that the node is ready, or nothing when it is not."""
    path = '{range .status.conditions[?(@.type=="Ready")]}{.status} {.lastHeartbeatTime}{end}'
    found = kubectl("get", "nodes", layout.NODE, "--ignore-not-found", f"--output=jsonpath={path}")
    return found.removeprefix("True ") if found.startswith("True ") else ""


def _wait_statuses_true(kubectl: Kubectl, client: containerd.Containerd) -> None:
    """Wait until all containers run that the API calls running: it may tell of before a crash."""

    def check() -> bool:
        pods = kubectl.json("get", "pods", "--all-namespaces")["items"]
        statuses = [status for pod in pods for status in pod["status"].get("containerStatuses", [])]
        claimed = {
            status["containerID"].removeprefix("containerd://")
            for status in statuses
            if "running" in status["state"]
        }
        return claimed <= client.running()

    wait_until(
        "the state of all pods is known", check, seconds=60, every=0.3, next_step=_SEE_EVENTS
    )
