"""Compiling: validate, plan, gate, render. Bytes in, bytes out, the same wherever it runs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_core.artifacts.gates import GateFailedError, GateResult, GateSettings
from venture_core.artifacts.ir.parsing import check_assets
from venture_core.artifacts.targets import target_for
from venture_core.canonical import sha256_hex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.ir.document import Document
    from venture_core.artifacts.target import Draft
    from venture_core.artifacts.toolchain import Toolchain


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


def compile_artifact(
    *, ir: Document, assets: Mapping[str, bytes], gates: GateSettings, target: str
) -> CompiledArtifact:
    """Compile `ir` with the `assets` given beside it.

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
    return CompiledArtifact(data, sha256_hex(data), draft.media_type, results, toolchain)


def draft_artifact(*, ir: Document, assets: Mapping[str, bytes], target: str) -> Draft:
    """Plan `ir` with the `assets` given beside it, which is all but the gates and the file.

    Raises as `compile_artifact` does, but `GateFailedError`.
    """
    chosen = target_for(target, ir.kind)
    check_assets(ir, assets.keys())
    available = {**ir.inline_assets(), **assets}
    used = {name: available[name] for name in sorted({name for _, name in ir.asset_references()})}
    return chosen.draft(ir, used)
