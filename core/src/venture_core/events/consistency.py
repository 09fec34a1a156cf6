"""The proof that a log only grew: that an older checkpoint's log is a prefix of a newer one's.

Written as C2SP's tlog-witness has it for a witness: the old size, the hashes, and the new
checkpoint.
"""

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from venture_core.events.checkpoint import MAX_SIZE, CheckpointError
from venture_core.events.merkle import verify_consistency

if TYPE_CHECKING:
    from venture_core.events.checkpoint import Checkpoint
    from venture_core.events.policy import Policy, Signed

CONSISTENCY_SUFFIX: Final = ".tlog-consistency"
MAX_CONSISTENCY_BYTES: Final = 128 * 1024

_FORM: Final = re.compile(
    r"old (?P<old>0|[1-9][0-9]{0,18})\n"
    r"(?P<hashes>(?:[A-Za-z0-9+/]{43}=\n){0,63})"
    r"\n"
    r"(?P<note>.+)",
    re.DOTALL,
)


class ConsistencyFormatError(ValueError):
    """The text is no proof that a log only grew."""


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """What proves that the log of a newer checkpoint begins with that of an older one."""

    old_size: int
    hashes: tuple[bytes, ...]
    note: bytes
    """The newer checkpoint, signed."""

    def text(self) -> str:
        """Return the proof as text, to be kept in a file whose name ends in CONSISTENCY_SUFFIX."""
        hashes = "".join(f"{base64.b64encode(each).decode()}\n" for each in self.hashes)
        return f"old {self.old_size}\n{hashes}\n{self.note.decode()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a proof's text; ConsistencyFormatError where it is none."""
        found = _FORM.fullmatch(text) if len(text) <= MAX_CONSISTENCY_BYTES else None
        if found is None or int(found["old"]) > MAX_SIZE:
            raise ConsistencyFormatError("not a proof of consistency as in c2sp.org/tlog-witness")
        hashes = tuple(base64.b64decode(line) for line in found["hashes"].split())
        proof = cls(int(found["old"]), hashes, found["note"].encode(errors="surrogatepass"))
        if proof.text() != text:
            raise ConsistencyFormatError("the proof is written in another than its one way")
        return proof

    def verify(self, old: Checkpoint, policy: Policy) -> Signed:
        """Return the newer checkpoint, whose log is proven to begin with that of `old`.

        Raises NoteFormatError, NoteSignatureError or CheckpointError where the policy does not
        accept the newer checkpoint or its time is before the older one's, and ProofError where the
        proof is not of these two.
        """
        signed = policy.open(self.note)
        policy.check_quorum(signed.note)
        if old.size != self.old_size:
            raise ConsistencyFormatError(
                f"the proof starts from {self.old_size} entries, the checkpoint has {old.size}"
            )
        verify_consistency(
            old_size=old.size,
            new_size=signed.checkpoint.size,
            old_root=old.root,
            new_root=signed.checkpoint.root,
            proof=self.hashes,
        )
        _check_times(old, signed.checkpoint)
        return signed


def _check_times(old: Checkpoint, new: Checkpoint) -> None:
    if old.signed_at is not None and new.signed_at is not None and new.signed_at < old.signed_at:
        raise CheckpointError(
            f"the newer checkpoint says that it was signed at {new.signed_at}, the older one at "
            f"{old.signed_at}"
        )
