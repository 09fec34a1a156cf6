"""The proof that one event is in the log, as one small text (C2SP tlog-proof v1).

Its extra data is what the event's hash is made of: the hash before it, its number and its canonical
bytes. So the text holds the event itself, and a public key is enough to prove that it was logged.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from venture_core.events.chain import HASH_BYTES, SEQ_BYTES
from venture_core.events.checkpoint import Checkpoint, open_checkpoint
from venture_core.events.form import parse_event
from venture_core.events.merkle import leaf_hash, verify_inclusion

if TYPE_CHECKING:
    from collections.abc import Collection

    from venture_core.events.notes import NoteVerifier

PROOF_SUFFIX: Final = ".tlog-proof"
MAX_PROOF_BYTES: Final = 256 * 1024

_HEADER: Final = "c2sp.org/tlog-proof@v1"
_FORM = re.compile(
    rf"{re.escape(_HEADER)}\n"
    r"extra (?P<extra>[A-Za-z0-9+/=]+)\n"
    r"index (?P<index>0|[1-9][0-9]{0,18})\n"
    r"(?P<hashes>(?:[A-Za-z0-9+/=]{44}\n){0,63})"
    r"\n"
    r"(?P<note>.+)",
    re.DOTALL,
)


class ProofFormatError(ValueError):
    """The text is no proof of an event."""


@dataclass(frozen=True, slots=True)
class EventProof:
    """An event, its place in the log, and what proves it."""

    canonical: bytes
    """The event's canonical bytes."""

    seq: int
    """The event's number within its workflow."""

    prev: bytes
    """The hash of the workflow's event before it; 32 zero bytes for the first."""

    log_index: int
    """The event's place in the log, counted from 0."""

    hashes: tuple[bytes, ...]
    """The inclusion proof in the tree of the checkpoint."""

    note: bytes
    """The signed checkpoint."""

    @property
    def event_hash(self) -> bytes:
        """The event's hash."""
        return hashlib.sha256(self._hashed()).digest()

    def text(self) -> str:
        """Return the proof as text, to be kept in a file whose name ends in PROOF_SUFFIX."""
        hashes = "".join(f"{base64.b64encode(each).decode()}\n" for each in self.hashes)
        extra = base64.b64encode(self._hashed()).decode()
        return f"{_HEADER}\nextra {extra}\nindex {self.log_index}\n{hashes}\n{self.note.decode()}"

    @classmethod
    def parse(cls, text: str) -> EventProof:
        """Read a proof's text; ProofFormatError where it is none."""
        if len(text) > MAX_PROOF_BYTES:
            raise ProofFormatError(f"a proof has at most {MAX_PROOF_BYTES} bytes")
        found = _FORM.fullmatch(text)
        if found is None:
            raise ProofFormatError("not a c2sp.org/tlog-proof@v1 with the event as its extra data")
        try:
            extra = base64.b64decode(found["extra"], validate=True)
            hashes = [base64.b64decode(line, validate=True) for line in found["hashes"].split()]
        except ValueError as error:
            raise ProofFormatError("the proof is not base64") from error
        proof = cls(
            canonical=extra[HASH_BYTES + SEQ_BYTES :],
            seq=int.from_bytes(extra[HASH_BYTES : HASH_BYTES + SEQ_BYTES]),
            prev=extra[:HASH_BYTES],
            log_index=int(found["index"]),
            hashes=tuple(hashes),
            note=found["note"].encode(),
        )
        if proof.text() != text:
            raise ProofFormatError("the proof is written in another than its one way")
        return proof

    def verify(self, trusted: Collection[NoteVerifier], *, origin: str | None = None) -> Checkpoint:
        """Return the checkpoint of the tree that the event is proven to be in.

        Raises NoteFormatError, NoteSignatureError or CheckpointError where no trusted key of that
        log signed the checkpoint, ProofError where the event is not in its tree, and EventFormError
        where what was logged there is no event.
        """
        checkpoint = open_checkpoint(self.note, trusted, origin=origin)
        verify_inclusion(
            index=self.log_index,
            size=checkpoint.size,
            leaf=leaf_hash(self.event_hash),
            proof=self.hashes,
            root=checkpoint.root,
        )
        parse_event(self.canonical)
        return checkpoint

    def _hashed(self) -> bytes:
        return self.prev + self.seq.to_bytes(SEQ_BYTES) + self.canonical
