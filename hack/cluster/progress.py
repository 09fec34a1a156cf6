"""What the person at the terminal sees: steps with elapsed time, and failures with a next step.

Everything goes to standard error, so that standard output stays free for results.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_STARTED = time.monotonic()
_LOG_LINES_SHOWN = 15
_LOOKS_EVERY_SECONDS = 0.5
_SPEAKS_EVERY_SECONDS = 20.0
_BAR_CELLS = 24
_WORD_LENGTH_MAX = 60
# What runs beside each other shares the terminal and ends together.
_terminal = threading.Lock()
_bars: dict[str, str] = {}
_abandoned = threading.Event()


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
    with _terminal:
        _clear_bars()
        print(f"[{time.monotonic() - _STARTED:6.1f}s] {text}", file=sys.stderr, flush=True)
        _draw_bars()


def _clear_bars() -> None:
    if _bars and sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")


def _draw_bars() -> None:
    if _bars and sys.stderr.isatty():
        sys.stderr.write("   ".join(_bars.values()))
        sys.stderr.flush()


def bar(done: int, total: int) -> str:
    """Draw how much of a whole is done."""
    full = _BAR_CELLS * min(done, total) // max(total, 1)
    return "█" * full + "░" * (_BAR_CELLS - full)


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
    what: str = "",
    total: int = 0,
    quiet: bool = False,
) -> None:
    """Run a program to its end with its output appended to `log`.

    What takes long shows that it moves, under the name `what`: with `total`, how many lines of
    that many it has printed (a bar on a terminal), else its last line; `quiet`, it does so on a
    terminal only. Raises ClusterError when it cannot be started, ends with a status other than 0,
    or is abandoned as something beside it failed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    name = what or Path(argv[0]).name
    with log.open("ab") as stream:
        stream.write(f"+ {' '.join(map(str, argv))}\n".encode())
        stream.flush()
        begins = stream.tell()
        try:
            process = subprocess.Popen(
                [str(part) for part in argv],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                cwd=cwd,
                env=env,
            )
        except OSError as error:
            raise ClusterError(f"cannot run {argv[0]}: {error}", next_step=next_step) from error
        with process:
            try:
                _watch(process, name, log, begins, total, quiet=quiet)
            finally:
                process.terminate()
    if process.returncode != 0:
        raise ClusterError(
            f"{Path(argv[0]).name} ended with status {process.returncode}",
            log=log,
            next_step=next_step,
        )


def _watch(
    process: subprocess.Popen[bytes], name: str, log: Path, begins: int, total: int, *, quiet: bool
) -> None:
    """Show what a program prints until it ends, or end it when others failed."""
    spoken = time.monotonic()
    try:
        while not _ended(process):
            if _abandoned.is_set():
                raise ClusterError(f"{name}: abandoned", next_step="mend what failed beside it")
            if sys.stderr.isatty():
                _show_bar(name, log, begins, total)
            elif not quiet and time.monotonic() - spoken >= _SPEAKS_EVERY_SECONDS:
                spoken = time.monotonic()
                say(f"{name}: {_how_far(log, begins, total)}")
    finally:
        with _terminal:
            _clear_bars()
            _bars.pop(name, None)
            _draw_bars()


def _ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_LOOKS_EVERY_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _show_bar(name: str, log: Path, begins: int, total: int) -> None:
    with _terminal:
        _clear_bars()
        drawn = f"{bar(_lines_since(log, begins), total)} " if total else ""
        _bars[name] = f"{name} {drawn}{_how_far(log, begins, total)}"
        _draw_bars()


def _how_far(log: Path, begins: int, total: int) -> str:
    if total:
        return f"{min(_lines_since(log, begins), total)} of {total} packages"
    last = next(iter(last_lines(log, 1)), "")
    return f"{last.strip()[:_WORD_LENGTH_MAX]} ({log.stat().st_size - begins:,} bytes of log)"


def _lines_since(log: Path, begins: int) -> int:
    with log.open("rb") as stream:
        stream.seek(begins)
        return stream.read().count(b"\n")


def side_by_side(*lanes: Callable[[], None]) -> None:
    """Run functions beside each other; when one fails, end the programs of the others and raise.

    What failed first is raised, not what was abandoned because of it.
    """
    failures: list[BaseException] = []

    def guarded(lane: Callable[[], None]) -> None:
        try:
            lane()
        except BaseException as error:
            failures.append(error)
            _abandoned.set()

    threads = [threading.Thread(target=guarded, args=(lane,), daemon=True) for lane in lanes]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        _abandoned.set()
        for thread in threads:
            thread.join()
        raise
    finally:
        _abandoned.clear()
    if failures:
        raise failures[0]


def output(
    argv: Sequence[str | Path],
    *,
    next_step: str,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
) -> str:
    """Run a short program and return what it printed, or raise ClusterError with its complaint."""
    try:
        done = subprocess.run(
            [str(part) for part in argv],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env=env,
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
