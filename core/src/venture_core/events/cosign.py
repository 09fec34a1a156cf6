"""Cosignatures (C2SP tlog-cosignature): what a witness signs of a log's checkpoint, and when."""

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from venture_core.events.notes import NoteFormatError, SignatureLine, decode_base64

if TYPE_CHECKING:
    from collections.abc import Iterable

COSIGNATURE: Final = b"\x04"
"""The type of a witness's key: Ed25519 over a checkpoint with a time before it."""

_KEY_ID_BYTES: Final = 4
_TIME_BYTES: Final = 8
_SIGNATURE_BYTES: Final = 64


class WitnessKey:
    """The public key of a witness."""

    def __init__(self, name: str, key: Ed25519PublicKey) -> None:
        """Name a key."""
        self.name: Final = name
        self._key: Final = key
        named = name.encode() + b"\n" + COSIGNATURE + key.public_bytes_raw()
        self.id: Final = hashlib.sha256(named).digest()[:_KEY_ID_BYTES]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a witness's verifier key; NoteFormatError where it is none."""
        parts = text.split("+", 2)
        if len(parts) != len(("name", "id", "key")):
            raise NoteFormatError("a verifier key is <name>+<key id>+<base64>")
        name, key_id, encoded = parts
        material = decode_base64(encoded)
        if not name or material[:1] != COSIGNATURE:
            raise NoteFormatError(f"the verifier key {name} is not that of a witness (type 0x04)")
        try:
            witness = cls(name, Ed25519PublicKey.from_public_bytes(material[1:]))
        except ValueError as error:
            raise NoteFormatError(f"the verifier key {name}: {error}") from error
        if witness.id.hex() != key_id:
            raise NoteFormatError(f"the verifier key {name} has the id {witness.id.hex()}")
        return witness

    @property
    def raw(self) -> bytes:
        """The key alone."""
        return self._key.public_bytes_raw()

    def cosigned_at(self, text: str, signatures: Iterable[SignatureLine]) -> datetime | None:
        """Return when this witness cosigned the text of a checkpoint; None where it did not."""
        for name, key_id, blob in signatures:
            if (name, key_id) != (self.name, self.id):
                continue
            if len(blob) != _TIME_BYTES + _SIGNATURE_BYTES:
                return None
            seconds = int.from_bytes(blob[:_TIME_BYTES])
            message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
            try:
                self._key.verify(blob[_TIME_BYTES:], message)
                return datetime.fromtimestamp(seconds, UTC)
            except InvalidSignature, OverflowError, ValueError, OSError:
                return None
        return None
