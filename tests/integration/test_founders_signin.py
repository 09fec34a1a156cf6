"""Signing in to founders' API, and what is refused: by a real API server and Postgres."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import time
from typing import TYPE_CHECKING

import asyncpg
import pytest
from contentapi import HOST
from founderapi import administering, make_account, visiting
from jose import jwt
from venture_cli.services.accounts import disable_account, list_accounts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from contentapi import ContentApi
    from founderapi import Answer, Visitor

TOO_MANY = 5
"""Failures after which an account waits."""


@pytest.fixture
async def visitor(content_api: ContentApi) -> AsyncIterator[Visitor]:
    async with visiting(content_api) as found:
        yield found


@pytest.fixture
async def alice(definitions: Path, namespace: str) -> tuple[str, str]:
    """An account of this test's own, and its password."""
    account = f"alice-{secrets.token_hex(3)}"
    return account, await make_account(definitions, account, "Founder", namespace)


def refused(answer: Answer) -> str:
    assert answer.status == 401, answer.data
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.body["detail"])


async def test_a_founder_signs_in_and_out(visitor: Visitor, alice: tuple[str, str]) -> None:
    opened = await visitor.sign_in(*alice)
    assert opened.status == 201, opened.data
    assert opened.headers["cache-control"] == "no-store"
    assert opened.body["role"] == "Founder"

    said = await visitor("GET", "/v1/session")
    assert said.body == {"user": f"venture:{alice[0]}", "groups": ["venture:founders"]}

    assert (await visitor("DELETE", "/v1/session")).status == 204
    assert "sign in again" in refused(await visitor("GET", "/v1/session"))


async def test_nothing_is_known_of_passwords(
    visitor: Visitor, content_api: ContentApi, alice: tuple[str, str]
) -> None:
    await visitor.sign_in(*alice)
    connection = await asyncpg.connect(content_api.database.get_secret_value())
    kept = await connection.fetchval(
        "SELECT password_hash FROM record.accounts WHERE account = $1", alice[0]
    )
    await connection.close()
    assert kept.startswith("$2b$12$")
    assert visitor.token is not None
    for secret in (alice[1], visitor.token, kept):
        assert secret not in content_api.log


async def test_who_does_not_sign_in_learns_nothing_of_accounts(
    visitor: Visitor, alice: tuple[str, str]
) -> None:
    """Same words, and the work of one password, whether there is such an account or not."""

    async def guess(account: str) -> tuple[str, float]:
        began = time.perf_counter()
        said = refused(await visitor.sign_in(account, "wrong"))
        return said, time.perf_counter() - began

    known = [await guess(alice[0]) for _ in range(3)]
    unknown = [await guess("nobody-at-all") for _ in range(3)]
    assert {said for said, _ in known} == {said for said, _ in unknown}
    # Without a password to try an answer takes a hundredth of this.
    assert min(took for _, took in unknown) > min(took for _, took in known) / 3


async def test_an_account_that_is_guessed_at_waits_even_for_its_owner(
    visitor: Visitor, content_api: ContentApi, alice: tuple[str, str]
) -> None:
    guesses = await asyncio.gather(
        *(visitor.sign_in(alice[0], f"guess-{each}") for each in range(2 * TOO_MANY))
    )
    said = {refused(each) for each in guesses}
    assert {refused(await visitor.sign_in(*alice))} == said

    connection = await asyncpg.connect(content_api.database.get_secret_value())
    failures = await connection.fetchval(
        "SELECT failures FROM record.accounts WHERE account = $1", alice[0]
    )
    assert failures == TOO_MANY, "tries at the same time count one by one"
    await connection.execute(
        "UPDATE record.accounts SET locked_until = now() WHERE account = $1", alice[0]
    )
    await connection.close()
    assert (await visitor.sign_in(*alice)).status == 201


async def test_a_disabled_account_is_out_at_once_and_comes_back_with_another_password(
    visitor: Visitor, definitions: Path, namespace: str, alice: tuple[str, str]
) -> None:
    account, password = alice
    await visitor.sign_in(account, password)
    async with administering(definitions, namespace) as session:
        await disable_account(session, account)
        listed = {each["account"]: each for each in await list_accounts(session)}
    assert listed[account]["disabled"]
    assert "passwordHash" not in listed[account]
    refused(await visitor("GET", "/v1/session"))
    refused(await visitor.sign_in(account, password))

    again = await make_account(definitions, account, "Finance", namespace)
    refused(await visitor.sign_in(account, password))
    assert (await visitor.sign_in(account, again)).body["role"] == "Finance"


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def test_tokens_of_others_are_refused(
    visitor: Visitor, content_api: ContentApi, alice: tuple[str, str]
) -> None:
    await visitor.sign_in(*alice)
    assert visitor.token is not None
    own = jwt.get_unverified_claims(visitor.token)
    kid = jwt.get_unverified_header(visitor.token)["kid"]
    assert own["iss"] == f"https://{HOST}"
    key = (content_api.authority.parent / "founder-key.pem").read_text()

    def signed(secret: str = key, algorithm: str = "ES256", **changes: object) -> str:
        return jwt.encode(own | changes, secret, algorithm=algorithm, headers={"kid": kid})

    now = int(time.time())
    forged = {
        "of another audience": signed(aud="venture-treasury"),
        "of another issuer": signed(iss="https://elsewhere.example.com"),
        "expired": signed(iat=now - 900, exp=now - 300),
        "for a year": signed(exp=now + 365 * 86_400),
        "of another account": signed(sub="root"),
        "of no session": signed(jti="9b2e4a0e-0f5e-4a53-9f0a-3a9c4f6c7d11"),
        "of no id": signed(jti="x"),
        "without an algorithm": f"{_part({'alg': 'none', 'kid': kid})}.{_part(own)}.",
        "with a weaker algorithm": signed("public", "HS256"),
        "changed": visitor.token[:-6] + ("AAAAAA" if visitor.token[-6:] != "AAAAAA" else "BBBBBB"),
        "nothing": "x",
    }
    answers = {}
    for name, token in forged.items():
        headers = {"Authorization": f"Bearer {token}"}
        answers[name] = (await visitor("GET", "/v1/session", headers=headers)).status
    assert answers == dict.fromkeys(forged, 401)
    # The token in the address would be in logs.
    visitor.token, token = None, visitor.token
    assert (await visitor("GET", f"/v1/session?access_token={token}")).status == 401


async def test_what_is_no_sign_in_is_refused_before_it_is_read(visitor: Visitor) -> None:
    password = {"account": "alice", "password": "x" * 73}
    assert (await visitor("POST", "/v1/session", password)).status == 422
    assert (
        await visitor("POST", "/v1/session", {"account": "../x", "password": "y"})
    ).status == 422
    assert await visitor.announce("POST", "/v1/session", 10_000_000) == 413
