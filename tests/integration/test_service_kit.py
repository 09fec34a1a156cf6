"""The kit for services, by a tiny service with real TLS and a real API server."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from certificates import Authority
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from fastapi import Request  # noqa: TC002  FastAPI reads the annotation
from jose import jwt
from prometheus_client import generate_latest
from pydantic import BaseModel, Field
from recordservers import free_port
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed
from venture_core.http import protocol
from venture_core.http.app import fastapi, whole
from venture_core.http.callers import Authenticate, bearer_token, caller_of, first_of
from venture_core.http.limits import Limits
from venture_core.http.metrics import ROUTE
from venture_core.http.problems import status_body
from venture_core.http.server import serve, service_tls
from venture_core.http.settings import ServiceSettings
from venture_core.http.tracing import current_trace_id
from venture_core.identity.access import Action, require_access
from venture_core.identity.callers import Caller, ClusterUser, UnauthenticatedError, Workload
from venture_core.identity.founder import FounderTokens
from venture_core.identity.frontproxy import FrontProxy
from venture_core.identity.workload import (
    OWNER_KIND,
    OWNER_NAME,
    OWNER_NAMESPACE,
    OWNER_UID,
    Workloads,
)
from venture_core.kubernetes.resources import PODS, Resource
from venture_core.process.running import Process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from venture_core.http.tls import ServerTls
    from venture_core.http.types import Application, Receive, Scope, Send
    from venture_core.kubernetes.client import KubernetesClient

AUDIENCE = "venture-teapot"
SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount")


class Pot(BaseModel, strict=True, extra="forbid"):
    cups: int = Field(ge=1, le=8)


def teapot() -> Application:
    """Return the routes of the tiny service, and nothing else."""
    app = fastapi("Teapot", "1.0.0")

    @app.get("/pots/{name}")
    async def pot(name: str, request: Request) -> dict[str, Any]:
        trace_id = str(current_trace_id())
        return {"name": name, "caller": caller_of(request.scope).name, "trace": trace_id}

    @app.post("/pots")
    async def fill(pot: Pot) -> Pot:
        return pot

    @app.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    @app.get("/broken")
    async def broken() -> None:
        raise ValueError("hunter2")

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(0.8)
        return "done"

    @app.get("/stuck")
    async def stuck() -> None:
        await asyncio.sleep(600)

    return app


async def anybody(_scope: Scope) -> Caller:
    return ClusterUser("somebody", (), {})


def limits_of(scope: Scope) -> Limits:
    return Limits(body_bytes=1000, seconds=0.5 if scope["path"] == "/stuck" else 20)


class Running:
    """The tiny service while it runs."""

    def __init__(self, url: str, process: Process, serving: asyncio.Task[None]) -> None:
        self.url = url
        self.process = process
        self.serving = serving


@asynccontextmanager
async def running(
    app: Application,
    *,
    tls: Callable[[ServiceSettings], ServerTls | None] = lambda _: None,
    **settings: Any,
) -> AsyncIterator[Running]:
    port = free_port()
    values = {"drain_seconds": 0.3, "stop_seconds": 5, **settings}
    given = ServiceSettings(pod_name="teapot-0", api_port=port, **values)
    process = Process("teapot", starting=True)
    context = tls(given)
    serving = asyncio.create_task(serve(app, given, process, context))
    async for attempt in AsyncRetrying(wait=wait_fixed(0.02), stop=stop_after_delay(20)):
        with attempt:
            assert not process.readiness()
    scheme = "http" if context is None else "https"
    try:
        yield Running(f"{scheme}://127.0.0.1:{port}", process, serving)
    finally:
        process.stop.set()
        await asyncio.wait_for(serving, timeout=20)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def service() -> AsyncIterator[Running]:
    async with running(whole(teapot(), authenticate=anybody, limits_of=limits_of)) as started:
        yield started


async def problem(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    assert answer.content_type == "application/problem+json"
    body: dict[str, Any] = await answer.json()
    assert body["status"] == answer.status
    assert body["trace_id"] == answer.headers["X-Trace-Id"]
    assert body["detail"]
    return body


# Problems ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", "/nowhere", None, 404, "Nothing"),
        ("DELETE", "/pots", None, 405, ""),
        ("POST", "/pots", b'{"cups": 9}', 422, "body/cups"),
        ("POST", "/pots", b'{"cups": "3"}', 422, "body/cups"),
        ("POST", "/pots", b"{", 422, "body"),
        ("POST", "/raw", b"x" * 1001, 413, "1000 bytes"),
        ("GET", "/broken", None, 500, "trace id"),
        ("GET", "/stuck", None, 504, "0.5 s"),
    ],
)
async def test_every_error_is_a_problem(
    service: Running,
    session: aiohttp.ClientSession,
    method: str,
    path: str,
    body: bytes | None,
    status: int,
    said: str,
) -> None:
    headers = {"Content-Type": "application/json"}
    async with session.request(method, service.url + path, data=body, headers=headers) as answer:
        assert answer.status == status
        found = await problem(answer)
        assert said in found["detail"]
        assert "hunter2" not in json.dumps(found)


async def test_a_body_of_no_announced_length_is_bounded_too(
    service: Running, session: aiohttp.ClientSession
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 200

    async with session.post(f"{service.url}/raw", data=endless()) as answer:
        assert answer.status == 413
        await problem(answer)


async def _raw(service: Running, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(service.url.split(":")[-1]))
    try:
        writer.write(sent)
        async with asyncio.timeout(20):
            return await reader.read()
    finally:
        writer.close()


async def test_headers_are_bounded(service: Running) -> None:
    answer = await _raw(service, b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 70_000)
    assert b"400" in answer.split(b"\r\n")[0]
    assert b"application/problem+json" in answer


async def test_a_client_that_never_finishes_its_headers_is_dropped(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEADER_SECONDS", 0.3)
    assert await _raw(service, b"GET / HTTP/1.1\r\nHost: x\r\n") == b""


async def test_too_many_requests_at_once_are_refused(session: aiohttp.ClientSession) -> None:
    app = whole(teapot(), authenticate=anybody, at_once=1)
    async with running(app) as service:
        first = asyncio.create_task(session.get(f"{service.url}/slow"))
        async for attempt in AsyncRetrying(wait=wait_fixed(0.02), stop=stop_after_delay(5)):
            with attempt:
                async with session.get(f"{service.url}/pots/a") as answer:
                    assert answer.status == 503
                    assert answer.headers["Retry-After"] == "1"
                    await problem(answer)
        async with await first as answer:
            assert answer.status == 200


async def test_a_plain_application_is_made_whole_too(session: aiohttp.ClientSession) -> None:
    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        scope[ROUTE] = "/things/{name}"
        if scope["path"] == "/things/broken":
            raise ValueError("broken")
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    made = whole(app, authenticate=None, render=status_body)
    async with running(made) as service:
        async with session.get(f"{service.url}/things/a") as answer:
            assert answer.status == 204
        async with session.get(f"{service.url}/things/broken") as answer:
            assert answer.status == 500
            body = await answer.json()
            assert (body["kind"], body["code"]) == ("Status", 500)
    assert 'route="/things/{name}",status="204"' in generate_latest().decode()


# Traces and metrics -----------------------------------------------------------------------------


async def test_a_trace_is_taken_over_and_told(
    service: Running, session: aiohttp.ClientSession
) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    async with session.get(f"{service.url}/pots/a", headers=headers) as answer:
        body = await answer.json()
        assert body["trace"].replace("-", "") == trace
        assert answer.headers["X-Trace-Id"] == body["trace"]
    for wrong in ("00-xyz-b7ad6b7169203331-01", f"00-{'0' * 32}-b7ad6b7169203331-01"):
        async with session.get(f"{service.url}/pots/a", headers={"traceparent": wrong}) as answer:
            assert (await answer.json())["trace"].replace("-", "") not in wrong


async def test_metrics_go_by_the_route_and_never_by_the_path(
    service: Running, session: aiohttp.ClientSession
) -> None:
    for path in ("/pots/one", "/pots/two", "/nowhere/at/all"):
        async with session.get(service.url + path):
            pass
    async with session.request("BREW", f"{service.url}/pots/one"):
        pass
    text = generate_latest().decode()
    assert 'method="GET",route="/pots/{name}",status="200"' in text
    assert 'route="unmatched",status="404"' in text
    assert 'method="other"' in text
    assert "/pots/one" not in text
    assert "/nowhere" not in text


# TLS and stopping -------------------------------------------------------------------------------


async def _serial(url: str, authority: Path) -> int:
    context = ssl.create_default_context(cafile=str(authority))
    port = int(url.rsplit(":", maxsplit=1)[-1])
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        tls = writer.get_extra_info("ssl_object")
        return int(tls.getpeercert()["serialNumber"], 16)
    finally:
        writer.close()


async def test_a_renewed_certificate_is_served_without_a_restart(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("teapot")
    contexts: list[ServerTls] = []

    def tls(settings: ServiceSettings) -> ServerTls:
        context = service_tls(settings)
        assert context is not None
        contexts.append(context)
        return context

    app = whole(teapot(), authenticate=anybody)
    files = {"tls_certificate_file": pair.cert, "tls_key_file": pair.key}
    async with running(app, tls=tls, **files) as service:
        before = await _serial(service.url, authority.cert)
        authority.issue("teapot")
        await contexts[0].look()
        after = await _serial(service.url, authority.cert)
        assert after != before
        # A half-written renewal changes nothing.
        pair.key.write_text("half")
        await contexts[0].look()
        assert await _serial(service.url, authority.cert) == after


async def test_stopping_turns_readiness_off_and_finishes_what_is_at_work(
    session: aiohttp.ClientSession,
) -> None:
    async with running(whole(teapot(), authenticate=anybody), drain_seconds=0.5) as service:
        slow = asyncio.create_task(session.get(f"{service.url}/slow"))
        async with session.get(f"{service.url}/pots/a") as answer:
            assert answer.status == 200
        service.process.stop.set()
        assert service.process.readiness() == ["the process is stopping"]
        # Whoever has not heard yet is served.
        async with session.get(f"{service.url}/pots/late") as answer:
            assert answer.status == 200
        async with await slow as answer:
            assert await answer.json() == "done"
        await asyncio.wait_for(service.serving, timeout=10)
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(f"{service.url}/pots/a")


async def test_stopping_is_bounded(session: aiohttp.ClientSession) -> None:
    app = whole(teapot(), authenticate=anybody, limits_of=lambda _: Limits(seconds=600))
    async with running(app, stop_seconds=1.5) as service:
        stuck = asyncio.create_task(session.get(f"{service.url}/stuck"))
        async with session.get(f"{service.url}/pots/a"):
            pass
        began = time.monotonic()
        service.process.stop.set()
        await asyncio.wait_for(service.serving, timeout=10)
        assert time.monotonic() - began < 5
        async with await stuck as answer:
            assert answer.status == 503
            assert "stops" in (await problem(answer))["detail"]


# Founders ---------------------------------------------------------------------------------------


def _key() -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private, public.decode()


PRIVATE, PUBLIC = _key()
OTHER, _ = _key()


def _claims(**changes: object) -> dict[str, object]:
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


def _token(
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


def test_a_founder_is_named_by_a_token() -> None:
    assert founders().verify(_token(_claims())).subject == "founder-1"


def _unsigned() -> str:
    import base64

    def part(value: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none', 'kid': 'k1'})}.{part(_claims())}."


@pytest.mark.parametrize(
    "token",
    [
        _token(_claims(), key=OTHER),
        _token(_claims(), kid="k2"),
        # The public key as the secret of a weaker algorithm.
        _token(_claims(), key=PUBLIC.replace("-----", ""), algorithm="HS256"),
        _unsigned(),
        _token(_claims(iss="https://elsewhere.example.com")),
        _token(_claims(aud="another")),
        _token(_claims(exp=int(time.time()) - 120)),
        _token(_claims(exp=int(time.time()) + 90_000)),
        _token(_claims(iat=int(time.time()) + 3600)),
        *(_token(_claims(**{name: None})) for name in ("iss", "aud", "sub", "jti", "iat", "exp")),
        _token(_claims(jti="revoked")),
        _token(_claims(sub="x" * 300)),
        "not.a.token",
        "",
    ],
)
def test_other_tokens_name_nobody(token: str) -> None:
    with pytest.raises(UnauthenticatedError):
        founders().verify(token)


# Workloads --------------------------------------------------------------------------------------


async def _pod(client: KubernetesClient, namespace: str, name: str) -> dict[str, Any]:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "agent"}}
    await client.apply(SERVICE_ACCOUNTS, account, namespace, field_manager="tests")
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "labels": {
                OWNER_KIND: "Workflow",
                OWNER_NAMESPACE: "team-a",
                OWNER_NAME: "launch",
                OWNER_UID: "11111111-2222-3333-4444-555555555555",
            },
        },
        "spec": {
            "serviceAccountName": "agent",
            "containers": [{"name": "agent", "image": "none"}],
        },
    }
    return await client.create(PODS, body, namespace)


async def _projected(
    client: KubernetesClient,
    namespace: str,
    pod: dict[str, Any] | None,
    audience: str = AUDIENCE,
) -> str:
    spec: dict[str, Any] = {"audiences": [audience], "expirationSeconds": 600}
    if pod is not None:
        metadata = pod["metadata"]
        spec["boundObjectRef"] = {
            "kind": "Pod",
            "apiVersion": "v1",
            "name": metadata["name"],
            "uid": metadata["uid"],
        }
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    path = SERVICE_ACCOUNTS.path(namespace, "agent", "token")
    answer = await client.request("POST", "serviceaccounts", path, body=body)
    token: str = answer["status"]["token"]
    return token


async def test_a_workload_is_named_by_its_pod(client: KubernetesClient, namespace: str) -> None:
    pod = await _pod(client, namespace, "agent-1")
    workloads = Workloads(client, audience=AUDIENCE, namespace=namespace)
    found = await workloads.verify(await _projected(client, namespace, pod))
    assert (found.pod, found.service_account) == ("agent-1", "agent")
    assert found.owner is not None
    assert (found.owner.kind, found.owner.namespace, found.owner.name) == (
        "Workflow",
        "team-a",
        "launch",
    )


async def test_tokens_that_prove_no_workload_are_refused(
    client: KubernetesClient, namespace: str
) -> None:
    pod = await _pod(client, namespace, "agent-1")
    workloads = Workloads(client, audience=AUDIENCE, namespace=namespace)
    elsewhere = Workloads(client, audience=AUDIENCE, namespace="default")
    good = await _projected(client, namespace, pod)
    for verifier, token in (
        (workloads, await _projected(client, namespace, pod, "another-audience")),
        (workloads, await _projected(client, namespace, None)),
        (elsewhere, good),
        (workloads, f"{good}x"),
        (workloads, "nonsense"),
    ):
        with pytest.raises(UnauthenticatedError):
            await verifier.verify(token)


async def test_what_was_verified_is_remembered_until_the_pod_goes(
    client: KubernetesClient, namespace: str
) -> None:
    pod = await _pod(client, namespace, "agent-1")
    other = await _pod(client, namespace, "agent-2")
    token = await _projected(client, namespace, pod)
    asked = 0
    create = client.create

    async def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal asked
        asked += 1
        return await create(*arguments, **named)

    client.create = counted  # type: ignore[method-assign]
    workloads = Workloads(client, audience=AUDIENCE, namespace=namespace)
    # Without a watch nothing is remembered.
    for _ in range(2):
        await workloads.verify(token)
    assert asked == 2
    watching = asyncio.create_task(workloads.run())
    try:
        async for attempt in AsyncRetrying(wait=wait_fixed(0.05), stop=stop_after_delay(20)):
            with attempt:
                assert not watching.done(), watching.result()
                before = asked
                await workloads.verify(token)
                assert asked == before
        other_token = await _projected(client, namespace, other)
        await workloads.verify(other_token)
        await client.delete(PODS, "agent-1", namespace)
        async for attempt in AsyncRetrying(wait=wait_fixed(0.02), stop=stop_after_delay(5)):
            with attempt, pytest.raises(UnauthenticatedError):
                await workloads.verify(token)
        before = asked
        assert (await workloads.verify(other_token)).pod == "agent-2"
        assert asked == before
    finally:
        watching.cancel()
        await asyncio.wait({watching})


async def test_a_service_answers_workloads_and_founders(
    client: KubernetesClient, namespace: str, session: aiohttp.ClientSession
) -> None:
    pod = await _pod(client, namespace, "agent-1")
    workloads = Workloads(client, audience=AUDIENCE, namespace=namespace)
    tokens = founders()

    async def workload(scope: Scope) -> Workload:
        return await workloads.verify(bearer_token(scope))

    async def founder(scope: Scope) -> Caller:
        return tokens.verify(bearer_token(scope))

    ways: Authenticate = first_of(founder, workload)
    async with running(whole(teapot(), authenticate=ways)) as service:
        url = f"{service.url}/pots/a"
        for token, name in (
            (await _projected(client, namespace, pod), f"pod:{namespace}/agent-1"),
            (_token(_claims()), "founder:founder-1"),
        ):
            headers = {"Authorization": f"Bearer {token}"}
            async with session.get(url, headers=headers) as answer:
                assert (await answer.json())["caller"] == name
        for refused in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer x"}):
            async with session.get(url, headers=refused) as answer:
                assert answer.status == 401
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                await problem(answer)


# Users of the cluster ---------------------------------------------------------------------------


async def test_only_the_api_server_speaks_for_users(
    client: KubernetesClient, api_server: Path, tmp_path: Path
) -> None:
    """The API server's own proxy certificate, and the authority that it publishes."""
    pki = api_server.parent / "pki"
    front_proxy = FrontProxy(client)
    await front_proxy.load()
    authority = Authority(tmp_path)
    pair = authority.issue("teapot")
    files = {"tls_certificate_file": pair.cert, "tls_key_file": pair.key}

    def tls(settings: ServiceSettings) -> ServerTls | None:
        return service_tls(settings, lambda: front_proxy.authority)

    def context(certificate: Path | None, key: Path | None = None) -> ssl.SSLContext:
        made = ssl.create_default_context(cafile=str(authority.cert))
        if certificate is not None:
            made.load_cert_chain(certificate, key)
        return made

    headers = [
        ("X-Remote-User", "alice"),
        ("X-Remote-Group", "founders"),
        ("X-Remote-Group", "system:authenticated"),
        ("X-Remote-Extra-Example.com%2Fteam", "a"),
    ]
    proxy = context(pki / "front-proxy" / "client.crt", pki / "front-proxy" / "client.key")
    seen: list[Caller] = []

    async def authenticate(scope: Scope) -> Caller:
        caller = await front_proxy.authenticate(scope)
        seen.append(caller)
        return caller

    app = whole(teapot(), authenticate=authenticate)
    async with running(app, tls=tls, **files) as service, aiohttp.ClientSession() as session:
        url = f"{service.url}/pots/a"
        async with session.get(url, headers=headers, ssl=proxy) as answer:
            assert (await answer.json())["caller"] == "user:alice"
        (caller,) = seen
        assert isinstance(caller, ClusterUser)
        assert caller.groups == ("founders", "system:authenticated")
        assert caller.extra == {"example.com/team": ("a",)}
        # The same headers from anybody else.
        async with (
            aiohttp.ClientSession() as other,
            other.get(url, headers=headers, ssl=context(None)) as answer,
        ):
            assert answer.status == 401
        # A certificate of the cluster's other authority, even an administrator's.
        admin = context(pki / "admin.crt", pki / "admin.key")
        async with aiohttp.ClientSession() as other:
            with pytest.raises(aiohttp.ClientError):
                async with other.get(url, headers=headers, ssl=admin) as answer:
                    await answer.read()
        # The API server, but without a user.
        async with session.get(url, ssl=proxy) as answer:
            assert answer.status == 401


async def test_the_api_server_decides_what_a_user_may(
    client: KubernetesClient, namespace: str
) -> None:
    from venture_core.http.problems import Problem

    admin = ClusterUser("root", ("system:masters",), {})
    nobody = ClusterUser("mallory", ("system:authenticated",), {})
    action = Action("get", "venture.parpour.dev", "artifactbuilds", namespace, "deck")
    await require_access(client, admin, action)
    with pytest.raises(Problem, match="User 'mallory' cannot get artifactbuilds") as refused:
        await require_access(client, nobody, action)
    assert refused.value.status == 403
