"""The process that looks at one file for `services.viewing`: it reads, computes, and answers.

The file may be anybody's, and what reads it is a million lines of C. So before the first byte is
read this process gives up all else: it can open no file and no connection, start no process, and
take no more memory and time than an honest file needs. It is run as `python -I -m`; standard input
is the file, `venture_core.artifacts.viewing.answers` says the rest.
"""

import resource
import sys
from typing import TYPE_CHECKING, BinaryIO, Final

from PIL import Image
from venture_core.artifacts.limits import ARTIFACT_MAX_BYTES
from venture_core.artifacts.viewing.answers import Answer, from_arguments
from venture_core.artifacts.viewing.files import file_pages
from venture_core.artifacts.viewing.look import UnviewableError

if TYPE_CHECKING:
    from collections.abc import Sequence

MEMORY_BYTES: Final = 1024**3
CPU_SECONDS: Final = 120
_STREAMS: Final = 3


def main(arguments: Sequence[str], source: BinaryIO, answers: BinaryIO) -> None:
    """Look at a file as the arguments say, and answer."""
    look = from_arguments(arguments)
    # Nothing can be imported any more once nothing can be opened.
    Image.init()
    confine()
    try:
        for page in file_pages(source.read(ARTIFACT_MAX_BYTES), look):
            answer = Answer(number=page.number, count=page.count, size=len(page.png))
            _write(answers, answer, page.png)
    except UnviewableError as error:
        _write(answers, Answer(refused=str(error)))
    except MemoryError:
        _write(answers, Answer(refused="it takes too much memory"))


def confine() -> None:
    """Give up what an honest file needs nothing of, for good."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, _STREAMS),
    ):
        _, highest = resource.getrlimit(what)
        wanted = most if highest == resource.RLIM_INFINITY else min(most, highest)
        resource.setrlimit(what, (wanted, wanted))


def _write(answers: BinaryIO, answer: Answer, data: bytes = b"") -> None:
    answers.write(answer.model_dump_json().encode() + b"\n" + data)
    answers.flush()


if __name__ == "__main__":
    main(sys.argv[1:], sys.stdin.buffer, sys.stdout.buffer)
