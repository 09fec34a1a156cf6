"""Founders, by a signed token: JWT with ES256 and nothing else."""

import time
from typing import TYPE_CHECKING, Final

from jose import JWTError, jwt

from venture_core.identity.callers import Founder, UnauthenticatedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ALGORITHMS: Final = ["ES256"]
MAX_LIFETIME_SECONDS: Final = 24 * 3600
CLOCK_SKEW_SECONDS: Final = 30
MAX_ID: Final = 256


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
                algorithms=ALGORITHMS,
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
