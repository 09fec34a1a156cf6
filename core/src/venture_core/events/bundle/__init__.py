"""Audit bundles: a stretch of the log on its own, to be verified anywhere with public keys.

A bundle is a folder, or a tar archive of the same files:

- `manifest.json`: which log, which entries, and the size and digest of the other files;
- `events.ndjson`: the canonical bytes of the entries, a line each, as they were hashed;
- `index.bin`: for each entry its predecessor's hash, its number in its workflow, its hash, and the
  hash that the log holds at its place, all as the database has them, 104 bytes each;
- `checkpoints.ndjson`: signed checkpoints in order of size, a JSON string each, the last one at the
  end of the bundle;
- `keys.txt`: the verifier keys that the log says it signs with. They prove nothing: a verifier
  brings keys of its own;
- `gaps.ndjson`, only where entries were missing: what else was known of them.

A bundle that starts within the log brings the edge of the Merkle tree up to there; the signed root
at its end vouches for that too. The format holds what was found, tampered or not: the verifier, not
the writer, says what is wrong. What is in a bundle is proven or makes it fail: entries, lines,
index records, files and bytes agree exactly.
"""

from venture_core.events.bundle.layout import (
    BundleError,
    ConvertedBundleError,
    Entry,
    Gap,
    Manifest,
    MissingDataError,
    SurplusDataError,
    UnreadableBundleError,
)
from venture_core.events.bundle.reader import Bundle, open_bundle
from venture_core.events.bundle.tar import pack
from venture_core.events.bundle.writer import BundleWriter

__all__ = [
    "Bundle",
    "BundleError",
    "BundleWriter",
    "ConvertedBundleError",
    "Entry",
    "Gap",
    "Manifest",
    "MissingDataError",
    "SurplusDataError",
    "UnreadableBundleError",
    "open_bundle",
    "pack",
]
