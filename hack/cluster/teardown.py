"""Ending pods and removing traces, from what is on disk alone: containerd need not even run.

Nothing is found by a program's name. Containers are the members of our cgroup; their shims carry
the path of our socket on their command line; mounts and log links lead into our state folder.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import layout
from layout import Layout
from progress import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CGROUPS = Path("/sys/fs/cgroup")
_END_SECONDS = 20
_OCTAL = re.compile(r"\\([0-7]{3})")  # how mountinfo writes spaces and the like
# Places outside the state folder, fixed in the programs that use them.
_SHIM_SOCKETS = Path("/run/containerd/s")
_CONTAINER_LINKS = Path("/var/log/containers")
_CNI_RESULTS = Path("/var/lib/cni/results")
_DEVICE_PLUGIN_SOCKET = Path("/var/lib/kubelet/device-plugins/kubelet.sock")
_CALICO_MTU = Path("/var/lib/calico/mtu")


def end_pods(where: Layout) -> None:
    """Kill every process of every pod, then the shims that watched over them."""
    # Shims first would orphan containers; containers first lets the shims reap them.
    _kill_all(_cgroup_members, "pods")
    _kill_all(lambda: _shims(where), "container shims")
    remove_dead_sockets(where)
    _remove_cgroups()


def remove_dead_sockets(where: Layout) -> None:
    """Remove the sockets of our shims that ended without doing so themselves."""
    for bundle in where.tasks.glob("*/address"):
        socket = Path(bundle.read_text().removeprefix("unix://"))
        if socket.parent == _SHIM_SOCKETS:
            _remove_if_dead(socket)


def remove_traces(where: Layout) -> None:
    """Remove what our programs wrote outside the state folder, and folders this leaves empty."""
    for link in _entries(_CONTAINER_LINKS):
        if link.is_symlink() and link.readlink().is_relative_to(where.pod_logs):
            link.unlink()
    sandboxes = {path.name for path in _entries(where.sandboxes)}
    for result in _entries(_CNI_RESULTS):
        if sandboxes & set(result.name.split("-")):
            result.unlink()
    _CALICO_MTU.unlink(missing_ok=True)
    _remove_if_dead(_DEVICE_PLUGIN_SOCKET)
    for folder in (
        _SHIM_SOCKETS,
        _CONTAINER_LINKS,
        _CNI_RESULTS,
        _DEVICE_PLUGIN_SOCKET.parent,
        _CALICO_MTU.parent,
    ):
        _remove_if_empty(folder)
    for parent in (_SHIM_SOCKETS.parent, _CNI_RESULTS.parent, _DEVICE_PLUGIN_SOCKET.parent.parent):
        _remove_if_empty(parent)


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _remove_if_dead(socket: Path) -> None:
    """Remove a Unix socket that no process listens on."""
    if str(socket) not in Path("/proc/net/unix").read_text().split():
        socket.unlink(missing_ok=True)


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not _entries(folder):
        folder.rmdir()


def unmount_all(where: Layout) -> None:
    """Unmount everything below the state folder, the latest mount first."""
    for mount in reversed(
        list(mounts_below(where.state, Path("/proc/self/mountinfo").read_text()))
    ):
        done = subprocess.run(
            ["umount", "--lazy", mount], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise ClusterError(
                f"cannot unmount {mount}: {done.stderr.strip()}",
                next_step="find who uses it: `fuser -m`",
            )


def mounts_below(folder: Path, mountinfo: str) -> Iterator[str]:
    """Yield the mount points below a folder in the order of mounting, out of mountinfo."""
    for line in mountinfo.splitlines():
        point = _OCTAL.sub(lambda found: chr(int(found[1], 8)), line.split()[4])
        if Path(point).is_relative_to(folder):
            yield point


def _kill_all(find: Callable[[], list[int]], what: str) -> None:
    deadline = time.monotonic() + _END_SECONDS
    while handles := find():
        for handle in handles:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            os.close(handle)
        if time.monotonic() > deadline:
            raise ClusterError(
                f"{what} do not end", next_step="look at them with `ps`; a reboot ends them"
            )
        time.sleep(0.1)


def _cgroup_members() -> list[int]:
    """Return pidfds of all processes in our cgroup, in whichever hierarchy."""
    pids = {
        int(line)
        for root in _cgroup_roots()
        for procs in root.rglob("cgroup.procs")
        for line in procs.read_text().split()
    }
    return [handle for pid in pids if (handle := _open(pid)) is not None]


def _shims(where: Layout) -> list[int]:
    """Return pidfds of the shims whose command line names our containerd's socket."""
    handles = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or (handle := _open(int(entry.name))) is None:
            continue
        # Read after opening: what is signalled is what was looked at.
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            words = [b""]
        if (
            Path(os.fsdecode(words[0])).name.startswith("containerd-shim")
            and os.fsencode(where.containerd_socket) in words
        ):
            handles.append(handle)
        else:
            os.close(handle)
    return handles


def _open(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except OSError:  # gone, or a thread's id rather than a process's
        return None


def _cgroup_roots() -> list[Path]:
    return [
        path
        for path in (_CGROUPS / layout.CGROUP, *_CGROUPS.glob(f"*/{layout.CGROUP}"))
        if path.is_dir()
    ]


def _remove_cgroups() -> None:
    for root in _cgroup_roots():
        for folder in sorted((path for path in root.rglob("*") if path.is_dir()), reverse=True):
            folder.rmdir()
        root.rmdir()
