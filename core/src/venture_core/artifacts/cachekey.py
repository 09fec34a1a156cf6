"""The cache key: builds with the same key have the same bytes, so only the first is compiled."""

from typing import TYPE_CHECKING

from venture_core.canonical import canonical_json, sha256_hex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.artifacts.gates import GateSettings
    from venture_core.artifacts.ir.document import Document


def cache_key(
    *,
    ir: Document,
    assets: Mapping[str, str],
    gates: GateSettings,
    target: str,
    toolchain: str,
    bundle_hash: str,
) -> str:
    """Return `sha256:` and 64 hexadecimal digits over everything that decides a build's outcome.

    `assets` maps the name of each asset given beside the document to its SHA-256 in hexadecimal.
    The IR counts by meaning: key order, white space and spelled-out defaults make no difference.
    """
    document = {
        "assets": dict(assets),
        "bundleHash": bundle_hash,
        "gates": list(gates.enabled()),
        "ir": ir.model_dump(mode="json", by_alias=True),
        "target": target,
        "toolchain": toolchain,
    }
    return "sha256:" + sha256_hex(canonical_json(document))
