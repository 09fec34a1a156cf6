"""What a wait looks like: one live line on a terminal, a line for each change elsewhere."""

import time
from typing import TYPE_CHECKING, Any, Self

from venture_cli.domain.durations import elapsed
from venture_cli.domain.standing import standing
from venture_cli.views.terminal import LiveLine, err, is_plain

if TYPE_CHECKING:
    from types import TracebackType


class Progress:
    """Shows each state of an object; used as a context manager around the wait."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._shown = ""
        self._live = None if is_plain() else _live()

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, body: dict[str, Any]) -> None:
        """Show where the object stands now, once for each change."""
        now = standing(body)
        line = f"{body['metadata']['name']}  {now.sentence()}"
        if line == self._shown or now.is_final:
            # The end is told by the result.
            return
        self._shown = line
        if self._live is None:
            err().print(f"[{elapsed(time.monotonic() - self._started)}] {line}")
        else:
            self._live.show(line)


def _live() -> LiveLine:
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    text = TextColumn("{task.description}", markup=False)
    return LiveLine(SpinnerColumn(), text, TimeElapsedColumn())
