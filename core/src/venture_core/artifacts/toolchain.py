"""Which tools make the bytes of an artifact.

The same IR and assets give the same bytes for as long as the toolchain is the same, so its identity
is part of every cache key and every provenance statement. This module imports none of those tools:
the operator computes keys without them.
"""

import hashlib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Literal

FONTS: Final = "d9282e0abd51b767"
"""First 16 hexadecimal digits of the SHA-256 over the bundled font metrics."""
SHAPING: Final = (("budoux", "0.10.1"), ("python-bidi", "0.6.12"), ("uharfbuzz", "0.57.0"))
"""What measures text, and draws it, in scripts that the families lack."""
_ON_IMAGE: Final = " image-"


class ToolchainMismatchError(RuntimeError):
    """What is installed is not what the toolchain promises, so the bytes would differ."""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A renderer revision and the exact versions of all that shapes its output."""

    name: str
    revision: int
    """Raised by whoever changes the bytes that any document renders to."""
    libraries: tuple[tuple[str, str], ...]
    """Distribution names and versions, sorted by name here."""
    fonts: str = ""
    """`FONTS` where text is measured, else empty."""
    native: Literal["", "pango", "ffmpeg"] = ""
    """Which programs of the machine decide, too: then only the same image promises the bytes."""
    same_processor: bool = False
    """Whether another type of processor may give other bytes, even with the same image."""

    def __post_init__(self) -> None:
        """Sort the libraries: their order is part of the identity."""
        object.__setattr__(self, "libraries", tuple(sorted(self.libraries)))

    @property
    def id(self) -> str:
        """The stable identity, such as `pptx-1 deflate-0.9.0 … fonts-0123456789abcdef`."""
        parts = [f"{self.name}-{self.revision}"]
        parts += [f"{library}-{pinned}" for library, pinned in self.libraries]
        if self.fonts:
            parts.append(f"fonts-{self.fonts}")
        return " ".join(parts)

    def id_on(self, image: str) -> str:
        """Return the identity in Jobs of the image of that reference: it holds what is native."""
        if not self.native:
            return self.id
        return f"{self.id}{_ON_IMAGE}{hashlib.sha256(image.encode()).hexdigest()[:16]}"

    def made(self, identity: str) -> bool:
        """Say whether `identity` is this toolchain's, on whichever image."""
        own, _, image = identity.partition(_ON_IMAGE)
        return own == self.id and bool(image) == bool(self.native)

    def verify_installed(self) -> None:
        """Raise unless exactly these versions are installed.

        Raises `ToolchainMismatchError`, and `MissingLibraryError` where a native library is not
        there at all.
        """
        wrong = []
        for library, pinned in self.libraries:
            try:
                installed = version(library)
            except PackageNotFoundError:
                installed = "nothing"
            if installed != pinned:
                wrong.append(f"{library} {pinned} is pinned, {installed} is installed")
        if wrong:
            raise ToolchainMismatchError("; ".join(wrong))
        if self.native:
            from venture_core.artifacts.native import require

            require(self.native)
