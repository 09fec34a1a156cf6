"""Tokens of founders, as an issuer of the tests signs them."""

from __future__ import annotations

import time

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from jose import jwt
from venture_core.identity.founder import FounderTokens


def _key() -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private, public.decode()


PRIVATE, PUBLIC = _key()
OTHER, _ = _key()


def founder_claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    claims = {
        "iss": "https://venture.example.com",
        "aud": "venture-api",
        "sub": "founder-1",
        "jti": "token-1",
        "iat": now,
        "exp": now + 600,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def founder_token(
    claims: dict[str, object], *, key: str = PRIVATE, algorithm: str = "ES256", kid: str = "k1"
) -> str:
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


def founders() -> FounderTokens:
    return FounderTokens(
        {"k1": PUBLIC},
        issuer="https://venture.example.com",
        audience="venture-api",
        is_revoked=lambda jti: jti == "revoked",
    )
