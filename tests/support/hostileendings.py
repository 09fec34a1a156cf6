"""How each hostile input ends, and which of them take longer than a moment."""

import json
from pathlib import Path
from typing import Final

_KNOWN: Final = json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))
ENDINGS: Final[dict[str, str]] = {name: each["ends"] for name, each in _KNOWN.items()}
"""The beginning of what the compile program says of each."""
LONG: Final[dict[str, float]] = {
    name: each["longSeconds"] for name, each in _KNOWN.items() if "longSeconds" in each
}
"""Those that are left to the long form, with the seconds that each may take: what takes 30 is as
large as a document may be, and takes it in proportion."""
