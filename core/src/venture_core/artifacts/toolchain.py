"""Which tools make the bytes of an artifact.

The same IR and assets give the same bytes for as long as the toolchain is the same, so its identity
is part of every cache key and every provenance statement. This module imports none of those tools:
the operator computes keys without them.
"""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final

FONTS: Final = "d9282e0abd51b767"
"""First 16 hexadecimal digits of the SHA-256 over the bundled font metrics."""


class ToolchainMismatchError(RuntimeError):
    """What is installed is not what the toolchain promises, so the bytes would differ."""


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A renderer revision and the exact versions of all that shapes its output."""

    name: str
    revision: int
    """Raised by whoever changes the bytes that any document renders to."""
    libraries: tuple[tuple[str, str], ...]
    """Distribution names and versions, sorted by name."""
    fonts: str = ""
    """`FONTS` where text is measured, else empty."""

    @property
    def id(self) -> str:
        """The stable identity, such as `pptx-1 deflate-0.9.0 … fonts-0123456789abcdef`."""
        parts = [f"{self.name}-{self.revision}"]
        parts += [f"{library}-{pinned}" for library, pinned in self.libraries]
        if self.fonts:
            parts.append(f"fonts-{self.fonts}")
        return " ".join(parts)

    def verify_installed(self) -> None:
        """Raise `ToolchainMismatchError` unless exactly these versions are installed."""
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
