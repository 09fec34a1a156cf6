"""How requests reach one API server: TLS, proxies, and a login that is renewed when it ends."""

import asyncio
import io
import os
import ssl
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlencode, urlsplit

from venture_core.kubernetes.access import AccessError, CredentialsError
from venture_core.kubernetes.exchange import Answer, Exchanges, NoAnswerError, Question

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from types import TracebackType

    import aiohttp
    from multidict import CIMultiDict

    from venture_core.kubernetes.access import Access, Certificate, Login

LARGE_BODY_BYTES: Final = 1024 * 1024
USER_AGENT: Final = "venture"
READ_BUFFER_BYTES: Final = 2 * 1024 * 1024
"""An event of a watch is one line; etcd takes objects of 1.5 MiB."""


type _Proof = tuple[str, Certificate | None]
"""What TLS is spoken with: the authority, and the client's certificate."""


@dataclass(slots=True)
class _Session:
    """A session with one client certificate, and how many requests are under way on it."""

    http: aiohttp.ClientSession
    proof: _Proof
    users: int = 0
    retired: bool = False


class Connection:
    """Sends requests as the access says. Use it as a context manager.

    A `brief` one is for programs that soon end: what does not stream goes without aiohttp, unless
    there is a proxy.
    """

    def __init__(self, access: Access, *, brief: bool = False) -> None:
        self.access = access
        self._proxy = access.proxy or _environments_proxy(access.server)
        self._brief = brief and self._proxy is None
        self._session: _Session | None = None
        self._exchanges: tuple[_Proof, Exchanges] | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.http.close()
        if self._exchanges is not None:
            self._exchanges[1].close()

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        seconds: float,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Answer:
        """Send a request and return its whole answer, whatever its status.

        Raises NoAnswerError and TimeoutError where none comes within so many seconds, AccessError
        where nobody can log in.
        """
        if self._brief:
            return await self._ask(
                Question(method, _target(path, query), headers or {}, data), seconds
            )
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self.send(
                method, path, query=query, headers=headers, data=data, timeout=timeout
            ) as response:
                return await whole(response)
        except aiohttp.ClientError as error:
            raise NoAnswerError(str(error) or repr(error)) from error

    async def _ask(self, question: Question, seconds: float) -> Answer:
        login = await self.access.credentials.login()
        answer = await self._ask_as(login, question, seconds)
        if answer.status == HTTPStatus.UNAUTHORIZED and self.access.credentials.refused():
            login = await self.access.credentials.login()
            answer = await self._ask_as(login, question, seconds)
        return answer

    async def _ask_as(self, login: Login, question: Question, seconds: float) -> Answer:
        exchanges = await self._exchanges_for(login)
        # Nothing else is bounded: a login may wait for somebody at a browser.
        async with asyncio.timeout(seconds):
            return await exchanges.ask(question, self._headers(question.headers, login))

    @asynccontextmanager
    async def send(
        self,
        method: str,
        path: str,
        *,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  aiohttp splits it over connect and read
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and give its response, whatever its status.

        A refused login (401) is tried once more where another can be had. Raises aiohttp's errors
        and TimeoutError where no answer comes, AccessError where nobody can log in.
        """
        for last in (False, True):
            async with (
                self._logged_in(headers) as (session, sent),
                session.request(
                    method,
                    f"{self.access.server}{path}",
                    params=dict(query or {}),
                    headers=sent,
                    data=_in_pieces(data),
                    timeout=timeout,
                    proxy=self._proxy,
                    server_hostname=self.access.server_name,
                    allow_redirects=False,
                ) as response,
            ):
                refused = response.status == HTTPStatus.UNAUTHORIZED
                if not last and refused and self.access.credentials.refused():
                    continue
                yield response
                return

    @asynccontextmanager
    async def websocket(
        self, path: str, *, query: Mapping[str, str], protocol: str
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open a WebSocket. Raises aiohttp's errors, TimeoutError, and AccessError."""
        async with (
            # What a pod's stream is made of is not JSON: asked for that, the server answers 406.
            self._logged_in({"Accept": "*/*"}) as (session, headers),
            session.ws_connect(
                f"{self.access.server}{path}",
                params=dict(query),
                protocols=(protocol,),
                headers=headers,
                proxy=self._proxy,
                server_hostname=self.access.server_name,
            ) as websocket,
        ):
            yield websocket

    @asynccontextmanager
    async def _logged_in(
        self, headers: Mapping[str, str] | None
    ) -> AsyncIterator[tuple[aiohttp.ClientSession, CIMultiDict[str]]]:
        from multidict import CIMultiDict

        login = await self.access.credentials.login()
        session = await self._session_for(login)
        sent = CIMultiDict(self._headers(headers or {}, login))
        session.users += 1
        try:
            yield session.http, sent
        finally:
            session.users -= 1
            if session.retired and not session.users:
                await session.http.close()

    def _headers(self, own: Mapping[str, str], login: Login) -> list[tuple[str, str]]:
        """Return the headers of a request; whom the user acts as may take several of one name."""
        sent = {"Accept": "application/json", "User-Agent": USER_AGENT, **own}
        if login.authorization is not None:
            sent["Authorization"] = login.authorization
        return [*sent.items(), *self.access.impersonation]

    async def _session_for(self, login: Login) -> _Session:
        """Return the session that proves this login; connections with an older one are given up."""
        import aiohttp

        proof = self._proof(login)
        async with self._opening:
            if self._session is None or self._session.proof != proof:
                # Every watch has a connection for good: a bound would leave later ones waiting.
                connector = aiohttp.TCPConnector(limit=0, ssl=await self._tls(proof))
                http = aiohttp.ClientSession(connector=connector, read_bufsize=READ_BUFFER_BYTES)
                before, self._session = self._session, _Session(http, proof)
                if before is not None:
                    before.retired = True
                    if not before.users:
                        await before.http.close()
            return self._session

    async def _exchanges_for(self, login: Login) -> Exchanges:
        proof = self._proof(login)
        async with self._opening:
            if self._exchanges is None or self._exchanges[0] != proof:
                if self._exchanges is not None:
                    self._exchanges[1].close()
                access = self.access
                made = Exchanges(access.server, await self._tls(proof), access.server_name)
                self._exchanges = (proof, made)
            return self._exchanges[1]

    def _proof(self, login: Login) -> _Proof:
        authority = self.access.authority.read() if self.access.authority else ""
        return authority, login.certificate

    async def _tls(self, proof: _Proof) -> ssl.SSLContext:
        return await asyncio.to_thread(tls_context, self.access, *proof)


async def whole(response: aiohttp.ClientResponse) -> Answer:
    """Read the whole of a response. Raises aiohttp's errors and TimeoutError."""
    return Answer(response.status, response.reason or "", await response.read())


def _target(path: str, query: Mapping[str, str] | None) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _in_pieces(data: bytes | None) -> bytes | io.BytesIO | None:
    """Return a large body as a file, which is sent piece by piece: bytes hold the loop up."""
    return io.BytesIO(data) if data is not None and len(data) > LARGE_BODY_BYTES else data


def _environments_proxy(server: str) -> str | None:
    """Return what HTTPS_PROXY and NO_PROXY say. aiohttp's way would take a login from ~/.netrc."""
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    # Only here: it brings all of the standard library's mail along.
    from urllib.request import getproxies, proxy_bypass

    url = urlsplit(server)
    proxies = getproxies()
    if proxy_bypass(url.netloc.rpartition("@")[2]):
        return None
    return proxies.get(url.scheme)


def tls_context(access: Access, authority: str, certificate: Certificate | None) -> ssl.SSLContext:
    """Return how TLS is spoken. AccessError where certificates cannot be used."""
    try:
        context = ssl.create_default_context(cadata=authority or None)
        if authority:
            # Many clusters' own authorities lack extensions that RFC 5280 asks for; kubectl, too,
            # looks at signatures, names and dates.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if not access.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
    except (ssl.SSLError, ValueError) as error:
        raise AccessError(f"the cluster's certificate authority is unusable: {error}") from error
    if certificate is not None:
        _load(context, certificate)
    return context


def _load(context: ssl.SSLContext, certificate: Certificate) -> None:
    # OpenSSL reads certificates of its own from files only.
    with tempfile.TemporaryDirectory() as folder:
        chain, key = Path(folder) / "chain.pem", Path(folder) / "key.pem"
        for path, text in ((chain, certificate.chain), (key, certificate.key)):
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
        try:
            # Without a password OpenSSL would ask for one on the terminal.
            context.load_cert_chain(chain, key, password="")
        except (ssl.SSLError, OSError, ValueError) as error:
            raise CredentialsError(f"the client certificate is unusable: {error}") from error
