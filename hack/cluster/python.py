"""CPython 3.14, uv, and the project's virtual environment on the host."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import debianroot
import packages
import pango
from paths import REPOSITORY, cache_dir
from progress import output, run, say, step

_VERSION = "3.14"
_UV = "uv>=0.13,<0.14"
_LOG_NAME = "python.log"


def ensure_environment() -> Path:
    """Bring `.venv` in line with the lock and return its folder."""
    uv = ensure_uv()
    environment = REPOSITORY / ".venv"
    # An environment that works is kept whatever interpreter it stands on: others may be using it.
    chosen = (
        [] if _is_wanted(environment / "bin" / "python") else ["--python", str(ensure_python(uv))]
    )
    log = cache_dir() / "logs" / _LOG_NAME
    with step("Installing the project's Python packages from the lock", log):
        run(
            [uv, "sync", "--frozen", *chosen],
            cwd=REPOSITORY,
            log=log,
            env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
            next_step="mend what the log names (the package index, disk space), then run again",
        )
    pango.ensure(environment / "bin" / "python")
    return environment


def ensure_uv() -> Path:
    """Return uv, installed by pip into a virtual environment of its own in the cache."""
    folder = cache_dir() / "uv"
    program = folder / "bin" / "uv"
    if program.exists():
        return program
    log = cache_dir() / "logs" / _LOG_NAME
    packages.ensure(("python3-venv",), log)
    with step("Installing uv", log):
        failed = "mend what the log names (the package index), then run again"
        run([sys.executable, "-m", "venv", "--clear", folder], log=log, next_step=failed)
        run([folder / "bin" / "python", "-m", "pip", "install", _UV], log=log, next_step=failed)
    return program


def ensure_python(uv: Path) -> Path:
    """Return a CPython 3.14: the machine's, else one that uv downloads, else one out of Debian."""
    own = cache_dir() / "python"
    for candidate in (shutil.which(f"python{_VERSION}"), *sorted(own.glob("*/bin/python3.14"))):
        if candidate and _is_wanted(Path(candidate)):
            return Path(candidate)
    say(f"No CPython {_VERSION} here; asking uv to download one")
    downloaded = subprocess.run(
        [uv, "python", "install", _VERSION, "--no-bin"],
        env={**os.environ, "UV_PYTHON_INSTALL_DIR": str(own)},
        capture_output=True,
        text=True,
        check=False,
    )
    if downloaded.returncode != 0:
        say("uv cannot download it; taking it out of a Debian root folder")
        return _from_debian(own / f"debian-{debianroot.SUITE}")
    return next(own.glob("*/bin/python3.14"))


def _is_wanted(program: Path) -> bool:
    if not program.exists():
        return False
    code = "import sys; print(*sys.version_info[:2], sep='.')"
    return (
        subprocess.run(
            [program, "-c", code], capture_output=True, text=True, check=False
        ).stdout.strip()
        == _VERSION
    )


def _from_debian(prefix: Path) -> Path:
    """Copy CPython and all its libraries, loader included: nothing of the host's is mixed in."""
    root = debianroot.ensure()
    log = cache_dir() / "logs" / _LOG_NAME
    packages.ensure(("patchelf",), log)
    partial = prefix.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    libraries = next((root / "usr" / "lib").glob("*-linux-gnu"))
    with step(f"Copying CPython {_VERSION} out of {root}", log):
        (partial / "bin").mkdir(parents=True)
        shutil.copy2(root / "usr" / "bin" / f"python{_VERSION}", partial / "bin")
        for folder in (f"python{_VERSION}", "python3", libraries.name):
            shutil.copytree(root / "usr" / "lib" / folder, partial / "lib" / folder, symlinks=True)
        loader = next(libraries.glob("ld-linux-*.so.*"))
        home = prefix / "lib" / libraries.name
        run(
            [
                "patchelf",
                "--set-interpreter",
                home / loader.name,
                "--force-rpath",
                "--set-rpath",
                home,
                partial / "bin" / f"python{_VERSION}",
            ],
            log=log,
            next_step="mend what the log names, then run again",
        )
    partial.rename(prefix)
    program = prefix / "bin" / f"python{_VERSION}"
    output(
        [program, "-c", "import ssl, sqlite3, ctypes, lzma"],
        next_step=f"remove {prefix} and run again",
    )
    return program
