"""Ending pods and removing traces, working from what is on disk alone: containerd need not answer, nor even run.

Nothing is found by a program's name. Containers are the members of our cgroup; their shims carry our socket's path on
their command line; mounts, sockets and log links are those that point into our state folder.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import layout
from layout import Layout
from progress import ClusterError

_CGROUPS = Path("/sys/fs/cgroup")
_CONTAINER_LINKS = Path("/var/log/containers")
_SHIM_SOCKETS = Path("/run/containerd/s")
_END_SECONDS = 20


def end_pods(where: Layout) -> None:
    """Kill every process of every pod, then the shims that watched over them."""
    sockets = [
        Path(path.read_text().removeprefix("unix://")) for path in where.tasks.glob("*/address")
    ]
    # Shims first would orphan containers; containers first lets the shims reap them.
    _kill_all(_cgroup_members, "pods")
    _kill_all(lambda: _shims(where), "container shims")
    for path in sockets:
        if path.parent == _SHIM_SOCKETS:
            path.unlink(missing_ok=True)
    _remove_cgroups()


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


def remove_log_links(where: Layout) -> None:
    """Remove the links to our pods' logs that the kubelet makes outside its folder."""
    if not _CONTAINER_LINKS.is_dir():
        return
    for link in _CONTAINER_LINKS.iterdir():
        if link.is_symlink() and link.readlink().is_relative_to(where.pod_logs):
            link.unlink()
    if not any(_CONTAINER_LINKS.iterdir()):
        _CONTAINER_LINKS.rmdir()


def mounts_below(folder: Path, mountinfo: str) -> Iterator[str]:
    """Yield the mount points below a folder in the order they were mounted, from the text of mountinfo."""
    for line in mountinfo.splitlines():
        point = line.split()[4].encode().decode("unicode_escape")
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
