"""A container image of one layer, written with the standard library, for a program or two.

The same files give the same bytes: times, owners and order are fixed.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class SmallImage:
    """An image: paths in it → files of this machine, and symbolic links → their targets."""

    name: str
    entrypoint: Sequence[str]
    files: Mapping[str, Path]
    symlinks: Mapping[str, str] = field(default_factory=dict)

    def reference(self, machine: str) -> str:
        """Return the name with a tag that is a hash of the image's content."""
        digest = hashlib.sha256(machine.encode())
        digest.update(json.dumps([list(self.entrypoint), sorted(self.symlinks.items())]).encode())
        for path, source in sorted(self.files.items()):
            digest.update(path.encode() + b"\0" + hashlib.sha256(source.read_bytes()).digest())
        return f"localhost/{self.name}:{digest.hexdigest()[:16]}"

    def write_archive(self, target: Path, *, reference: str, machine: str) -> None:
        """Write the image as an OCI archive that `ctr images import` loads under `reference`."""
        layer = self._layer()
        blobs: dict[str, bytes] = {}

        def add(data: bytes, media: str) -> dict[str, object]:
            digest = hashlib.sha256(data).hexdigest()
            blobs[digest] = data
            return {
                "mediaType": f"application/vnd.oci.image.{media}",
                "digest": f"sha256:{digest}",
                "size": len(data),
            }

        config = {
            "architecture": _ARCHITECTURES[machine],
            "os": "linux",
            "config": {"Entrypoint": list(self.entrypoint), "User": "65532:65532"},
            "rootfs": {
                "type": "layers",
                "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"],
            },
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": add(json.dumps(config).encode(), "config.v1+json"),
            "layers": [add(gzip.compress(layer, compresslevel=1, mtime=0), "layer.v1.tar+gzip")],
        }
        annotations = {
            "org.opencontainers.image.ref.name": reference,
            "io.containerd.image.name": reference,
        }
        index = {
            "schemaVersion": 2,
            "manifests": [
                {
                    **add(json.dumps(manifest).encode(), "manifest.v1+json"),
                    "annotations": annotations,
                }
            ],
        }
        with tarfile.open(target, "w") as archive:
            _add(archive, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
            _add(archive, "index.json", json.dumps(index).encode())
            for digest, data in sorted(blobs.items()):
                _add(archive, f"blobs/sha256/{digest}", data)

    def _layer(self) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as layer:
            paths = [*self.files, *self.symlinks]
            parents = {str(parent) for path in paths for parent in Path(path).parents} - {"/"}
            for folder in sorted(parents):
                entry = tarfile.TarInfo(folder.lstrip("/"))
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                layer.addfile(entry)
            for path, source in sorted(self.files.items()):
                _add(
                    layer,
                    path.lstrip("/"),
                    source.read_bytes(),
                    mode=0o755 if source.stat().st_mode & 0o111 else 0o644,
                )
            for path, goal in sorted(self.symlinks.items()):
                entry = tarfile.TarInfo(path.lstrip("/"))
                entry.type, entry.linkname = tarfile.SYMTYPE, goal
                layer.addfile(entry)
        return buffer.getvalue()


def _add(archive: tarfile.TarFile, name: str, data: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), mode
    archive.addfile(entry, io.BytesIO(data))
