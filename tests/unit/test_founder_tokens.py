"""Tokens that name a founder, and those that name nobody."""

from __future__ import annotations

import json
import time

import pytest
from foundertokens import OTHER, PUBLIC, founder_claims, founder_token, founders
from venture_core.identity.callers import UnauthenticatedError


def test_a_founder_is_named_by_a_token() -> None:
    assert founders().verify(founder_token(founder_claims())).subject == "founder-1"


def _unsigned() -> str:
    import base64

    def part(value: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none', 'kid': 'k1'})}.{part(founder_claims())}."


@pytest.mark.parametrize(
    "token",
    [
        founder_token(founder_claims(), key=OTHER),
        founder_token(founder_claims(), kid="k2"),
        # The public key as the secret of a weaker algorithm.
        founder_token(founder_claims(), key=PUBLIC.replace("-----", ""), algorithm="HS256"),
        _unsigned(),
        founder_token(founder_claims(iss="https://elsewhere.example.com")),
        founder_token(founder_claims(aud="another")),
        founder_token(founder_claims(exp=int(time.time()) - 120)),
        founder_token(founder_claims(exp=int(time.time()) + 90_000)),
        founder_token(founder_claims(iat=int(time.time()) + 3600)),
        *(
            founder_token(founder_claims(**{name: None}))
            for name in ("iss", "aud", "sub", "jti", "iat", "exp")
        ),
        founder_token(founder_claims(jti="revoked")),
        founder_token(founder_claims(sub="x" * 300)),
        "not.a.token",
        "",
    ],
)
def test_other_tokens_name_nobody(token: str) -> None:
    with pytest.raises(UnauthenticatedError):
        founders().verify(token)
