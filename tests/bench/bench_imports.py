"""What the programs' imports cost, in CPU seconds: the least of five processes each.

Run: `.venv/bin/python tests/bench/bench_imports.py`.
"""

import subprocess
import sys

PROGRAMS = {
    "the interpreter": "",
    "python-pptx alone": "import pptx",
    "compile Job": "import venture_artifact_compiler.__main__, venture_core.artifacts.render.deck",
    "venture --help": "import venture_cli.app",
    "operator": "import venture_operator.__main__",
}
# Optional to our packages and not in the images.
HIDDEN = "import sys\nfor name in ('rich', 'trio', 'attr', 'pygments'): sys.modules[name] = None\n"
MEASURED = "import time; started = time.process_time()\n{}\nprint(time.process_time() - started)"


def main() -> None:
    """Measure and print."""
    for what, imports in PROGRAMS.items():
        hidden = HIDDEN if what == "compile Job" else ""
        command = [sys.executable, "-c", hidden + MEASURED.format(imports)]
        runs = [float(subprocess.check_output(command)) for _ in range(5)]
        print(f"{what:18} {min(runs):.2f} s")


if __name__ == "__main__":
    main()
