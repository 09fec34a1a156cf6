"""What every target takes by size, beside plain calls of its library: one run, one table.

`.venv/bin/python tests/bench/bench_targets.py` renders a small, a medium and a large document of
each target, each in a process of its own with the libraries loaded, and the same by the library as
somebody would write it by hand. It prints seconds of the processor (the median of the runs), the
most memory, and how the time grows with the size: 1.0 is in proportion, 2.0 as its square. With
`--cluster` and KUBECONFIG it also creates builds of each target one after the other, and prints how
long they took from accepted to Ready. It passes no judgement.
"""

import argparse
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Final

sys.path.append(str(Path(__file__).resolve().parents[1] / "support"))

from documentsizes import KINDS, SIZES
from plaincalls import PLAIN

RUN: Final = """
import json, resource, sys, time
sys.path[:0] = [sys.argv[4]]
from plaincalls import PLAIN
from documentsizes import work
kind, size, runs, small = sys.argv[1], *map(int, sys.argv[2:4]), int(sys.argv[6])
of = PLAIN[kind] if sys.argv[5] == "plain" else lambda size: work(kind, size)
of(small)()
make = of(size)
seconds = []
for _ in range(runs):
    began = time.process_time()
    length = make()
    seconds.append(time.process_time() - began)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps([seconds, peak, length]))
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="words in the names of those to measure")
    parser.add_argument("--cluster", action="store_true", help="builds, too")
    parser.add_argument("--no-rendering", action="store_true", help="builds only")
    parser.add_argument("--rounds", type=int, default=20, help="builds of each target")
    asked = parser.parse_args()
    chosen = [kind for kind in KINDS if asked.only in kind]
    if not asked.no_rendering:
        print("| target | size | seconds | memory | file | grows | by hand | slower |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for kind in chosen:
            _compare(kind, asked.runs)
    if asked.cluster:
        from acceptedready import measure

        os.environ["KUBECONFIG"]
        print("\n| target | builds | accepted to Ready p50 | p95 |\n| --- | --- | --- | --- |")
        for kind in chosen:
            seconds = sorted(measure(kind, SIZES[kind][0], asked.rounds))
            tail = seconds[min(len(seconds) - 1, math.ceil(0.95 * len(seconds)) - 1)]
            print(
                f"| {kind} | {len(seconds)} | {median(seconds):.2f} s | {tail:.2f} s |", flush=True
            )


def _compare(kind: str, runs: int) -> None:
    before: tuple[int, float] | None = None
    for size in SIZES[kind]:
        seconds, peak, length = _measured(kind, size, runs, "ours")
        growth = ""
        if before is not None:
            growth = f"{math.log(seconds / before[1]) / math.log(size / before[0]):.1f}"
        before = size, seconds
        hand, slower = "", ""
        if kind in PLAIN:
            plain, plain_peak, _ = _measured(kind, size, runs, "plain")
            hand, slower = f"{plain:.2f} s, {plain_peak} MiB", f"{seconds / plain:.1f}"
        print(
            f"| {kind} | {size:,} {KINDS[kind].unit} | {seconds:.2f} s | {peak} MiB | "
            f"{length / 1024:,.0f} KiB | {growth} | {hand} | {slower} |",
            flush=True,
        )


def _measured(kind: str, size: int, runs: int, whose: str) -> tuple[float, int, int]:
    support = sys.path[-1]
    numbers, smallest = (str(size), str(runs)), str(SIZES[kind][0])
    program = [sys.executable, "-W", "ignore", "-c", RUN]
    command = [*program, kind, *numbers, support, whose, smallest]
    seconds, peak, length = json.loads(subprocess.check_output(command))
    return median(seconds), peak, length


if __name__ == "__main__":
    main()
