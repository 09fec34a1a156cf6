"""What the person at the terminal sees: steps with elapsed time, and failures with a next step.

Everything goes to standard error, so that standard output stays free for results.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_STARTED = time.monotonic()
_LOG_LINES_SHOWN = 15


class ClusterError(Exception):
    """A failure that a person can act on: what went wrong, where it is logged, what to do next."""

    def __init__(self, what: str, *, next_step: str, log: Path | None = None) -> None:
        """Keep the three parts; the last lines of `log` are read when the error is shown."""
        super().__init__(what)
        self.what = what
        self.next_step = next_step
        self.log = log

    def describe(self) -> str:
        """Give the whole failure as lines of text."""
        lines = [f"error: {self.what}"]
        if self.log is not None and self.log.exists():
            lines.append(f"last lines of {self.log}:")
            lines += [f"    {line}" for line in last_lines(self.log, _LOG_LINES_SHOWN)]
        lines.append(f"next step: {self.next_step}")
        return "\n".join(lines)


def last_lines(path: Path, count: int) -> list[str]:
    """Return at most `count` lines from the end of a log, reading no more than its last 64 KiB."""
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 65536))
        return stream.read().decode(errors="replace").splitlines()[-count:]


def say(text: str) -> None:
    """Print one line with the seconds since the command started."""
    print(f"[{time.monotonic() - _STARTED:6.1f}s] {text}", file=sys.stderr, flush=True)


@contextmanager
def step(what: str, log: Path | None = None) -> Iterator[None]:
    """Announce a long step, and say how long it took when it succeeds."""
    say(f"{what} …" + (f" (log: {log})" if log else ""))
    began = time.monotonic()
    yield
    say(f"{what}: done in {time.monotonic() - began:.1f} s")


def run(
    argv: Sequence[str | Path],
    *,
    log: Path,
    next_step: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a program to its end with its output appended to `log`.

    Raises ClusterError when it cannot be started or ends with a status other than 0.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        stream.write(f"+ {' '.join(map(str, argv))}\n".encode())
        stream.flush()
        try:
            code = subprocess.run(
                [str(part) for part in argv],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                cwd=cwd,
                env=env,
                check=False,
            ).returncode
        except OSError as error:
            raise ClusterError(f"cannot run {argv[0]}: {error}", next_step=next_step) from error
    if code != 0:
        raise ClusterError(
            f"{Path(argv[0]).name} ended with status {code}", log=log, next_step=next_step
        )


def output(argv: Sequence[str | Path], *, next_step: str, stdin: str = "") -> str:
    """Run a short program and return what it printed, or raise ClusterError with its complaint."""
    try:
        done = subprocess.run(
            [str(part) for part in argv], input=stdin, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise ClusterError(f"cannot run {argv[0]}: {error}", next_step=next_step) from error
    if done.returncode != 0:
        words = " ".join(map(str, argv[:6]))
        raise ClusterError(
            f"`{words}` failed: {done.stderr.strip() or done.stdout.strip()}", next_step=next_step
        )
    return done.stdout


def wait_until(
    what: str,
    check: Callable[[], bool],
    *,
    seconds: float,
    next_step: str,
    log: Path | None = None,
    every: float = 0.1,
) -> None:
    """Call `check` until it is true; raise ClusterError when `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise ClusterError(
                f"{what}: not so after {seconds:.0f} s", log=log, next_step=next_step
            )
        time.sleep(every)
