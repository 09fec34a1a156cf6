"""One forgery: files to verify, and what has to be found in them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import forgedlog as f

if TYPE_CHECKING:
    from pathlib import Path

    from venture_core.events.verify import Kind

TRUSTED: Final = f"log {f.SIGNER.verifier.text}\nquorum none\n"
RETIRED: Final = (
    f"log {f.SIGNER.verifier.text} venture-sizes:0-4\n"
    f"log {f.SUCCESSOR.verifier.text} venture-sizes:4-\nquorum none\n"
)
WITNESSED: Final = f"log {f.SIGNER.verifier.text}\nwitness W {f.witness_key()}\nquorum W\n"
POLICIES: Final = {"trusted": TRUSTED, "retired": RETIRED, "witnessed": WITNESSED}


@dataclass(frozen=True, slots=True)
class Vector:
    """Files to verify, and what has to be found in them."""

    name: str
    about: str
    files: dict[str, bytes]
    """By the name each has behind the vector's own: several are a series, in this order."""
    finding: Kind | None
    """None where all has to verify."""
    log_index: int | None = None
    policy: str = "trusted"
    checkpoint: bytes | None = None
    """What was kept from before."""

    def entry(self) -> dict[str, Any]:
        """Return the line of the list that tells of this vector."""
        told: dict[str, Any] = {
            "name": self.name,
            "about": self.about,
            "files": [f"{self.name}{end}" for end in self.files],
            "policy": f"{self.policy}.policy",
            "verified": self.finding is None,
        }
        if self.checkpoint is not None:
            told["checkpoint"] = f"{self.name}.checkpoint"
        if self.finding is not None:
            told["finding"] = str(self.finding)
        if self.log_index is not None:
            told["logIndex"] = self.log_index
        return told

    def write(self, folder: Path) -> None:
        """Write the files of this vector."""
        for end, data in self.files.items():
            (folder / f"{self.name}{end}").write_bytes(data)
        if self.checkpoint is not None:
            (folder / f"{self.name}.checkpoint").write_bytes(self.checkpoint)


def bundle(name: str, about: str, files: f.Files | bytes, kind: Kind | None, **more: Any) -> Vector:
    """Return a vector of one bundle: files, or the bytes of an archive."""
    data = files if isinstance(files, bytes) else f.packed(files)
    return Vector(name, about, {".tar": data}, kind, **more)


def with_file(files: f.Files, name: str, data: bytes) -> f.Files:
    """Return the files with another file, and a manifest that agrees."""
    return f.described({**files, name: data})
