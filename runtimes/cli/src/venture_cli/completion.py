"""`kubectl_complete-venture`: what kubectl runs to complete `kubectl venture …`.

kubectl passes the words after `venture`; the answer is a candidate on each line and a directive of
Cobra's, of which `:0` lets the shell offer files where there are no candidates.
"""

import os
import shlex
import sys

from venture_cli.app import app


def main() -> None:
    """Print the candidates for the last word of this process's arguments."""
    words = ["venture", *sys.argv[1:]]
    os.environ["_VENTURE_COMPLETE"] = "complete_bash"
    os.environ["COMP_WORDS"] = shlex.join(words)
    os.environ["COMP_CWORD"] = str(len(words) - 1)
    try:
        app(prog_name="venture")
    finally:
        print(":0")
