"""Who calls a service: workloads, founders and users of the cluster, by a real API server."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from certificates import Authority
from foundertokens import founder_claims, founder_token, founders
from teapot import problem, running, teapot
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed
from venture_core.http.app import whole
from venture_core.http.callers import Authenticate, bearer_token, first_of
from venture_core.http.server import service_tls
from venture_core.identity import workload
from venture_core.identity.access import Action, require_access
from venture_core.identity.callers import (
    Caller,
    ClusterUser,
    ServiceAccount,
    UnauthenticatedError,
    Workload,
)
from venture_core.identity.frontproxy import FrontProxy
from venture_core.identity.serviceaccount import ServiceAccounts
from venture_core.identity.workload import (
    OWNER_KIND,
    OWNER_NAME,
    OWNER_NAMESPACE,
    OWNER_UID,
    Workloads,
)
from venture_core.kubernetes.resources import PODS, Resource
from venture_treasury_api.access import authentication

if TYPE_CHECKING:
    from pathlib import Path

    from venture_core.http.settings import ServiceSettings
    from venture_core.http.tls import ServerTls
    from venture_core.http.types import Scope
    from venture_core.kubernetes.client import KubernetesClient

AUDIENCE = "venture-teapot"
SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount")


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


async def test_a_service_is_named_by_its_account_with_a_pod_or_without(
    client: KubernetesClient, namespace: str
) -> None:
    pod = await _pod(client, namespace, "agent-1")
    accounts = ServiceAccounts(client, audience=AUDIENCE, namespace=namespace)
    for bound in (pod, None):
        found = await accounts.verify(await _projected(client, namespace, bound))
        assert (found.namespace, found.account) == (namespace, "agent")
    elsewhere = ServiceAccounts(client, audience=AUDIENCE, namespace="default")
    good = await _projected(client, namespace, None)
    for verifier, token in (
        (accounts, await _projected(client, namespace, None, "another-audience")),
        (elsewhere, good),
        (accounts, f"{good}x"),
    ):
        with pytest.raises(UnauthenticatedError):
            await verifier.verify(token)


async def test_one_review_tells_whose_a_token_is(client: KubernetesClient, namespace: str) -> None:
    pod = await _pod(client, namespace, "agent-1")
    agents = Workloads(client, audience=AUDIENCE, namespace=namespace)
    no_agents = Workloads(client, audience=AUDIENCE, namespace="default")
    services = ServiceAccounts(client, audience=AUDIENCE, namespace=namespace)
    asked = 0
    create = client.create

    async def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal asked
        asked += 1
        return await create(*arguments, **named)

    client.create = counted  # type: ignore[method-assign]

    async def called_by(token: str, workloads: Workloads) -> Caller:
        scope = {"headers": [(b"authorization", f"Bearer {token}".encode())]}
        return await authentication(workloads, services)(scope)

    token = await _projected(client, namespace, None)
    assert await called_by(token, no_agents) == ServiceAccount(namespace, "agent")
    assert asked == 1
    found = await called_by(await _projected(client, namespace, pod), agents)
    assert isinstance(found, Workload)
    assert asked == 2
    # An agent's account without a pod is no service, though its namespace has one of that name.
    for refused in (token, f"{token}x"):
        with pytest.raises(UnauthenticatedError):
            await called_by(refused, agents)


async def test_what_was_verified_is_remembered_until_the_pod_goes(
    client: KubernetesClient, namespace: str, monkeypatch: pytest.MonkeyPatch
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
        async for attempt in AsyncRetrying(wait=wait_fixed(0.05), stop=stop_after_delay(60)):
            with attempt:
                assert not watching.done(), watching.result()
                before = asked
                await workloads.verify(token)
                assert asked == before
        other_token = await _projected(client, namespace, other)
        # Its time is over at once; then one asks for all.
        with monkeypatch.context() as patched:
            patched.setattr(workload, "REMEMBER_SECONDS", -1.0)
            await workloads.verify(other_token)
        before = asked
        await asyncio.gather(*(workloads.verify(other_token) for _ in range(20)))
        assert asked == before + 1
        await client.delete(PODS, "agent-1", namespace)
        async for attempt in AsyncRetrying(wait=wait_fixed(0.02), stop=stop_after_delay(60)):
            with attempt, pytest.raises(UnauthenticatedError):
                await workloads.verify(token)
        before = asked
        assert (await workloads.verify(other_token)).pod == "agent-2"
        assert asked == before
    finally:
        watching.cancel()
        await asyncio.wait({watching})


async def test_a_service_answers_workloads_and_founders(
    client: KubernetesClient, namespace: str
) -> None:
    pod = await _pod(client, namespace, "agent-1")
    workloads = Workloads(client, audience=AUDIENCE, namespace=namespace)
    tokens = founders()

    async def agent(scope: Scope) -> Workload:
        return await workloads.verify(bearer_token(scope))

    async def founder(scope: Scope) -> Caller:
        return tokens.verify(bearer_token(scope))

    ways: Authenticate = first_of(founder, agent)
    app = whole(teapot(), authenticate=ways)
    async with running(app) as service, aiohttp.ClientSession() as session:
        url = f"{service.url}/pots/a"
        for token, name in (
            (await _projected(client, namespace, pod), f"pod:{namespace}/agent-1"),
            (founder_token(founder_claims()), "founder:founder-1"),
        ):
            headers = {"Authorization": f"Bearer {token}"}
            async with session.get(url, headers=headers) as answer:
                assert (await answer.json())["caller"] == name
        for refused in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer x"}):
            async with session.get(url, headers=refused) as answer:
                assert answer.status == 401
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                await problem(answer)


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
