"""What hostile inputs cost: `.venv/bin/python tests/bench/bench_hostile.py`.

Each is given to the compile program in a process of its own, as a Job has it, and the table says
how it ended, how many seconds of the processor it took with the start of the program, and how much
memory it held at most. It passes no judgement; `tests/unit/test_hostile_inputs.py` does.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

from hostileinputs import ATTACKS
from hostilejobs import alone

SHOWN = 150


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="words in the names of those to measure")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each")
    parser.add_argument("--markdown", action="store_true", help="as a table of documentation")
    asked = parser.parse_args()
    names = [name for name in ATTACKS if asked.only in name]
    if asked.markdown:
        print("| input | target | ends | seconds | MiB |\n| --- | --- | --- | --- | --- |")
    for ended in alone(names):
        how = ended.how if len(ended.how) <= SHOWN else f"{ended.how[:SHOWN]}…"
        if asked.json:
            print(json.dumps(asdict(ended)), flush=True)
        elif asked.markdown:
            cells = (ended.name, ended.target, how.replace("|", "\\|").replace("<", "\\<"))
            print(f"| {' | '.join(cells)} | {ended.seconds:.1f} | {ended.peak_mib} |", flush=True)
        else:
            print(
                f"{ended.name:52} {ended.target:6} {ended.seconds:6.1f} s {ended.peak_mib:4} MiB  "
                f"{how}",
                flush=True,
            )


if __name__ == "__main__":
    main()
