"""What a wait looks like: one live line on a terminal, a line for each change elsewhere."""

import time
from typing import TYPE_CHECKING, Self

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from venture_cli.domain.durations import elapsed
from venture_cli.domain.outcome import standing
from venture_cli.views.terminal import err, is_plain

if TYPE_CHECKING:
    from types import TracebackType

    from venture_crds.v1alpha1.artifactbuild import ArtifactBuild


class BuildProgress:
    """Shows each state of a build; used as a context manager around the wait."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._shown = ""
        self._live = None if is_plain() else _live()
        self._task = None if self._live is None else self._live.add_task("")

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

    def show(self, build: ArtifactBuild) -> None:
        """Show where the build stands now, once for each change."""
        now = standing(build)
        line = f"{build.metadata.name}  {now.sentence()}"
        if line == self._shown or now.is_final:
            # The end is told by the result.
            return
        self._shown = line
        if self._live is None or self._task is None:
            err().print(f"[{elapsed(time.monotonic() - self._started)}] {line}")
        else:
            self._live.update(self._task, description=line)


def _live() -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    return Progress(*columns, console=err(), transient=True)
