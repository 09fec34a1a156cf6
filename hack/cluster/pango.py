"""Pango, which sets the text of pages of HTML, for the project's Python on this machine.

A Python out of Debian has its own libraries and none of the host's: it gets those of its suite, so
that it sets text as compile Jobs do. Any other Python finds what is installed on the host.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import debianroot
import packages
from locking import exclusive
from paths import cache_dir
from progress import run, step

PACKAGE = "libpangoft2-1.0-0"
_LIBRARY = "libpangoft2-1.0.so.0"
_NEXT = "mend what the log names (the Debian mirror, disk space), then run again"


def ensure(program: Path) -> None:
    """Bring Pango to the Python that `program` is."""
    log = cache_dir() / "logs" / "python.log"
    prefix = program.resolve().parents[1]
    if not prefix.is_relative_to(cache_dir() / "python") or "debian" not in prefix.name:
        packages.ensure((PACKAGE,), log)
        return
    with exclusive("pango"):
        libraries = next((prefix / "lib").glob("*-linux-gnu"))
        if not (libraries / _LIBRARY).exists():
            with step(f"Bringing Pango out of Debian {debianroot.SUITE}", log):
                _bring(libraries, log)


def _bring(libraries: Path, log: Path) -> None:
    """Copy Pango and what it needs besides what the root folder has; Pango itself comes last."""
    with tempfile.TemporaryDirectory(dir=cache_dir()) as name:
        folder = Path(name)
        for command in (("update",), ("install", "--download-only", "--yes", PACKAGE)):
            run([*_apt_get(folder), *command], log=log, next_step=_NEXT)
        for package in (folder / "archives").glob("*.deb"):
            run(["dpkg-deb", "--extract", package, folder / "files"], log=log, next_step=_NEXT)
        found = (folder / "files" / "usr" / "lib" / libraries.name).glob("lib*.so.*")
        for each in sorted(found, key=lambda path: (path.name == _LIBRARY, path.name)):
            shutil.copy2(each, libraries / each.name, follow_symlinks=False)


def _apt_get(folder: Path) -> list[str | Path]:
    """Return apt-get as it would be in the root folder, with all that it writes in `folder`."""
    root = debianroot.ensure()
    for name in ("lists/partial", "archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    settings = {
        "Dir::Etc::sourcelist": root / "etc" / "apt" / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::trustedparts": root / "etc" / "apt" / "trusted.gpg.d",
        "Dir::State::status": root / "var" / "lib" / "dpkg" / "status",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache::archives": folder / "archives",
        "Dir::Cache::pkgcache": "",
        "Dir::Cache::srcpkgcache": "",
        "APT::Sandbox::User": "root",
        "APT::Install-Recommends": "false",
        # A mirror may be a frozen snapshot: its signature is checked, its date of expiry is not.
        "Acquire::Check-Valid-Until": "false",
    }
    options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
    return ["apt-get", *options]
