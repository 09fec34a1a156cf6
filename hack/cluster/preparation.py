"""What `make up` and `make check` are made of, brought in two lanes side by side.

Compiling keeps the processor busy; downloads, packages and image builds leave it idle for most of
the time.
"""

from __future__ import annotations

import binaries
import images
import packages
import python
from paths import cache_dir
from progress import side_by_side

# In the order in which they are needed first.
_FOR_THE_CLUSTER = ("kubernetes", "calico", "coredns", "tools", "pause")
_FOR_CHECKS = ("tools", "kind")


def ensure() -> None:
    """Bring everything that can be had before a cluster runs; what is there already is kept."""
    side_by_side(lambda: _compile(_FOR_THE_CLUSTER), _fetch)


def ensure_for_checks() -> None:
    """Bring what the checks without a server need."""
    side_by_side(lambda: _compile(_FOR_CHECKS), _provide_python)


def _compile(modules: tuple[str, ...]) -> None:
    for module in modules:
        binaries.ensure(module)


def _fetch() -> None:
    packages.ensure((*packages.CLUSTER, *packages.IMAGES), cache_dir() / "logs" / "packages.log")
    # While the first is compiled the sources of the others come.
    for module in _FOR_THE_CLUSTER[1:]:
        binaries.download(module)
    _provide_python()
    images.build_with_buildah(images.without_programs())


def _provide_python() -> None:
    python.ensure_environment()
