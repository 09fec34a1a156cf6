"""Where things are in the bucket, for whoever puts them there and whoever looks for them.

inputs/<namespace>/documents/<digest>.json            documents too large for a ConfigMap
inputs/<namespace>/assets/<digest>                    pictures
artifacts/sha256/<digest>/artifact                    the bytes, by content
artifacts/sha256/<digest>/<uid>-<attempt>.intoto.json who made them from what, one of each build
artifacts/sha256/<digest>/<uid>-<attempt>.png         what its first page looks like, by that build
"""

from typing import Final

PROVENANCE_SUFFIX: Final = ".intoto.json"


def input_key(namespace: str, key: str) -> str:
    """Return the full key of what builds of a namespace may read; `key` is as they name it.

    The folder comes first, so no build can name an object of another namespace.
    """
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


def thumbnail_key(sha256: str, uid: str, attempt: int) -> str:
    """Return the key of what the artifact with that digest looks like, as one build drew it.

    Each keeps its own: Jobs draw them, and one that lies shall show nothing of another's.
    """
    return f"{artifact_prefix(sha256)}{uid}-{attempt}.png"


def provenance_key(sha256: str, uid: str, attempt: int) -> str:
    """Return the key of one build's statement about the artifact with that digest.

    Builds of the same bytes keep statements of their own: statuses pin them by digest.
    """
    return f"{artifact_prefix(sha256)}{uid}-{attempt}{PROVENANCE_SUFFIX}"
