"""Forged bundles and proofs, each with the finding that a verifier has to come to.

`python tests/support/forgeries.py` writes them to `tests/vectors`, the same bytes each time.
"""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import forgedlog as f
from forgedarchives import archives
from forgedcheckpoints import checkpoints, kept, keys
from forgedevents import garbage, series
from forgedfiles import lines, manifests
from forgedproofs import growth, proofs
from forgedrows import rows
from forgery import POLICIES, Vector, bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

VECTORS: Final = Path(__file__).parents[1] / "vectors"


def write_all(folder: Path) -> None:
    """Write every vector, the policies and the list into a folder."""
    vectors = all_vectors()
    for vector in vectors:
        vector.write(folder)
    for name, text in POLICIES.items():
        (folder / f"{name}.policy").write_text(text)
    told = json.dumps([vector.entry() for vector in vectors], indent=1, ensure_ascii=False)
    (folder / "vectors.json").write_text(told + "\n")


def all_vectors() -> list[Vector]:
    """Return the vectors."""
    parts = (
        honest,
        rows,
        lines,
        manifests,
        checkpoints,
        keys,
        archives,
        garbage,
        series,
        kept,
        proofs,
        growth,
    )
    return [vector for part in parts for vector in part()]


def honest() -> Iterator[Vector]:
    """Yield what has to verify."""
    yield bundle("honest", "the log as it is", f.bundle(), None)
    yield bundle("honest-part", "from log index 3 on", f.bundle(first=3), None)
    yield bundle("honest-empty", "a log without entries", f.bundle((), notes=[f.note(0)]), None)
    yield bundle(
        "honest-untimed",
        "checkpoints of the first version",
        f.bundle(notes=[f.note(each, minute=None) for each in f.SIZES]),
        None,
    )
    planes = f.chained([f.event(0, payload={"\U0001f600": 1, "\ufb33": 1})])
    signed = [f.note(1, of=planes)]
    about = "names sorted by UTF-16, not by code points"
    yield bundle("honest-planes", about, f.bundle(planes, notes=signed), None)
    rotated = [f.note(2), f.note(4, f.SIGNER, f.SUCCESSOR), f.note(6, f.SUCCESSOR)]
    yield bundle(
        "honest-rotated", "a key was replaced", f.bundle(notes=rotated), None, policy="retired"
    )
    yield bundle(
        "honest-cosigned",
        "a witness cosigned the last checkpoint",
        f.bundle(notes=[f.note(2), f.cosigned(f.note(6))]),
        None,
        policy="witnessed",
    )


if __name__ == "__main__":
    for old in VECTORS.glob("*"):
        if old.name != "README.md":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    write_all(VECTORS)
