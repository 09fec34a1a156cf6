"""Where things are in the bucket, for whoever puts them there and whoever looks for them.

inputs/<namespace>/documents/<digest>.json            documents too large for a ConfigMap
inputs/<namespace>/assets/<digest>                    pictures
artifacts/sha256/<digest>/artifact                    the bytes, by content
artifacts/sha256/<digest>/<name>.intoto.json          who made them from what
"""

from typing import Final

PROVENANCE_SUFFIX: Final = ".intoto.json"


def input_key(namespace: str, key: str) -> str:
    """Return the full key of what builds of a namespace may read; `key` is as they name it."""
    return f"inputs/{namespace}/{key}"


def document_key(sha256: str) -> str:
    """Return how a build names a document with that digest."""
    return f"documents/{sha256}.json"


def asset_key(sha256: str) -> str:
    """Return how a build names an asset with that digest."""
    return f"assets/{sha256}"


def artifact_prefix(sha256: str) -> str:
    """Return what the keys of an artifact and of all its provenance begin with."""
    return f"artifacts/sha256/{sha256}/"


def artifact_key(sha256: str) -> str:
    """Return the key of an artifact's bytes."""
    return f"{artifact_prefix(sha256)}artifact"


def provenance_key(sha256: str, name: str) -> str:
    """Return the key of a signed statement about an artifact; `name` tells statements apart."""
    return f"{artifact_prefix(sha256)}{name}{PROVENANCE_SUFFIX}"
