"""The content of a bundle, and its hash: what is pinned, signed and kept for ever."""

from typing import TYPE_CHECKING, Any, Final

from venture_core.canonical import canonical_json, sha256_hex

if TYPE_CHECKING:
    from collections.abc import Mapping

APART: Final = ("state", "signature")
"""Fields of a spec that are no part of what the bundle says."""


def content_of(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a bundle's spec says, as it is stored."""
    return {key: value for key, value in spec.items() if key not in APART}


def content_hash(content: Mapping[str, Any]) -> str:
    """Return `sha256:` and the digest of the content's RFC 8785 form. Raises CanonicalJsonError."""
    return f"sha256:{sha256_hex(canonical_json(content))}"
