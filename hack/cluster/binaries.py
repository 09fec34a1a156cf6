"""Programs built from pinned Go modules, cached under a hash of what decides their bytes.

Each folder of `binaries/` is one module; its `tool` lines name the programs (some are our own).
Programs that share libraries share a module, so that each library is compiled once; separate
modules keep apart what disagrees about versions.
"""

from __future__ import annotations

import hashlib
import json
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
# One file that is several programs: the name it is called by says which.
_NAMES_OF_COMPONENTS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubectl",
    "kubelet",
)
# It spells the import of a library in a way of its own, which no other program may be built beside.
_BUILT_APART = ("github.com/rancher/local-path-provisioner",)
# Stripped in the end, debugging information need not be computed at all.
_COMPILER_FLAGS = "all=-dwarf=false"
# The compiler allocates a lot for a short time: collecting no garbage saves a third of its work,
# and a seventh beside collecting little (GOGC=400). It takes up to 2.5 GB for large packages.
_COMPILER_ENVIRONMENT = {
    "CGO_ENABLED": "0",
    "GOWORK": "off",
    "GOFLAGS": "",
    "GOGC": "off",
    "GOMEMLIMIT": "3GiB",
}
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
    folder = _folder(module)
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(folder.name):
        if not folder.exists():
            _build(module, folder)
    return folder


def _folder(module: str) -> Path:
    return cache_dir() / "bin" / f"{module}-{cache_key(module)}"


def download(module: str) -> None:
    """Bring the sources that the programs of a module need, unless the programs are built."""
    if not _folder(module).exists():
        with step(f"Downloading what the {module} programs are made of"):
            for programs in _groups(_programs(module)):
                _packages(module, programs)


def _build(module: str, folder: Path) -> None:
    log = cache_dir() / "logs" / f"build-{module}.log"
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    with step(f"Building the {module} programs from Go modules (minutes the first time)", log):
        for programs in _groups(_programs(module)):
            _compile(module, programs, partial, log)
    if module in _KEPT_FILES:
        dependency, name = _KEPT_FILES[module]
        origin = Path(_go(module, "list", "-m", "-f", "{{.Dir}}", dependency).strip())
        shutil.copyfile(origin / name, partial / Path(name).name)
    if (partial / "components").exists():
        for name in _NAMES_OF_COMPONENTS:
            (partial / name).symlink_to("components")
    partial.rename(folder)


def _programs(module: str) -> list[str]:
    """Return the programs that a module names as its tools."""
    described = json.loads(_go(module, "mod", "edit", "-json"))
    return [tool["Path"] for tool in described["Tool"]]


def _groups(programs: list[str]) -> list[list[str]]:
    """Divide programs into those that one run of the compiler may build."""
    together = [program for program in programs if program not in _BUILT_APART]
    return [together, *([program] for program in programs if program in _BUILT_APART)]


def _compile(module: str, programs: list[str], folder: Path, log: Path) -> None:
    flags = ["-v", "-mod=readonly", "-buildvcs=false", "-trimpath", f"-gcflags={_COMPILER_FLAGS}"]
    flags += ["-ldflags", linker_flags(module), "-o", f"{folder}/"]
    run(
        [_go_program(), "build", *flags, *programs],
        cwd=_MODULES / module,
        env={**os.environ, **_COMPILER_ENVIRONMENT},
        log=log,
        next_step="mend what the log names (network, disk, the module's go.mod), then run again",
        what=f"Building {module}",
        total=_packages(module, programs),
    )


def _packages(module: str, programs: list[str]) -> int:
    """Return how many packages programs are made of; those that are missing are fetched."""
    return _go(module, "list", "-deps", *programs).count("\n")


def _go(module: str, *arguments: str) -> str:
    return output(
        [_go_program(), "-C", _MODULES / module, *arguments],
        env={**os.environ, **_COMPILER_ENVIRONMENT},
        next_step="check the network and the module files, then run again",
    )


def _go_program() -> Path:
    found = shutil.which("go") or "/usr/local/go/bin/go"
    if not Path(found).exists():
        raise ClusterError(
            "the go program is not installed", next_step="install Go 1.26 or later and run again"
        )
    return Path(found)
