"""Founders, by a signed token: JWT with ES256 and nothing else."""

import hashlib
import time
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jose import JWTError, jwt

from venture_core.identity.callers import Founder, UnauthenticatedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ALGORITHM: Final = "ES256"
MAX_LIFETIME_SECONDS: Final = 24 * 3600
CLOCK_SKEW_SECONDS: Final = 30
MAX_ID: Final = 256


class FounderKeyError(Exception):
    """What is to sign founders' tokens is no such key."""


class FounderKey:
    """Signs founders' tokens. `kid` follows from the key, so that another key has another name."""

    def __init__(self, pem: bytes) -> None:
        """Take a private key for ES256, in PEM. FounderKeyError where it is another."""
        try:
            key = load_pem_private_key(pem, None)
        except (ValueError, TypeError) as error:
            raise FounderKeyError("it is no private key in PEM without a password") from error
        if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
            raise FounderKeyError("it is no key for ES256: that takes the curve P-256")
        self._private = key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ).decode()
        public = key.public_key()
        self.public = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        """The public key, in PEM."""
        der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.kid = hashlib.sha256(der).hexdigest()[:16]

    def sign(
        self, *, issuer: str, audience: str, subject: str, token_id: str, lifetime_seconds: int
    ) -> str:
        """Return a token that counts from now on for so long, a day at most."""
        now = int(time.time())
        claims = {
            "iss": issuer,
            "aud": audience,
            "sub": subject,
            "jti": token_id,
            "iat": now,
            "exp": now + min(lifetime_seconds, MAX_LIFETIME_SECONDS),
        }
        signed: str = jwt.encode(
            claims, self._private, algorithm=ALGORITHM, headers={"kid": self.kid}
        )
        return signed


class FounderTokens:
    """Verifies founders' tokens.

    `keys` holds the public keys (PEM) by their `kid`, `is_revoked` tells of a `jti` that counts no
    more. A token names its issuer, audience, subject and itself, and lives for a day at most.
    """

    def __init__(
        self,
        keys: Mapping[str, str],
        *,
        issuer: str,
        audience: str,
        is_revoked: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._is_revoked = is_revoked

    def verify(self, token: str) -> Founder:
        """Return the founder that the token names. Raises UnauthenticatedError."""
        try:
            key = self._keys.get(str(jwt.get_unverified_header(token).get("kid")))
            if key is None:
                raise UnauthenticatedError("the token is signed by a key that is not known")
            claims = jwt.decode(
                token,
                key,
                # Never what the token says: it could name a weaker one, or none.
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                options={
                    **{f"require_{name}": True for name in ("aud", "exp", "iat", "iss", "sub")},
                    "require_jti": True,
                    "leeway": CLOCK_SKEW_SECONDS,
                },
            )
        except JWTError as error:
            raise UnauthenticatedError("the token is not valid here, or no longer") from error
        return self._founder(claims)

    def _founder(self, claims: dict[str, object]) -> Founder:
        subject, token_id = claims["sub"], claims["jti"]
        for each in (subject, token_id):
            if not isinstance(each, str) or not 0 < len(each) <= MAX_ID:
                raise UnauthenticatedError("sub and jti must be short texts")
        issued, expires = claims["iat"], claims["exp"]
        if not isinstance(issued, int | float) or not isinstance(expires, int | float):
            raise UnauthenticatedError("iat and exp must be times")
        if expires - issued > MAX_LIFETIME_SECONDS or issued > time.time() + CLOCK_SKEW_SECONDS:
            raise UnauthenticatedError("the token lives too long, or comes from the future")
        if self._is_revoked(str(token_id)):
            raise UnauthenticatedError("the token was revoked")
        return Founder(subject=str(subject), token_id=str(token_id), claims=claims)
