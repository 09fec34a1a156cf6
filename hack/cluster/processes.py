"""Long-running processes, each known by its pid and the moment it started, stopped by nothing else.

A pid alone may belong to another program after a crash or a reboot; pid, start time and boot
together cannot.
"""

from __future__ import annotations

import contextlib
import hashlib
import http
import json
import os
import select
import signal
import subprocess
import urllib.request
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from progress import ClusterError, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

_STATE_FIELD, _START_FIELD = 0, 19  # of /proc/<pid>/stat, counted after the parenthesised name
_LOG_BYTES_MAX = 50_000_000


@dataclass(frozen=True)
class Service:
    """A program to keep running: its name, command line, extra environment and own files.

    The files are written before the start, and only when they changed: some programs end when one
    is touched.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[Path, str] = field(default_factory=dict)

    def identity(self) -> str:
        """Return a hash of all that decides how the program behaves."""
        files = {str(path): text for path, text in self.files.items()}
        return hashlib.sha256(
            json.dumps([self.argv, dict(self.env), files], sort_keys=True).encode()
        ).hexdigest()


@dataclass(frozen=True)
class Process:
    """One started service as recorded on disk."""

    pid: int
    start_ticks: int
    boot_id: str
    service: str

    def open(self) -> int | None:
        """Return a pidfd of the process, or None when it has ended; the caller closes it."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return None
        # The handle pins the process, so an identity checked after opening stays true.
        if self.boot_id == boot_id() and start_ticks(self.pid) == self.start_ticks:
            return handle
        os.close(handle)
        return None

    def alive(self) -> bool:
        """Say whether this very process still runs."""
        handle = self.open()
        if handle is None:
            return False
        os.close(handle)
        return True


def boot_id() -> str:
    """Return the identity of the current boot of this machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_ticks(pid: int) -> int | None:
    """Return when a process started, in ticks since boot; None when it is gone or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = parse_stat(stat)
    return None if fields[_STATE_FIELD] in "ZX" else int(fields[_START_FIELD])


def parse_stat(stat: str) -> list[str]:
    """Split /proc/<pid>/stat after the name, which may hold spaces and parentheses itself."""
    return stat[stat.rindex(")") + 2 :].split()


class Processes:
    """The services of one folder: records in `run/`, output in `logs/`."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`; nothing is created before the first start."""
        self._records = folder / "run"
        self._logs = folder / "logs"

    def log(self, name: str) -> Path:
        """Return the file that holds the output of a service."""
        return self._logs / f"{name}.log"

    def names(self) -> list[str]:
        """Return the names of all recorded services, running or not."""
        return sorted(path.stem for path in self._records.glob("*.json"))

    def recorded(self, name: str) -> Process | None:
        """Return the record of a service, whether or not it still runs."""
        try:
            return Process(**json.loads((self._records / f"{name}.json").read_text()))
        except FileNotFoundError:
            return None

    def running(self, name: str) -> Process | None:
        """Return the record of a service that runs now."""
        process = self.recorded(name)
        return process if process is not None and process.alive() else None

    def start(self, service: Service) -> Process:
        """Make sure that the service runs exactly as described; leave it alone if it does."""
        running = self.running(service.name)
        if running is not None:
            if running.service == service.identity():
                return running
            self.stop(service.name)
        for path, text in service.files.items():
            path.write_text(text)
        return self._spawn(service)

    def stop(self, name: str, *, grace_seconds: float = 20) -> None:
        """Ask a service to end, kill it after the grace period, and forget it."""
        process = self.recorded(name)
        if process is None:
            return
        handle = process.open()
        if handle is not None:
            with contextlib.closing(os.fdopen(handle, "rb")):
                _end(handle, name, grace_seconds)
        (self._records / f"{name}.json").unlink()

    def require(self, name: str) -> None:
        """Raise ClusterError, with the end of its log, when a service has ended."""
        if self.running(name) is None:
            raise ClusterError(
                f"{name} has ended",
                log=self.log(name),
                next_step="mend what the log names, then run the command again",
            )

    def wait_healthy(self, name: str, url: str, *, seconds: float) -> None:
        """Wait for a service's health check; raise ClusterError at once when it has ended."""

        def check() -> bool:
            self.require(name)
            try:
                with urllib.request.urlopen(url, timeout=2) as answer:
                    return bool(answer.status < http.HTTPStatus.MULTIPLE_CHOICES)
            except OSError:  # refused, timed out, or an error status
                return False

        log = self.log(name)
        wait_until(f"{name} is healthy", check, seconds=seconds, log=log, next_step=f"read {log}")

    def _spawn(self, service: Service) -> Process:
        self._records.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self.log(service.name)
        if log.exists() and log.stat().st_size > _LOG_BYTES_MAX:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as stream:
            try:
                child = subprocess.Popen(
                    service.argv,
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=stream,
                    cwd="/",
                    env={**os.environ, **service.env},
                    start_new_session=True,
                )
            except OSError as error:
                raise ClusterError(
                    f"cannot start {service.name}: {error}", next_step="see the message"
                ) from error
        process = Process(child.pid, start_ticks(child.pid) or 0, boot_id(), service.identity())
        # The process outlives this command on purpose; without this the interpreter warns about it.
        child.returncode = 0
        record = self._records / f"{service.name}.json"
        partial = record.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(process)))
        partial.replace(record)
        return process


def _end(handle: int, name: str, grace_seconds: float) -> None:
    for sign, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 10.0)):
        try:
            signal.pidfd_send_signal(handle, sign)
        except ProcessLookupError:
            return
        # A pidfd becomes readable at the moment its process ends.
        if select.select([handle], [], [], seconds)[0]:
            return
    raise ClusterError(
        f"{name} does not end, not even by SIGKILL",
        next_step="look at it with `ps`; a reboot ends it",
    )
