"""The one place that prints: results on standard output, all else on standard error.

Whatever is printed here is harmless, whoever wrote it, unless it is a file that was asked for.
"""

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self, TextIO

from venture_cli.domain.harmless import harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from rich.progress import Progress, ProgressColumn

_CODES: Final = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
}

type Part = object
"""A piece of a line: what becomes text, or a pair of text and its style, such as `bold red`."""


def is_plain() -> bool:
    """Whether to print neither colour nor animation: NO_COLOR, a dumb terminal, or none."""
    unwanted = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return unwanted or not (sys.stdout.isatty() and sys.stderr.isatty())


@dataclass(frozen=True, slots=True)
class Printer:
    """Prints lines on one stream of the process."""

    stream_name: str

    def print(self, *parts: Part) -> None:
        """Print the parts as one line."""
        plain = is_plain()
        line = "".join(_shown(part, plain=plain) for part in parts)
        self._write(line + "\n")

    def print_block(self, text: str) -> None:
        """Print lines of our own making, such as JSON, whose content is harmless already."""
        self._write(text.rstrip("\n") + "\n")

    def _write(self, text: str) -> None:
        stream: TextIO = getattr(sys, self.stream_name)
        encoding = stream.encoding or "utf-8"
        # What the terminal's encoding lacks is spelled, too.
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()


def _shown(part: Part, *, plain: bool) -> str:
    text, style = part if isinstance(part, tuple) else (str(part), "")
    if plain or not style:
        return harmless(text)
    codes = ";".join(_CODES[word] for word in style.split())
    return f"\x1b[{codes}m{harmless(text)}\x1b[0m"


_OUT: Final = Printer("stdout")
_ERR: Final = Printer("stderr")


def out() -> Printer:
    """Where results go: what a pipe or a script reads."""
    return _OUT


def err() -> Printer:
    """Where progress, hints and errors go."""
    return _ERR


class LiveLine:
    """One line on a terminal that changes while something is waited for."""

    def __init__(self, *columns: ProgressColumn, total: float | None = None) -> None:
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True, highlight=False, emoji=False, markup=False)
        self._progress: Progress = Progress(*columns, console=console, transient=True)
        self._task = self._progress.add_task("", total=total)

    def start(self) -> None:
        """Show the line."""
        self._progress.start()

    def stop(self) -> None:
        """Take the line away."""
        self._progress.stop()

    def show(self, text: str, **progress: Any) -> None:  # noqa: ANN401  rich's own
        """Change what the line says, and `completed` and `total` of a bar."""
        self._progress.update(self._task, description=harmless(text), **progress)


class LiveBlock:
    """Lines on a terminal that change while something is waited for, and stay at its end."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        console = Console(stderr=True, highlight=False, emoji=False, markup=False)
        self._live = Live(console=console, auto_refresh=False)

    def start(self) -> None:
        """Show the lines."""
        self._live.start()

    def stop(self) -> None:
        """Leave the lines as they are."""
        self._live.stop()

    def show(self, lines: Iterable[str]) -> None:
        """Change what the lines say."""
        from rich.text import Text

        self._live.update(Text("\n".join(map(harmless, lines))), refresh=True)


class Shown[Live: (LiveLine, LiveBlock)]:
    """What is shown while something takes time: a live one on a terminal, lines elsewhere.

    Used as a context manager around the work. `make` makes what is live: its columns are imported
    where there is a terminal only.
    """

    def __init__(self, make: Callable[[], Live]) -> None:
        self.live: Live | None = None if is_plain() else make()

    def __enter__(self) -> Self:
        if self.live is not None:
            self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.live is not None:
            self.live.stop()
