"""What stands before a program that reads what strangers wrote: it sets limits and gives way.

    python -I -S confined.py MEMORY CPU FILE PROGRAM ARGUMENT...

MEMORY is the most bytes of address space, CPU the most seconds of the processor, FILE the most
bytes of a file that it writes. Only the standard library is imported: this runs for every program.
"""

import os
import resource
import sys
from typing import Final

_FILES: Final = 64
"""How many files may be open at once."""


def main(arguments: list[str]) -> None:
    """Give up what is not needed, for good, and become the program."""
    memory, cpu, file = (int(each) for each in arguments[:3])
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, file),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _FILES),
    ):
        _, highest = resource.getrlimit(what)
        wanted = most if highest == resource.RLIM_INFINITY else min(most, highest)
        resource.setrlimit(what, (wanted, wanted))
    os.execv(arguments[3], arguments[3:])  # noqa: S606  the arguments are a list, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
