"""Built images in the cache: one OCI image layout, whose images share their layers.

A cluster that is made anew loads its images from here; nothing is built again.
"""

from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_REFERENCE = "org.opencontainers.image.ref.name"


class ImageStore:
    """An OCI image layout in a folder."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which the image builder fills."""
        self.folder = folder

    def references(self) -> set[str]:
        """Return the names of all images in the store."""
        return {entry["annotations"][_REFERENCE] for entry in self._index()["manifests"]}

    def write_archive(self, reference: str, target: Path) -> None:
        """Write one image, and only the layers it needs, as an OCI archive."""
        index = self._index()
        index["manifests"] = [
            entry for entry in index["manifests"] if entry["annotations"][_REFERENCE] == reference
        ]
        text = target.with_suffix(".index")
        text.write_text(json.dumps(index))
        with tarfile.open(target, "w") as archive:
            archive.add(self.folder / "oci-layout", "oci-layout")
            archive.add(text, "index.json")
            for digest in sorted(self._digests(index)):
                archive.add(self._blob(digest), f"blobs/sha256/{digest}")
        text.unlink()

    def keep_only(self, references: set[str]) -> None:
        """Forget all other images, and remove the layers that no image needs any more."""
        index = self._index()
        index["manifests"] = [
            entry for entry in index["manifests"] if entry["annotations"][_REFERENCE] in references
        ]
        partial = self.folder / "index.json.partial"
        partial.write_text(json.dumps(index))
        partial.replace(self.folder / "index.json")
        needed = self._digests(index)
        for blob in (self.folder / "blobs" / "sha256").iterdir():
            if blob.name not in needed:
                blob.unlink()

    def _index(self) -> dict[str, list[dict[str, dict[str, str]]]]:
        path = self.folder / "index.json"
        return json.loads(path.read_text()) if path.exists() else {"manifests": []}

    def _digests(self, index: dict[str, list[dict[str, dict[str, str]]]]) -> set[str]:
        digests = set()
        for entry in index["manifests"]:
            digests.add(_hex(entry))
            manifest = json.loads(self._blob(_hex(entry)).read_text())
            digests |= {_hex(part) for part in (manifest["config"], *manifest["layers"])}
        return digests

    def _blob(self, digest: str) -> Path:
        return self.folder / "blobs" / "sha256" / digest


def _hex(descriptor: dict[str, dict[str, str]]) -> str:
    return str(descriptor["digest"]).removeprefix("sha256:")
