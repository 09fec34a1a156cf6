"""Compiling: validate, plan, gate, render. Bytes in, bytes out, the same wherever it runs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.artifacts.deck.checks import run_gates
from venture_core.artifacts.deck.planner import plan_deck
from venture_core.artifacts.gates import GateFailedError, GateResult, GateSettings
from venture_core.artifacts.images import InvalidAssetError, inspect_image
from venture_core.artifacts.ir import SlideSpec, check_assets
from venture_core.canonical import sha256_hex

if TYPE_CHECKING:
    from collections.abc import Mapping

PPTX = "Pptx"
PPTX_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"

__all__ = [
    "PPTX",
    "PPTX_MEDIA_TYPE",
    "CompiledArtifact",
    "InvalidAssetError",
    "UnsupportedTargetError",
    "compile_artifact",
]


class UnsupportedTargetError(ValueError):
    """The target cannot be made from this kind of document."""


@dataclass(frozen=True, slots=True)
class CompiledArtifact:
    """A finished artifact."""

    data: bytes
    sha256: str
    """SHA-256 of `data`, 64 hexadecimal digits."""
    media_type: str
    gates: tuple[GateResult, ...]
    """Outcomes of the gates that were on; all passed."""


def compile_artifact(
    *, ir: SlideSpec, assets: Mapping[str, bytes], gates: GateSettings, target: str
) -> CompiledArtifact:
    """Compile `ir` with the `assets` given beside it.

    Takes from 0.1 s for a few slides to seconds for hundreds, all of it CPU: call it off an event
    loop. Raises `InvalidIRError` when an asset is missing, `InvalidAssetError` when one cannot be
    used, `GateFailedError` when a gate that is on does not pass, `UnsupportedTargetError` when
    `target` is not `Pptx`.
    """
    if target != PPTX:
        raise UnsupportedTargetError(f"a SlideSpec compiles to {PPTX}, not to {target}")
    check_assets(ir, assets.keys())
    available = {**ir.inline_assets(), **assets}
    used = {name: available[name] for name in sorted({name for _, name in ir.asset_references()})}
    images = {name: inspect_image(name, data) for name, data in used.items()}
    plan = plan_deck(ir, images)
    results = run_gates(plan, gates)
    if not all(result.passed for result in results):
        raise GateFailedError(results)
    # Imported here: python-pptx costs a quarter of a second that validation need not pay.
    from venture_core.artifacts.render.deck import render_deck

    data = render_deck(plan, used, images)
    return CompiledArtifact(data, sha256_hex(data), PPTX_MEDIA_TYPE, results)
