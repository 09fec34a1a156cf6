"""Looking at a file that was made: its pages as PNG, by a process that can do nothing else."""

import asyncio
import sys
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from venture_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from venture_core.artifacts.viewing.look import Look, Page

SECONDS: Final = 180.0
"""How long all pages of a file may take."""
_MODULE: Final = "venture_cli.services.viewingprocess"


async def look_at(data: bytes, look: Look, on_page: Callable[[Page], None], *, what: str) -> None:
    """Draw the pages of a file that are wanted; `on_page` sees each as it comes.

    CliError where there is nothing to see, or where the file takes more than an honest one does;
    `what` is how sentences call it.
    """
    from venture_core.artifacts.viewing.answers import MAX_LINE_BYTES, as_arguments

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", _MODULE, *as_arguments(look)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=MAX_LINE_BYTES,
        env={},
    )
    if process.stdin is None or process.stdout is None:
        raise AssertionError("both were asked for")
    feeding = asyncio.create_task(_feed(process.stdin, data))
    try:
        async with asyncio.timeout(SECONDS):
            while (page := await _next_page(process.stdout, what)) is not None:
                on_page(page)
            ended = await process.wait()
    except TimeoutError:
        raise _too_much(what, f"it took more than {SECONDS:g} s") from None
    finally:
        feeding.cancel()
        if process.returncode is None:
            process.kill()
            await process.wait()
    if ended != 0:
        raise _too_much(what, "what looks at it broke down")


async def _feed(stream: asyncio.StreamWriter, data: bytes) -> None:
    try:
        stream.write(data)
        await stream.drain()
        stream.close()
        await stream.wait_closed()
    except OSError:
        # It has seen enough, and says why.
        return


async def _next_page(stream: asyncio.StreamReader, what: str) -> Page | None:
    """Return the next page, None at the end."""
    from venture_core.artifacts.viewing.answers import Answer
    from venture_core.artifacts.viewing.look import Page

    try:
        line = await stream.readline()
        if not line:
            return None
        answer = Answer.model_validate_json(line)
        png = await stream.readexactly(answer.size)
    except ValidationError, ValueError, asyncio.IncompleteReadError:
        raise _too_much(what, "what looks at it broke down") from None
    if answer.refused:
        raise CliError(f"{what} cannot be looked at: {answer.refused}", ExitCode.USAGE)
    return Page(answer.number, answer.count, png)


def _too_much(what: str, how: str) -> CliError:
    return CliError(
        f"{what} cannot be looked at: {how}",
        next_step="It is far larger than what we make, or was made to do harm. "
        "Ask for fewer pages with --pages, or smaller ones with --width.",
    )
