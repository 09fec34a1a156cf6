"""The gates of the project: `make check` (no server), `make test` (every tier), `make soak`."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import binaries
import packages
import preparation
import python
import release
import target
import testreport
from paths import REPOSITORY, cache_dir
from progress import ClusterError, run, say, step
from testreport import TierResult

if TYPE_CHECKING:
    from pathlib import Path

TIERS = ("unit", "schema", "api", "integration", "e2e")
# Each worker has servers of its own, and one of them takes all tests of a file: most tests of the
# integration tier wait most of the time. The other tiers share one cluster.
_TWO_WORKERS = ("--numprocesses", "2")
_PARALLEL = {
    "unit": _TWO_WORKERS,
    "schema": _TWO_WORKERS,
    "integration": (*_TWO_WORKERS, "--dist", "loadfile"),
}
_SOAKED = ("unit", "integration", "e2e")
_SOAK_TEST_SECONDS = 3600
_REPORTS = REPOSITORY / "build" / "tests"
_PACKAGES = (
    "ffmpeg",
    "fonts-crosextra-caladea",
    "fonts-crosextra-carlito",
    "fonts-dejavu-core",
    "fonts-liberation",
    "libreoffice-calc-nogui",
    "libreoffice-impress",
    "libreoffice-writer-nogui",
    "poppler-utils",
    "postgresql",
    "qpdf",
)
_MINIMUM_COVERAGE = 80
_PYTHON_SOURCES = ("crds", "core", "operator", "webhooks", "runtimes", "tests", "hack")


def check() -> None:
    """Run every check that needs no server; stop at the first that fails."""
    began = time.monotonic()
    preparation.ensure_for_checks()
    bin_folder = python.ensure_environment() / "bin"
    helm = binaries.ensure("tools") / "helm"
    chart = REPOSITORY / "charts" / "venture"
    _gate("ruff check", [bin_folder / "ruff", "check", "--no-fix", *_PYTHON_SOURCES])
    _gate("ruff format", [bin_folder / "ruff", "format", "--check", *_PYTHON_SOURCES])
    _gate("mypy --strict", [bin_folder / "mypy"])
    _gate("import-linter", [bin_folder / "lint-imports", "--no-cache"])
    _gate("generated CRD files", [bin_folder / "venture-crds", "check"])
    for values in sorted((chart / "ci").glob("*.yaml")):
        _gate(f"helm lint {values.name}", [helm, "lint", "--strict", chart, "--values", values])
    _gate("chart README", [bin_folder / "python", "hack/chart_readme.py", "--check"])
    _gate("page of rights", [bin_folder / "python", "hack/rights.py", helm, "--check"])
    target.check_kind_config(target.KIND_CONFIG)
    say(f"Every check passed: {testreport.within_budget('check', time.monotonic() - began)}")


def test(tiers: list[str]) -> None:
    """Set up whatever the tiers need, run them with coverage, and say what each one came to."""
    chosen = [tier for tier in TIERS if not tiers or tier in tiers]
    if unknown := set(tiers) - set(TIERS):
        raise ClusterError(
            f"no tier is called {', '.join(sorted(unknown))}",
            next_step=f"name some of {', '.join(TIERS)}, or none for all",
        )
    environment = _prepare(chosen)
    bin_folder = python.ensure_environment() / "bin"
    subprocess.run([bin_folder / "coverage", "erase"], cwd=REPOSITORY, check=True)
    coverage: list[str | Path] = [bin_folder / "coverage", "run", "-m", "pytest"]
    results = [
        _run_tests(
            tier, [*coverage, f"tests/{tier}", *_PARALLEL.get(tier, ())], environment=environment
        )
        for tier in chosen
    ]
    covered = _covered(bin_folder / "coverage", minimum=0 if tiers else _MINIMUM_COVERAGE)
    print(testreport.summary(results), flush=True)
    if failed := [result.tier for result in results if not result.ok]:
        raise ClusterError(f"tests failed in: {', '.join(failed)}", next_step="read them above")
    if not covered:
        raise ClusterError(
            f"branch coverage is below {_MINIMUM_COVERAGE} %", next_step="test what is listed above"
        )


def soak() -> None:
    """Run the tests that search for faults, for much longer than `test` does."""
    environment = _prepare(list(_SOAKED)) | {"VENTURE_TEST_PROFILE": "soak"}
    pytest = [python.ensure_environment() / "bin" / "python", "-m", "pytest"]
    folders = [f"tests/{tier}" for tier in _SOAKED]
    limit = f"--timeout={_SOAK_TEST_SECONDS}"
    result = _run_tests("soak", [*pytest, *folders, limit], environment=environment)
    print(testreport.summary([result]), flush=True)
    if not result.ok:
        raise ClusterError("the soak found a fault", next_step="read it above")


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


def _run_tests(name: str, command: list[str | Path], *, environment: dict[str, str]) -> TierResult:
    """Run pytest with its output in a file; show in full what failed, and in a line what came."""
    _REPORTS.mkdir(parents=True, exist_ok=True)
    log, junit = _REPORTS / f"{name}.log", _REPORTS / f"{name}.xml"
    for old in (log, junit):
        old.unlink(missing_ok=True)
    began = time.monotonic()
    ok = True
    try:
        run(
            [*command, "-q", "--no-header", f"--junitxml={junit}"],
            cwd=REPOSITORY,
            env=environment,
            log=log,
            next_step="read what failed",
            what=f"Tier {name}",
            quiet=True,
        )
    except ClusterError:
        ok = False
    result = testreport.read(name, junit, seconds=time.monotonic() - began, ok=ok)
    if not result.ok:
        print(testreport.failures(log.read_text(errors="replace")), flush=True)
    say(result.line())
    return result


def _covered(coverage: Path, *, minimum: int) -> bool:
    """Say what part of the code ran; list what did not only when it is too much."""
    subprocess.run(
        [coverage, "combine", "--quiet"], cwd=REPOSITORY, check=True, capture_output=True
    )
    done = subprocess.run(
        [coverage, "report", "--fail-under", str(minimum)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    report = _REPORTS / "coverage.txt"
    report.write_text(done.stdout)
    if done.returncode != 0:
        print(done.stdout + done.stderr, flush=True)
    total = next((line for line in done.stdout.splitlines() if line.startswith("TOTAL")), "TOTAL ?")
    say(f"Branch coverage {total.split()[-1]}, at least {minimum} % wanted (by file: {report})")
    return done.returncode == 0


def _gate(what: str, command: list[str | Path]) -> None:
    with step(what):
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ClusterError(f"{what} failed:\n{done.stdout}{done.stderr}", next_step="mend it")
