"""What the programs' imports cost, in CPU seconds beside a budget: the least of five processes.

The budgets are figures of a quiet machine with two cores; nothing fails where they are passed.

Run: `.venv/bin/python tests/bench/bench_imports.py`.
"""

import subprocess
import sys

PROGRAMS = {
    "the interpreter": ("", 0.01),
    "python-pptx alone": ("import pptx", 0.25),
    "compile Job": (
        "import venture_artifact_compiler.__main__, venture_core.artifacts.deck.render.deck",
        0.3,
    ),
    "venture --help": ("import venture_cli.app", 0.15),
    "venture artifact list": (
        "import venture_cli.app, venture_cli.services.session, venture_cli.services.objects, "
        "venture_cli.views.objects",
        0.25,
    ),
    "Kubernetes client": ("import aiohttp, venture_core.kubernetes.client", 0.35),
    "kopf alone": ("import kopf", 0.5),
    "operator": ("import venture_operator.__main__", 1.2),
}
# Optional to our packages and not in the images.
HIDDEN = "import sys\nfor name in ('rich', 'trio', 'attr', 'pygments'): sys.modules[name] = None\n"
MEASURED = "import time; started = time.process_time()\n{}\nprint(time.process_time() - started)"


def main() -> None:
    """Measure and print."""
    print(f"{'':22} {'CPU':>6}  {'budget':>6}")
    for what, (imports, budget) in PROGRAMS.items():
        hidden = HIDDEN if what == "compile Job" else ""
        command = [sys.executable, "-c", hidden + MEASURED.format(imports)]
        runs = [float(subprocess.check_output(command)) for _ in range(5)]
        print(f"{what:22} {min(runs):4.2f} s  {budget:4.2f} s")


if __name__ == "__main__":
    main()
