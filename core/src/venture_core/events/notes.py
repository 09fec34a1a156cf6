"""Signed notes (C2SP signed-note v1): a text, and Ed25519 signatures by named keys.

A verifier key is written as `<name>+<key id>+<base64>` (as Go's sumdb does); such a line is all an
auditor needs to keep. Signatures of unknown keys are ignored, so keys can be rotated by signing
with both, and others can cosign.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MAX_NOTE_BYTES: Final = 64 * 1024
MAX_SIGNATURES: Final = 64

_ED25519: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_DASH: Final = "\u2014"
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteFormatError(ValueError):
    """The bytes are no signed note, or the text is no verifier key."""


class NoteSignatureError(ValueError):
    """No trusted key signed the note, or a signature in a trusted key's name is not its own."""


class UnknownSignerError(NoteSignatureError):
    """Nobody signed the note whose key is trusted, and nobody pretended to."""


type SignatureLine = tuple[str, bytes, bytes]
"""A signature as a note has it: the key's name, its id, and the bytes after that."""


class NoteVerifier:
    """A public key and its name."""

    def __init__(self, name: str, key: Ed25519PublicKey) -> None:
        """Name a key; NoteFormatError where no key can have that name."""
        _check_name(name)
        self.name: Final = name
        self._key: Final = key

    @cached_property
    def id(self) -> bytes:
        """The four bytes that, with the name, say which key made a signature."""
        named = self.name.encode() + b"\n" + _ED25519 + self._key.public_bytes_raw()
        return hashlib.sha256(named).digest()[:_KEY_ID_BYTES]

    @property
    def raw(self) -> bytes:
        """The key alone, 32 bytes."""
        return self._key.public_bytes_raw()

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the 32 bytes of the key, in hex: short enough to be read out."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def text(self) -> str:
        """The verifier key as one line: `<name>+<key id in hex>+<base64 of type and key>`."""
        encoded = base64.b64encode(_ED25519 + self._key.public_bytes_raw()).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"

    def has_signed(self, text: bytes, signature: bytes) -> bool:
        """Say whether the signature over the text is this key's."""
        try:
            self._key.verify(signature, text)
        except InvalidSignature:
            return False
        return True

    @classmethod
    def parse(cls, text: str) -> NoteVerifier:
        """Read a verifier key's line; NoteFormatError where it is none, or its key id is wrong."""
        parts = text.split("+", 2)
        if len(parts) != len(("name", "id", "key")):
            raise NoteFormatError("a verifier key is <name>+<key id>+<base64>")
        name, key_id, encoded = parts
        material = decode_base64(encoded)
        if material[:1] != _ED25519:
            raise NoteFormatError(f"the verifier key {name} is not an Ed25519 key")
        try:
            verifier = cls(name, Ed25519PublicKey.from_public_bytes(material[1:]))
        except ValueError as error:
            raise NoteFormatError(f"the verifier key {name}: {error}") from error
        if verifier.id.hex() != key_id:
            raise NoteFormatError(f"the verifier key {name} has the id {verifier.id.hex()}")
        return verifier


class NoteSigner:
    """A private key and its name."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        """Name a key; NoteFormatError where no key can have that name."""
        self.verifier: Final = NoteVerifier(name, key.public_key())
        self._key: Final = key

    def sign(self, text: bytes) -> bytes:
        """Return the key's id and its signature over the text."""
        return self.verifier.id + self._key.sign(text)


@dataclass(frozen=True, slots=True)
class Note:
    """A note whose signatures were verified."""

    text: str
    signers: tuple[NoteVerifier, ...]
    """The trusted keys that signed it, at least one."""
    signatures: tuple[SignatureLine, ...] = ()
    """All signatures, of witnesses too, verified or not."""


def sign_note(text: str, signers: Sequence[NoteSigner]) -> bytes:
    """Return the note of this text with a signature of each signer.

    The text ends in a newline. Raises NoteFormatError where it cannot be a note's.
    """
    if not signers:
        raise NoteFormatError("a note has at least one signature")
    encoded = text.encode()
    lines = "".join(
        f"{_DASH} {each.verifier.name} {base64.b64encode(each.sign(encoded)).decode()}\n"
        for each in signers
    )
    note = f"{text}\n{lines}".encode()
    if _split(note)[0] != text:
        raise NoteFormatError("a note's text ends in one newline")
    return note


def open_note(data: bytes, trusted: Collection[NoteVerifier]) -> Note:
    """Return the note if a trusted key signed it.

    Raises NoteFormatError where it is no note, and NoteSignatureError where no trusted key signed
    it or a signature that names a trusted key was not made by it.
    """
    text, signatures = _split(data)
    encoded = text.encode()
    known = {(each.name, each.id): each for each in trusted}
    signers: list[NoteVerifier] = []
    for name, key_id, signature in signatures:
        verifier = known.get((name, key_id))
        if verifier is None:
            continue
        if not verifier.has_signed(encoded, signature):
            raise NoteSignatureError(f"the signature of {name}+{key_id.hex()} is not that key's")
        if verifier not in signers:
            signers.append(verifier)
    if not signers:
        names = ", ".join(f"{name}+{key_id.hex()}" for name, key_id, _ in signatures)
        raise UnknownSignerError(f"no trusted key signed it, only {names}")
    return Note(text, tuple(signers), tuple(signatures))


def _split(data: bytes) -> tuple[str, list[SignatureLine]]:
    """Take a note apart into its text and its signatures: name, key id, signature."""
    if len(data) > MAX_NOTE_BYTES:
        raise NoteFormatError(f"a note has at most {MAX_NOTE_BYTES} bytes")
    try:
        note = data.decode()
    except UnicodeDecodeError as error:
        raise NoteFormatError("a note is UTF-8") from error
    if _CONTROL.search(note):
        raise NoteFormatError("a note has no control characters but newlines")
    head, blank, tail = note.rpartition("\n\n")
    if not blank or not head or not tail.endswith("\n"):
        raise NoteFormatError("a note is a text, a blank line, and signature lines")
    lines = tail.removesuffix("\n").split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteFormatError(f"a note has at most {MAX_SIGNATURES} signatures")
    return head + "\n", [_signature(line) for line in lines]


def _signature(line: str) -> SignatureLine:
    parts = line.split(" ")
    if len(parts) != len((_DASH, "name", "signature")) or parts[0] != _DASH:
        raise NoteFormatError("a signature line is a dash, a name and a signature")
    _check_name(parts[1])
    blob = decode_base64(parts[2])
    if len(blob) <= _KEY_ID_BYTES:
        raise NoteFormatError("a signature is a key id and bytes after it")
    return parts[1], blob[:_KEY_ID_BYTES], blob[_KEY_ID_BYTES:]


def _check_name(name: str) -> None:
    if not name or "+" in name or any(each.isspace() for each in name):
        raise NoteFormatError(f"a key's name has neither spaces nor plus signs: {name!r}")


def decode_base64(text: str) -> bytes:
    """Decode base64 in its one canonical spelling, so that no two notes mean the same."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise NoteFormatError("not base64") from error
    if base64.b64encode(data).decode() != text:
        raise NoteFormatError("base64 in another than its one spelling")
    return data
