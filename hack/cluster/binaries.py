"""Programs built from pinned Go modules, cached under a hash of what decides their bytes.

Each folder of `binaries/` is one module; its `tool` lines name the programs (`pause` and
`kindcheck` are our own). Separate modules keep apart what disagrees about versions.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from locking import exclusive
from paths import cache_dir
from progress import ClusterError, output, run, step

_MODULES = Path(__file__).resolve().parent / "binaries"
KUBERNETES_VERSION = "v1.34.10"
# Files of a dependency that its programs are of no use without: they are kept beside the programs.
_KEPT_FILES = {"calico": ("github.com/projectcalico/calico", "manifests/crds.yaml")}
_STAMPED_PACKAGES = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")


def linker_flags(module: str) -> str:
    """Return the linker flags of a module: unstamped, Kubernetes reports itself as v0.0.0."""
    flags = ["-s", "-w"]
    if module == "kubernetes":
        major, minor, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
        for package in _STAMPED_PACKAGES:
            flags += ["-X", f"{package}.gitVersion={KUBERNETES_VERSION}"]
            flags += ["-X", f"{package}.gitMajor={major}", "-X", f"{package}.gitMinor={minor}"]
    return " ".join(flags)


def cache_key(module: str) -> str:
    """Return the hash that names the built programs of a module."""
    digest = hashlib.sha256()
    sources = sorted((_MODULES / module).rglob("*.go"))
    for path in (_MODULES / module / "go.mod", _MODULES / module / "go.sum", *sources):
        digest.update(path.read_bytes())
    digest.update(linker_flags(module).encode())
    digest.update(os.uname().machine.encode())
    return digest.hexdigest()[:16]


def modules() -> list[str]:
    """Return the names of all program sets."""
    return sorted(path.parent.name for path in _MODULES.glob("*/go.mod"))


def ensure(module: str) -> Path:
    """Return the folder with the programs of a module, building them when the cache has none."""
    folder = cache_dir() / "bin" / f"{module}-{cache_key(module)}"
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(folder.name):
        if not folder.exists():
            _build(module, folder)
    return folder


def _build(module: str, folder: Path) -> None:
    log = cache_dir() / "logs" / f"build-{module}.log"
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    source = _MODULES / module
    with step(f"Building the {module} programs from Go modules (minutes the first time)", log):
        run(
            [
                _go_program(),
                "build",
                "-mod=readonly",
                "-buildvcs=false",
                "-trimpath",
                "-ldflags",
                linker_flags(module),
                "-o",
                f"{partial}/",
                "tool",
            ],
            cwd=source,
            env={**os.environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": ""},
            log=log,
            next_step=f"mend what the log names (network, disk, {source}/go.mod), then run again",
        )
    if module in _KEPT_FILES:
        dependency, name = _KEPT_FILES[module]
        listing: list[str | Path] = [
            _go_program(),
            "-C",
            source,
            "list",
            "-m",
            "-f",
            "{{.Dir}}",
            dependency,
        ]
        origin = Path(output(listing, next_step="check the network and the module files").strip())
        shutil.copyfile(origin / name, partial / Path(name).name)
    if (partial / "server").exists():
        (partial / "server").rename(partial / "etcd")  # etcd's main package is called "server"
    partial.rename(folder)


def _go_program() -> Path:
    found = shutil.which("go") or "/usr/local/go/bin/go"
    if not Path(found).exists():
        raise ClusterError(
            "the go program is not installed", next_step="install Go 1.26 or later and run again"
        )
    return Path(found)
