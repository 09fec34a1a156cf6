"""A producer that may be killed at any moment: it writes down what was acknowledged.

Usage: recordwriter.py URL FILE NAME WORKFLOWS [forgetful]. Every workflow gets its events
1, 2, 3 …, each under an id that follows from workflow and number; started again, it goes on after
the last line of FILE. With `forgetful` the database may lose events: their numbers stay theirs.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from pydantic import SecretStr
from recordevents import started
from venture_core.record.append import AppendError, AppendRefusedError
from venture_core.record.producer import EventProducer

if TYPE_CHECKING:
    from typing import TextIO

SPACE = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")


def event_id(workflow: UUID, number: int) -> UUID:
    """Return the id of event `number` of a workflow."""
    return uuid5(workflow, str(number))


def acknowledged(file: Path) -> dict[UUID, int]:
    """Read how many events of each workflow were acknowledged."""
    counts: dict[UUID, int] = {}
    for line in file.read_text().splitlines() if file.exists() else ():
        words = line.split()
        if len(words) == WORDS:
            counts[UUID(words[0])] = int(words[1])
    return counts


def promises(file: Path) -> dict[UUID, float]:
    """Read which events were acknowledged, and when."""
    lines = (line.split() for line in file.read_text().splitlines())
    return {
        event_id(UUID(words[0]), int(words[1])): float(words[2])
        for words in lines
        if len(words) == WORDS
    }


# So that the reader, which commits every event by itself, keeps up on a fast machine, too.
PAUSE_SECONDS = 0.05
WORDS = 3


async def _write(
    producer: EventProducer, workflow: UUID, last: int, out: TextIO, *, forgetful: bool
) -> None:
    number = last + 1
    while True:
        event = started(workflow, number, event_id=event_id(workflow, number))
        try:
            appended = await producer.append(event)
        except AppendRefusedError:
            raise
        except AppendError:
            continue  # not known whether it is recorded: the same again
        if appended.seq != number and not forgetful:
            raise AssertionError(f"event {number} of {workflow} became number {appended.seq}")
        out.write(f"{workflow} {number} {time.time()}\n")
        out.flush()
        number += 1
        await asyncio.sleep(PAUSE_SECONDS)


async def main() -> None:
    """Write until SIGTERM."""
    url, file, name, workflows, *rest = sys.argv[1:]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    path = Path(file)
    counts = acknowledged(path)
    with path.open("a") as out:  # noqa: ASYNC230 - a line at a time, to the page cache
        out.write("\n")  # ends a line that a kill cut off
        async with EventProducer(SecretStr(url), name=name, give_up_after_seconds=60) as producer:
            writing = [
                asyncio.create_task(
                    _write(producer, workflow, counts.get(workflow, 0), out, forgetful=bool(rest))
                )
                for workflow in (uuid5(SPACE, f"{name}/{n}") for n in range(int(workflows)))
            ]
            stopping = asyncio.create_task(stop.wait())
            done, _ = await asyncio.wait({*writing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for task in writing:
                task.cancel()
            for task in done - {stopping}:
                task.result()


if __name__ == "__main__":
    asyncio.run(main())
