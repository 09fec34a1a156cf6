"""A small Debian root folder with CPython 3.14, made from the mirror that this machine uses.

It is the base of images where no container registry can be reached, and a Python for the host.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import packages
from paths import cache_dir
from progress import ClusterError, output, run, step

SUITE = "forky"  # the first Debian with CPython 3.14
_INCLUDED = ("ca-certificates", "python3.14", "python3.14-venv")
# debootstrap of an older Debian does not know the suite's name; this script serves all newer ones.
_SCRIPT = Path("/usr/share/debootstrap/scripts/sid")


def ensure() -> Path:
    """Return the root folder, making it when the cache has none (about a minute)."""
    wanted = hashlib.sha256(" ".join((SUITE, *_INCLUDED)).encode()).hexdigest()[:8]
    root = cache_dir() / "roots" / f"{SUITE}-{wanted}"
    if root.exists():
        return root
    log = cache_dir() / "logs" / "debootstrap.log"
    packages.ensure(("debootstrap",), log)
    partial = root.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with step(f"Making a Debian {SUITE} root with CPython 3.14", log):
        run(
            [
                "debootstrap",
                "--variant=minbase",
                f"--include={','.join(_INCLUDED)}",
                SUITE,
                partial,
                mirror(),
                _SCRIPT,
            ],
            log=log,
            next_step="mend what the log names (the Debian mirror, disk space), then run again",
        )
    shutil.rmtree(partial / "var" / "cache" / "apt" / "archives")
    for lists in (partial / "var" / "lib" / "apt" / "lists").glob("*_*"):
        lists.unlink()
    partial.rename(root)
    return root


def version(root: Path) -> str:
    """Return a hash of the exact packages in a root folder."""
    return hashlib.sha256((root / "var" / "lib" / "dpkg" / "status").read_bytes()).hexdigest()[:16]


def mirror() -> str:
    """Return the address of the Debian archive in this machine's apt sources."""
    listed = output(
        ["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages"],
        next_step="make `apt-get update` work first",
    )
    for line in listed.splitlines():
        label, address = line.rsplit(" ", 1)
        if label == "Debian":
            return address
    raise ClusterError(
        "apt knows no Debian archive",
        next_step="add one to the apt sources and run `apt-get update`",
    )
