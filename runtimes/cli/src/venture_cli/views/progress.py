"""What a wait looks like: one live line on a terminal, a line for each change elsewhere."""

import time
from typing import Any

from venture_cli.domain.durations import elapsed
from venture_cli.domain.standing import standing
from venture_cli.views.terminal import LiveLine, Shown, err


class Progress(Shown[LiveLine]):
    """Shows each state of an object; used as a context manager around the wait."""

    def __init__(self) -> None:
        super().__init__(_live)
        self._started = time.monotonic()
        self._shown = ""

    def show(self, body: dict[str, Any]) -> None:
        """Show where the object stands now, once for each change."""
        now = standing(body)
        line = f"{body['metadata']['name']}  {now.sentence()}"
        if line == self._shown or now.is_final:
            # The end is told by the result.
            return
        self._shown = line
        if self.live is None:
            err().print(f"[{elapsed(time.monotonic() - self._started)}] {line}")
        else:
            self.live.show(line)


def _live() -> LiveLine:
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    text = TextColumn("{task.description}", markup=False)
    return LiveLine(SpinnerColumn(), text, TimeElapsedColumn())
