"""containerd with its own configuration, data and socket, apart from any other on the machine."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from processes import Processes, Service
from progress import ClusterError, output, run, step, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from layout import Layout
    from ociimage import SmallImage

_CONFIG = """\
version = 2
root = "{root}/root"
state = "{root}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
                    "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{root}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  # Lowering a score needs CAP_SYS_RESOURCE. Root lacks it on some virtual machines, and then no
  # sandbox would start.
  restrict_oom_score_adj = true
  # Whatever is mounted below the state folder is found and unmounted when the cluster goes.
  netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{cni}/bin"
  conf_dir = "{cni}/net.d"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = false
  Root = "{root}/runc"
"""


class Containerd:
    """The running containerd of one cluster."""

    def __init__(self, where: Layout, log: Path) -> None:
        """Talk to the socket of this cluster; image loads are logged to `log`."""
        self._socket = where.containerd_socket
        self._log = log

    def images(self) -> set[str]:
        """Return the names of all images that it holds."""
        listed = output(
            self._ctr("images", "list", "--quiet"), next_step="start the cluster: `make up`"
        )
        return set(listed.split())

    def load(self, archive: Path) -> None:
        """Load an OCI archive under the names that it carries."""
        run(
            self._ctr("images", "import", archive),
            log=self._log,
            next_step="mend what the log names, then run again",
        )

    def running(self) -> set[str]:
        """Return the ids of all containers that run."""
        lines = output(
            self._ctr("tasks", "list"), next_step="start the cluster: `make up`"
        ).splitlines()
        return {line.split()[0] for line in lines if line.endswith("RUNNING")}

    def _ctr(self, *arguments: str | Path) -> list[str | Path]:
        return ["ctr", "--address", self._socket, "--namespace", "k8s.io", *arguments]


def start(where: Layout, processes: Processes, pause_image: str) -> Containerd:
    """Start containerd and wait until it answers."""
    config = where.config / "containerd.toml"
    settings = _CONFIG.format(
        root=where.containerd, socket=where.containerd_socket, pause=pause_image, cni=where.cni
    )
    program = shutil.which("containerd")
    if program is None:
        raise ClusterError("containerd is not installed", next_step="apt-get install containerd")
    processes.start(
        Service("containerd", (program, "--config", str(config)), files={config: settings})
    )
    client = Containerd(where, processes.log("images"))

    def answers() -> bool:
        processes.require("containerd")
        try:
            client.images()
        except ClusterError:
            return False
        return True

    log = processes.log("containerd")
    wait_until("containerd answers", answers, seconds=30, log=log, next_step=f"read {log}")
    return client


def load_missing(client: Containerd, wanted: Mapping[str, SmallImage], machine: str) -> None:
    """Build and load the small images that containerd does not hold yet."""
    held = client.images()
    for reference, image in wanted.items():
        if reference in held:
            continue
        with step(f"Loading {reference}"), tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "image.tar"
            image.write_archive(archive, reference=reference, machine=machine)
            client.load(archive)
