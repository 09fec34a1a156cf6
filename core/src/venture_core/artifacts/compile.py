"""Compiling: validate, plan, gate, render. Bytes in, bytes out, the same wherever it runs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.gates import GateFailedError, GateResult, GateSettings
from venture_core.artifacts.ir.parsing import check_assets
from venture_core.artifacts.limits import THUMBNAIL_MAX_BYTES
from venture_core.artifacts.targets import target_for
from venture_core.canonical import sha256_hex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.ir.document import Document
    from venture_core.artifacts.target import Draft
    from venture_core.artifacts.toolchain import Toolchain

_PDF: Final = "application/pdf"
THUMBNAIL_SIDE: Final = 512
"""Pixels along the longer edge of a thumbnail."""


@dataclass(frozen=True, slots=True)
class CompiledArtifact:
    """A finished artifact."""

    data: bytes
    sha256: str
    """SHA-256 of `data`, 64 hexadecimal digits."""
    media_type: str
    gates: tuple[GateResult, ...]
    """Outcomes of the gates that were on; all passed."""
    toolchain: Toolchain
    """What made it."""
    thumbnail: bytes | None = None
    """Its first page as a small PNG, where it was asked for and there are pages to draw."""


def compile_artifact(
    *,
    ir: Document,
    assets: Mapping[str, bytes],
    gates: GateSettings,
    target: str,
    thumbnail: bool = False,
) -> CompiledArtifact:
    """Compile `ir` with the `assets` given beside it, and draw a `thumbnail` if that is wanted.

    Takes from 0.1 s for a few pages to seconds for hundreds, all of it CPU: call it off an event
    loop. Raises `UnsupportedTargetError` when `target` is not made of such documents,
    `InvalidIRError` when an asset is missing, `InvalidAssetError` when one cannot be used,
    `GateFailedError` when a gate that is on does not pass.
    """
    draft = draft_artifact(ir=ir, assets=assets, target=target)
    results = draft.run_gates(gates)
    if not all(result.passed for result in results):
        raise GateFailedError(results)
    data = draft.render()
    toolchain = target_for(target, ir.kind).toolchain_for(ir.kind)
    small = _thumbnail(draft, data) if thumbnail else None
    return CompiledArtifact(data, sha256_hex(data), draft.media_type, results, toolchain, small)


def _thumbnail(draft: Draft, data: bytes) -> bytes | None:
    """Draw the first page; the same pages give the same bytes. None where there is none to draw.

    Nor is there one where the bytes are too many.
    """
    from venture_core.artifacts.drawing.png import write_png

    drawing = draft.drawing()
    if drawing is not None:
        from venture_core.artifacts.drawing.raster import draw_scene

        first = drawing.scenes[0]
        scale = THUMBNAIL_SIDE / max(first.width, first.height)
        image = draw_scene(first, drawing.assets, scale)
    elif draft.media_type == _PDF:
        from venture_core.artifacts.viewing.first import first_page

        image = first_page(data, THUMBNAIL_SIDE)
    else:
        return None
    png = write_png(image)
    return png if len(png) <= THUMBNAIL_MAX_BYTES else None


def draft_artifact(*, ir: Document, assets: Mapping[str, bytes], target: str) -> Draft:
    """Plan `ir` with the `assets` given beside it, which is all but the gates and the file.

    Raises as `compile_artifact` does, but `GateFailedError`.
    """
    chosen = target_for(target, ir.kind)
    check_assets(ir, assets.keys())
    available = {**ir.inline_assets(), **assets}
    used = {name: available[name] for name in sorted({name for _, name in ir.asset_references()})}
    return chosen.draft(ir, used)
