"""Accounts of founders' API, made as `venture account create` makes them, and who is signed in."""

from __future__ import annotations

import asyncio
import io
import json
import ssl
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import aiohttp
from contentapi import HOST, SYSTEM
from httpanswer import Answer
from venture_cli.domain.choices import Connection
from venture_cli.services.accounts import create_account
from venture_cli.services.session import Session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from contentapi import ContentApi
    from venture_cli.domain.accounts import AccountRole

type Body = dict[str, Any]

OBJECTS = "/apis/venture.parpour.dev/v1alpha1"


class Visitor:
    """Speaks to founders' API, with a token or without."""

    def __init__(self, session: aiohttp.ClientSession, url: str, tls: ssl.SSLContext) -> None:
        self.session = session
        self.url = url
        self.tls = tls
        self.token: str | None = None

    async def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        data = None
        if body is not None:
            data = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
            sent.setdefault("Content-Type", "application/json")
        async with self.session.request(
            method,
            self.url + path,
            data=data,
            headers=sent,
            ssl=self.tls,
            server_hostname=HOST,
            timeout=aiohttp.ClientTimeout(total=30),
        ) as answer:
            found = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, found, await answer.read())

    async def announce(self, method: str, path: str, size: int) -> int:
        """Announce a body of so many bytes and send none of it; return the answer's status."""
        port = int(self.url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection(
            "localhost", port, ssl=self.tls, server_hostname=HOST
        )
        head = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", f"Content-Length: {size}"]
        head += [f"Authorization: Bearer {self.token}", "Content-Type: application/json"]
        writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
        line = await asyncio.wait_for(reader.readline(), timeout=60)
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()
        return int(line.split()[1])

    async def sign_in(self, account: str, password: str) -> Answer:
        body = {"account": account, "password": password}
        answer = await self("POST", "/v1/session", body)
        if answer.status == 201:
            self.token = answer.body["token"]
        return answer


def hang_up(answer: aiohttp.ClientResponse) -> None:
    """Leave an answer that has no end: a farewell by TLS would outlast the test."""
    if answer.connection is not None and answer.connection.transport is not None:
        answer.connection.transport.abort()


@asynccontextmanager
async def visiting(api: ContentApi) -> AsyncIterator[Visitor]:
    tls = ssl.create_default_context(cafile=str(api.authority))
    async with aiohttp.ClientSession() as session:
        yield Visitor(session, api.founders, tls)


@asynccontextmanager
async def administering(kubeconfig: Path, namespace: str) -> AsyncIterator[Session]:
    """The command line of an administrator."""
    connection = Connection(
        kubeconfig=str(kubeconfig), context=None, namespace=namespace, system_namespace=SYSTEM
    )
    async with Session(connection) as session:
        yield session


async def make_account(kubeconfig: Path, account: str, role: AccountRole, *namespaces: str) -> str:
    """Return the password of an account with rights in those namespaces."""
    async with administering(kubeconfig, namespaces[0]) as session:
        return await create_account(session, account, role, namespaces)
