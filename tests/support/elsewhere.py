"""What examples become in another process, place, time zone, language and year."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is around a process and may not show in what it makes."""

    environment: Mapping[str, str]
    clock: str
    """When it believes to be."""
    umask: int
    processors: int
    """How many of the machine's it may use, at most."""


SURROUNDINGS: Final[Mapping[str, Surroundings]] = {
    "in the past on an island": Surroundings(
        {
            "PYTHONHASHSEED": "4711",
            "TZ": "Pacific/Kiritimati",
            "LC_ALL": "C",
            "PYTHONUTF8": "0",
            "HOME": "/nonexistent",
            "USER": "somebody",
        },
        clock="1999-12-31T23:59:58Z",
        umask=0o077,
        processors=1,
    ),
    "in the future in Turkish": Surroundings(
        {
            "PYTHONHASHSEED": "99",
            "TZ": "America/St_Johns",
            "LC_ALL": "tr_TR.UTF-8",
            "LANGUAGE": "tr",
            "SOURCE_DATE_EPOCH": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        clock="2041-02-03T04:05:06Z",
        umask=0,
        processors=64,
    ),
}
"""Two of them, which have nothing in common."""
_RENDER_ALL: Final = """
import hashlib, json, os, sys
sys.path[:0] = json.loads(sys.argv[1])
clock, umask, processors = json.loads(sys.argv[2])
os.umask(umask)
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:processors])
import time_machine
from artifactexamples import all_examples, compiled
with time_machine.travel(clock):
    examples = all_examples()
    for name in json.loads(sys.argv[3]):
        chosen = examples[name]
        made = compiled(chosen.document, chosen.target)
        small = hashlib.sha256(made.thumbnail).hexdigest() if made.thumbnail else ""
        print(json.dumps([name, made.sha256, small]), flush=True)
"""


def digests_in(
    there: Surroundings, names: Iterable[str], folder: Path
) -> dict[str, tuple[str, str]]:
    """Return the SHA-256 of examples and of their thumbnails as they come out there."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    around = json.dumps([there.clock, there.umask, there.processors])
    support = json.dumps([str(Path(__file__).parent)])
    done = subprocess.run(
        [sys.executable, "-c", _RENDER_ALL, support, around, json.dumps([*names])],
        stdout=subprocess.PIPE,
        env={**clean, **there.environment},
        cwd=folder,
        check=True,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {name: (digest, small) for name, digest, small in rows}
