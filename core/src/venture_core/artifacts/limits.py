"""How large what people hand in may be: whoever writes it and whoever reads it agree on this."""

from typing import Final

INLINE_MAX_BYTES: Final = 64 * 1024
"""The largest document within an ArtifactBuild, as canonical JSON."""
CONFIG_MAP_MAX_BYTES: Final = 512 * 1024
"""The largest document in a ConfigMap; beyond it, it goes to the store (up to MAX_IR_BYTES).

Half of what a ConfigMap or Secret can hold: the Job's input carries a copy and the request."""
ARTIFACT_MAX_BYTES: Final = 256 * 1024 * 1024
"""The largest artifact."""
THUMBNAIL_MAX_BYTES: Final = 512 * 1024
"""The largest thumbnail; one of 512 by 512 pixels of noise has 800 KiB and is left out."""
MAX_ASSETS: Final = 50
"""How many assets a build may name; the CRD says the same."""
