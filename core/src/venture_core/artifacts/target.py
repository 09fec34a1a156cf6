"""What a target is, and what it makes of a document on the way to a file."""

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.drawing.scene import Drawing
    from venture_core.artifacts.gates import GateResult, GateSettings
    from venture_core.artifacts.ir.document import Document
    from venture_core.artifacts.toolchain import Toolchain


type JobImage = Literal["compiler", "media"]
"""The compiler's image, or the one that has ffmpeg besides, which not every installation has."""


@dataclass(frozen=True, slots=True)
class Format:
    """A form that a target's files can have."""

    media_type: str
    extension: str
    """The ending of its files, without the dot."""


@dataclass(frozen=True, slots=True)
class Target:
    """What documents can be made into."""

    name: str
    """As `spec.target` of an ArtifactBuild has it."""
    formats: tuple[Format, ...]
    """The form of its files; several where the document chooses."""
    toolchain: Toolchain
    """What makes it, but for the kinds of documents in `others`."""
    compilers: Mapping[str, str]
    """The kinds of documents that it takes, and for each the module that has its `draft`."""
    others: Mapping[str, Toolchain] = field(default_factory=dict)
    """The toolchains of those kinds that other tools make."""
    image: JobImage = "compiler"
    """The image of the Jobs that make it."""

    def toolchain_for(self, kind: str) -> Toolchain:
        """Return the toolchain that makes the target of a kind of document."""
        return self.others.get(kind, self.toolchain)

    @property
    def toolchains(self) -> tuple[Toolchain, ...]:
        """Every toolchain that makes the target, each once."""
        return tuple(dict.fromkeys((self.toolchain, *self.others.values())))

    @property
    def archived(self) -> bool:
        """Whether what was built before stands for a build past the cache.

        So it is where no machine promises the same bytes again.
        """
        return any(each.same_processor for each in self.toolchains)

    def draft(self, document: Document, assets: Mapping[str, bytes]) -> Draft:
        """Plan a document of a kind that the target takes. `assets` are those that it uses.

        Raises `InvalidAssetError` for an asset that cannot be used.
        """
        planned: Draft = import_module(self.compilers[document.kind]).draft(document, assets)
        return planned

    def has_format(self, media_type: str) -> bool:
        """Say whether a file of the target can have that media type."""
        return any(each.media_type == media_type for each in self.formats)


class Draft(Protocol):
    """A document that is planned: judged by the gates, then rendered."""

    @property
    def media_type(self) -> str:
        """The form that its file will have."""
        ...

    def run_gates(self, settings: GateSettings) -> tuple[GateResult, ...]:
        """Run the gates that are on and that mean something for the document, in their order."""
        ...

    def drawing(self) -> Drawing | None:
        """Draw its pages; None where only the program that opens the file lays it out."""
        ...

    def render(self) -> bytes:
        """Write the file. The heavy libraries are imported here."""
        ...
