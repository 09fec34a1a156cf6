"""The gates of the project: `make check` (no server) and `make test` (every tier)."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import binaries
import packages
import python
import release
import target
from paths import REPOSITORY, cache_dir
from progress import ClusterError, say, step

if TYPE_CHECKING:
    from pathlib import Path

TIERS = ("unit", "schema", "api", "integration", "e2e")
# Tests that only compute may share the two cores; the others share servers, and some measure time.
_PARALLEL = {"unit": ("--numprocesses", "2"), "schema": ("--numprocesses", "2")}
_PACKAGES = (
    "fonts-crosextra-caladea",
    "fonts-crosextra-carlito",
    "fonts-dejavu-core",
    "fonts-liberation",
    "libreoffice-impress",
    "poppler-utils",
    "postgresql",
)
_MINIMUM_COVERAGE = 80
_PYTHON_SOURCES = ("crds", "core", "operator", "webhooks", "runtimes", "tests", "hack")
_TYPED = ("crds", "core", "operator", "webhooks", "runtimes")


def check() -> None:
    """Run every check that needs no server; stop at the first that fails."""
    bin_folder = python.ensure_environment() / "bin"
    helm = binaries.ensure("tools") / "helm"
    chart = REPOSITORY / "charts" / "venture"
    _gate("ruff check", [bin_folder / "ruff", "check", "--no-fix", *_PYTHON_SOURCES])
    _gate("ruff format", [bin_folder / "ruff", "format", "--check", *_PYTHON_SOURCES])
    _gate("mypy --strict", [bin_folder / "mypy", *_TYPED])
    _gate("import-linter", [bin_folder / "lint-imports", "--no-cache"])
    _gate("generated CRD files", [bin_folder / "venture-crds", "check"])
    for values in sorted((chart / "ci").glob("*.yaml")):
        _gate(f"helm lint {values.name}", [helm, "lint", "--strict", chart, "--values", values])
    _gate("lists of members", [bin_folder / "python", "hack/workspace.py", "--check"])
    _gate("chart README", [bin_folder / "python", "hack/chart_readme.py", "--check"])
    target.check_kind_config(target.KIND_CONFIG)


def test(tiers: list[str]) -> None:
    """Set up whatever the tiers need, run them with coverage, and say what each one ran."""
    chosen = [tier for tier in TIERS if not tiers or tier in tiers]
    environment = _prepare(chosen)
    bin_folder = python.ensure_environment() / "bin"
    subprocess.run([bin_folder / "coverage", "erase"], cwd=REPOSITORY, check=True)
    failed = [tier for tier in chosen if not _run_tier(tier, bin_folder, environment)]
    subprocess.run([bin_folder / "coverage", "combine", "--quiet"], cwd=REPOSITORY, check=True)
    minimum = ["--fail-under", str(_MINIMUM_COVERAGE)] if not tiers else []
    report = subprocess.run(
        [bin_folder / "coverage", "report", *minimum], cwd=REPOSITORY, check=False
    )
    if failed:
        raise ClusterError(f"tests failed in: {', '.join(failed)}", next_step="read them above")
    if report.returncode != 0:
        raise ClusterError(
            f"branch coverage is below {_MINIMUM_COVERAGE} %", next_step="test what is listed above"
        )


def _prepare(tiers: list[str]) -> dict[str, str]:
    """Bring what the tiers stand on; return the environment of their processes."""
    environment = dict(os.environ)
    if {"integration", "e2e"} & set(tiers):
        packages.ensure(_PACKAGES, cache_dir() / "logs" / "packages.log")
    if "e2e" in tiers:
        environment["KUBECONFIG"] = str(release.up())
    tools = (binaries.ensure("kubernetes"), binaries.ensure("tools"))
    environment["PATH"] = os.pathsep.join([*map(str, tools), environment["PATH"]])
    return environment


def _run_tier(tier: str, bin_folder: Path, environment: dict[str, str]) -> bool:
    folder = REPOSITORY / "tests" / tier
    say(f"Tier {tier}")
    started = time.monotonic()
    command = [bin_folder / "coverage", "run", "-m", "pytest", folder, *_PARALLEL.get(tier, ())]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, check=False)
    say(f"Tier {tier} took {time.monotonic() - started:.0f} s")
    return done.returncode == 0


def _gate(what: str, command: list[str | Path]) -> None:
    with step(what):
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ClusterError(f"{what} failed:\n{done.stdout}{done.stderr}", next_step="mend it")
