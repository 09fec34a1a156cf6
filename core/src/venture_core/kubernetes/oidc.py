"""Logins from an OpenID Connect provider, as a kubeconfig's `auth-provider: oidc` describes them.

The id token is used until it ends; then the refresh token buys another, and both are written back
to the kubeconfig, since many providers take a refresh token only once.
"""

import asyncio
import base64
import json
import os
import ssl
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import aiohttp
import yaml

from venture_core.kubernetes.access import CredentialsError, KubeconfigError, Login

if TYPE_CHECKING:
    from venture_core.kubernetes.access import Material
    from venture_core.kubernetes.kubeconfig import Entry

_LEEWAY_SECONDS: Final = 10.0
_TIMEOUT: Final = aiohttp.ClientTimeout(total=30)
_MAX_ANSWER_BYTES: Final = 1024 * 1024
_UNDERSTOOD: Final = "oidc"


@dataclass(frozen=True, slots=True)
class Provider:
    """Who gives tokens, and as whom we ask."""

    issuer: str
    client_id: str
    client_secret: str
    authority: Material | None


@dataclass(slots=True)
class _Tokens:
    id_token: str
    refresh_token: str


class OidcCredentials:
    """Gives the id token, and renews it."""

    def __init__(self, provider: Provider, tokens: _Tokens, file: Path, user: str) -> None:
        self._provider = provider
        self._tokens = tokens
        self._file = file
        self._user = user
        self._renewing = asyncio.Lock()
        self._refused = False

    @classmethod
    def configured(cls, entry: Entry, user: str) -> Self:
        """Read `auth-provider` of a user. KubeconfigError for others than oidc."""
        name, config = entry.text("name"), entry.part("config")
        if name != _UNDERSTOOD or config is None:
            raise KubeconfigError(
                f"{entry.what} in {entry.file}: the auth-provider {name!r} is not supported; "
                "clouds have a login program for `exec` instead"
            )
        provider = Provider(
            config.text("idp-issuer-url").rstrip("/"),
            config.text("client-id"),
            config.text("client-secret"),
            config.material("idp-certificate-authority"),
        )
        tokens = _Tokens(config.text("id-token"), config.text("refresh-token"))
        return cls(provider, tokens, entry.file, user.removeprefix("user "))

    async def login(self) -> Login:
        """Return a valid id token. CredentialsError where none can be had."""
        async with self._renewing:
            if self._refused or _ends_at(self._tokens.id_token) <= time.time() + _LEEWAY_SECONDS:
                await self._renew()
            return Login(f"Bearer {self._tokens.id_token}")

    def refused(self) -> bool:
        """Renew the token at the next use, where that is possible."""
        self._refused = bool(self._tokens.refresh_token)
        return self._refused

    async def _renew(self) -> None:
        if not self._tokens.refresh_token:
            raise CredentialsError("the id token has ended, and there is no refresh token")
        answer = await _refresh(self._provider, self._tokens.refresh_token)
        if not isinstance(answer.get("id_token"), str):
            raise CredentialsError(f"{self._provider.issuer} gave no id token")
        refresh = str(answer.get("refresh_token") or self._tokens.refresh_token)
        self._tokens = _Tokens(answer["id_token"], refresh)
        self._refused = False
        await asyncio.to_thread(_write_back, self._file, self._user, self._tokens)


def _ends_at(token: str) -> float:
    """Return when a JWT ends, in seconds since 1970; 0 for what is none."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"])
    except IndexError, ValueError, KeyError, TypeError, RecursionError:
        return 0.0


async def _refresh(provider: Provider, refresh_token: str) -> dict[str, Any]:
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    authority = provider.authority
    context = ssl.create_default_context(cadata=authority.read() if authority else None)
    connector = aiohttp.TCPConnector(ssl=context)
    try:
        async with aiohttp.ClientSession(
            connector=connector, timeout=_TIMEOUT, trust_env=True
        ) as session:
            discovery = f"{provider.issuer}/.well-known/openid-configuration"
            async with session.get(discovery, raise_for_status=True) as response:
                endpoint = str((await _decoded(response))["token_endpoint"])
            for headers, more in _client_proofs(provider):
                async with session.post(endpoint, data=form | more, headers=headers) as response:
                    if response.ok:
                        return await _decoded(response)
            raise CredentialsError(f"{provider.issuer} refuses to renew the login: log in again")
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
        message = f"the identity provider {provider.issuer} does not answer as it should: {error!r}"
        raise CredentialsError(message) from error


def _client_proofs(provider: Provider) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Return the ways to say who asks: a header and form fields. Providers differ."""
    form = {"client_id": provider.client_id}
    if not provider.client_secret:
        return [({}, form)]
    header = aiohttp.encode_basic_auth(provider.client_id, provider.client_secret)
    return [({"Authorization": header}, {}), ({}, form | {"client_secret": provider.client_secret})]


async def _decoded(response: aiohttp.ClientResponse) -> dict[str, Any]:
    data = await response.content.read(_MAX_ANSWER_BYTES)
    answer = json.loads(data)
    if not isinstance(answer, dict):
        raise TypeError("the answer is no object")
    return answer


def _write_back(file: Path, user: str, tokens: _Tokens) -> None:
    """Put the tokens into the kubeconfig they came from; nobody ever sees half a file."""
    target = file.resolve()
    body = yaml.safe_load(target.read_text(encoding="utf-8"))
    for each in body["users"]:
        if each["name"] == user:
            config = each["user"]["auth-provider"]["config"]
            config["id-token"], config["refresh-token"] = tokens.id_token, tokens.refresh_token
    # mkstemp makes private files, as a kubeconfig is.
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as written:
            yaml.safe_dump(body, written, sort_keys=False)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
