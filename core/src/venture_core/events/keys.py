"""Reading the public keys that an auditor trusts, in the forms in which keys are handed around."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from venture_core.events.notes import NoteFormatError, NoteVerifier

_PEM = "-----BEGIN"


def is_pem(text: str) -> bool:
    """Say whether a text is a key in PEM, which names no log."""
    return text.lstrip().startswith(_PEM)


def read_keys(text: str, *, name: str) -> list[NoteVerifier]:
    """Read verifier keys, one a line, or one public key in PEM, which gets the name `name`.

    A log signs in its own name, so for a PEM `name` is the log's origin. Raises NoteFormatError
    where the text holds no key, or something else than keys.
    """
    if is_pem(text):
        return [NoteVerifier(name, _from_pem(text))]
    keys = [NoteVerifier.parse(line.strip()) for line in text.splitlines() if line.strip()]
    if not keys:
        raise NoteFormatError("there is no key")
    return keys


def _from_pem(text: str) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(text.strip().encode())
    except ValueError as error:
        raise NoteFormatError("the PEM holds no public key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise NoteFormatError("the PEM holds another key than an Ed25519 public key")
    return key
