"""Where things are: the repository, the cache that outlives a cluster, the state of a cluster."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def cache_dir() -> Path:
    """Folder of everything that is expensive to make and safe to keep: binaries, images, Python."""
    if own := os.environ.get("VENTURE_CACHE_DIR"):
        return Path(own).resolve()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).resolve() / "venture"


def state_dir() -> Path:
    """Folder of the running native cluster: its data, keys, logs and process records."""
    return Path(os.environ.get("VENTURE_STATE_DIR", "/var/lib/venture")).resolve()
