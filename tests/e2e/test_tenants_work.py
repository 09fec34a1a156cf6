"""A tenant with `edit` at a neighbour's workflows, money, words and policy: nothing is in reach."""

from __future__ import annotations

import asyncio
import io
import json
import secrets
import ssl
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import aiohttp
import pytest
from chartrelease import development_images
from forwarding import forwarded
from founderapi import administering, make_account
from launches import EXAMPLES
from probing import PROBE, addresses, connections
from trespasses import (
    BY_ACCOUNT,
    BY_KUBECTL,
    BY_TOKEN,
    CLAIMS,
    FILE,
    FLOW,
    INTENT,
    POLICY,
    PORTS,
    SCRIPTS,
    SECRET,
    Call,
    Claim,
    intent,
    workflow,
)
from venture_cli.services.accounts import disable_account
from venture_core.agents.transcript import transcript_key
from waiting import patiently

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tenants import Attempt, Tenant
    from venture_core.kubernetes.client import KubernetesClient

type Json = dict[str, Any]
type Kubectl = Callable[..., str]

SYSTEM = "venture-system"
SESSION = "/v1/session"
SERVED = {"s3": 7070, "nats": 4222, "control-plane-api": 8444}
"""The ports of services that do not serve on 443: of control-plane-api that for founders."""
STARTER = str(EXAMPLES / "policy" / "starter.yaml")
AUDIENCES = (
    "venture-llm-gateway",
    "venture-tools",
    "venture-treasury",
    "venture-policy",
    "venture-egress",
)
WRITES = [{"tool": "io.write", "arguments": {"path": FILE, "content": SECRET}}]
READS = [{"tool": "io.read", "arguments": {"path": FILE}}]
ANSWERS = [{"text": "That is all."}]


def prepare(tenant: Tenant, kubeconfig: Path, turn: list[Json], scripts: str = SCRIPTS) -> None:
    """Give a tenant policy, money, and a script that plays a turn."""
    tenant.kubectl("-n", tenant.namespace, "apply", "-f", STARTER)
    turns = {"turns": [{"say": turn}, {"say": ANSWERS}]}
    metadata = {"name": scripts}
    data = {"script.json": json.dumps(turns)}
    tenant.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    fund = ["money", "fund", tenant.namespace, "10", "--kubeconfig", str(kubeconfig)]
    subprocess.run([sys.executable, "-m", "venture_cli", *fund], check=True, capture_output=True)
    tenant.kubectl(
        "-n", tenant.namespace, "wait", "--for=condition=Ready", "pb/default", "--timeout=60s"
    )


def get(tenant: Tenant, kind: str, name: str) -> Json:
    """Return what a tenant sees of an object of theirs."""
    found: Json = json.loads(tenant.run("get", kind, name, "-o", "json"))
    return found


async def works(tenant: Tenant) -> Json:
    """Have a tenant's agent work to its end; return the Workflow."""
    tenant.create(workflow(FLOW))

    async def look() -> Json:
        return get(tenant, "workflow", FLOW)

    ended = {"Succeeded", "Failed"}
    found = await patiently(
        look, lambda body: body.get("status", {}).get("phase") in ended, within_seconds=120
    )
    assert found["status"]["phase"] == "Succeeded", found["status"]
    return found


@dataclass(frozen=True)
class Doors:
    """The services of the release, as somebody would see them whom no network holds back."""

    session: aiohttp.ClientSession
    trust: ssl.SSLContext
    ports: Mapping[str, int]
    values: Mapping[str, str]
    """What stands for `<name>` in the table."""

    async def knock(self, call: Call, token: str) -> str:
        """Make a call; return what is wrong with how it was answered."""
        path = filled(call.path, self.values)
        if call.method == "CONNECT":
            status, said = await self._connect(call.service, path, token), ""
        else:
            status, said = await self.ask(call, path, token)
        if status == call.status and call.says in said and SECRET not in said:
            return ""
        return f"{call.method} {call.service} {path}: {status} {said[:300]}"

    async def ask(self, call: Call, path: str, token: str) -> tuple[int, str]:
        """Make a call; return status and text."""
        scheme = "http" if call.service == "s3" else "https"
        proof = {} if call.service == "s3" else {"Authorization": f"Bearer {token}"}
        kind = {"Content-Type": "application/json", "Idempotency-Key": "a-neighbour-tries"}
        async with self.session.request(
            call.method,
            f"{scheme}://127.0.0.1:{self.ports[call.service]}{path}",
            data=None if call.body is None else io.BytesIO(json.dumps(call.body).encode()),
            headers={**kind, **proof, **call.headers},
            ssl=self.trust,
            server_hostname=host(call.service),
        ) as answer:
            return answer.status, await answer.text()

    async def _connect(self, service: str, place: str, token: str) -> int:
        port = self.ports[service]
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=self.trust, server_hostname=host(service)
        )
        proof = f"Proxy-Authorization: Bearer {token}"
        writer.write(f"CONNECT {place} HTTP/1.1\r\n{proof}\r\n\r\n".encode())
        line = await reader.readline()
        await hang_up(writer)
        return int(line.split()[1])


def host(service: str) -> str:
    """Return the name by which a service is called over TLS."""
    return f"venture-{service}.{SYSTEM}.svc"


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a text of the table with what is here in it."""
    for name, value in values.items():
        text = text.replace(f"<{name}>", value)
    return text


@pytest.fixture
def ports(kubeconfig: Path) -> Iterator[dict[str, int]]:
    """Reach the services, which no tenant's pod does."""
    services = sorted({each.service for each in (*BY_TOKEN, *BY_ACCOUNT)} | {*SERVED})
    served = dict.fromkeys(services, 443) | {name: SERVED[name] for name in SERVED}
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                forwarded(kubeconfig, SYSTEM, f"service/venture-{name}", port)
            )
            for name, port in served.items()
        }


async def claimed(mallory: Tenant, claim: Claim, values: Mapping[str, str]) -> str:
    """Create what leans on the neighbour's; return what is wrong with what comes of it."""
    body = json.loads(filled(json.dumps(claim.body), values))
    words = filled(claim.words, values)
    name = f"{body['kind']} {body['metadata']['name']}"
    if not claim.reason:
        said = await asyncio.to_thread(mallory.create, body, fails=True)
        return "" if words in said else f"{name}: {said}"
    await asyncio.to_thread(mallory.create, body)

    async def look() -> list[Json]:
        found = await asyncio.to_thread(get, mallory, body["kind"], body["metadata"]["name"])
        status = found.get("status", {})
        return [*status.get("conditions", []), *status.get("tasks", [])]

    def waits(found: list[Json]) -> bool:
        told = ((each.get("reason"), each.get("message", "")) for each in found)
        return any(reason == claim.reason and words in message for reason, message in told)

    try:
        await patiently(look, waits)
    except AssertionError as error:
        return f"{name}: {error}"
    return ""


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Leave a connection, whatever is still to come on it."""
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def hears_nothing(port: int, token: str) -> str:
    """Try to log in to NATS; return what is wrong with how that ended."""
    ways: tuple[Json, ...] = (
        {},
        {"auth_token": token},
        {"user": "policy-engine", "pass": token},
    )
    for way in ways:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        login = json.dumps({"verbose": False, "pedantic": False, **way})
        writer.write(f"CONNECT {login}\r\nSUB > 1\r\nPING\r\n".encode())
        said = (await reader.readline()).decode()
        await hang_up(writer)
        # Who names nobody is hung up on after a while, others at once.
        if not said.startswith(("-ERR 'Authorization", "-ERR 'Authentication")):
            return f"NATS by {sorted(way)}: {said}"
    return ""


async def reaches_nothing(client: KubernetesClient, kubectl: Kubectl, mallory: Tenant) -> str:
    """Try every port from a pod of hers that wears an agent's labels."""
    pods = addresses(kubectl, SYSTEM)
    targets = {name: (pods[name], port) for name, port in PORTS.items()}
    restricted = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {
        "name": "probe",
        "image": development_images(kubectl)["operator"],
        "command": ["python", "-c", PROBE, json.dumps(targets)],
        "securityContext": restricted,
    }
    labels = {
        "app.kubernetes.io/managed-by": "venture",
        "app.kubernetes.io/component": "operator",
        "venture.parpour.dev/job": "agent",
    }
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "wears-our-labels", "labels": labels},
        "spec": spec,
    }
    where = mallory.namespace
    found = await connections(client, kubectl, where, body, f"--as={mallory.user}")
    return "" if found == dict.fromkeys(PORTS, False) else f"reached: {found}"


@dataclass(frozen=True)
class Theirs:
    """What the neighbour has: where it is, by name, and the objects as they were."""

    values: Mapping[str, str]
    objects: Sequence[Json]


@pytest.fixture
async def theirs(alice: Tenant, mallory: Tenant, kubectl: Kubectl, kubeconfig: Path) -> Theirs:
    """Have the neighbour work: an agent that wrote a file, money that waits, policy of her own."""
    await asyncio.gather(
        asyncio.to_thread(prepare, alice, kubeconfig, WRITES),
        asyncio.to_thread(prepare, mallory, kubeconfig, READS),
    )
    own = json.loads(alice.run("get", "pb", "default", "-o", "json"))
    metadata = {"name": POLICY, "namespace": alice.namespace}
    kubectl("create", "-f", "-", stdin=json.dumps(own | {"metadata": metadata}))
    script = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "only-hers"}}
    alice.create(script | {"data": {"script.json": json.dumps({"turns": [{"say": ANSWERS}]})}})
    alice.create(workflow("only-hers", suspend=True))
    alice.create(intent(INTENT))
    flow = await works(alice)
    asked = get(alice, "moneyintent", INTENT)
    values = {
        "theirs": alice.namespace,
        "own": mallory.namespace,
        "intent": asked["metadata"]["uid"],
        "transcript": transcript_key(UUID(flow["metadata"]["uid"]), "research", 1),
    }
    return Theirs(values, [flow, asked, get(alice, "pb", POLICY), get(alice, "configmap", SCRIPTS)])


@pytest.fixture
async def doors(kubectl: Kubectl, ports: dict[str, int], theirs: Theirs) -> AsyncIterator[Doors]:
    """Stand before every service."""
    where = ("configmap", "venture-serving-ca", "-o", r"jsonpath={.data.ca\.crt}")
    trust = ssl.create_default_context(cadata=kubectl("-n", SYSTEM, "get", *where))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield Doors(session, trust, ports, theirs.values)


@pytest.fixture
async def founder(doors: Doors, kubeconfig: Path, mallory: Tenant) -> AsyncIterator[str]:
    """Make an account in her own namespace, and sign it in; give its token."""
    account = f"mallory-{secrets.token_hex(4)}"
    password = await make_account(kubeconfig, account, "Founder", mallory.namespace)
    body = {"account": account, "password": password}
    status, said = await doors.ask(
        Call("control-plane-api", "POST", SESSION, 201, body), SESSION, ""
    )
    assert status == 201, said
    yield str(json.loads(said)["token"])
    async with administering(kubeconfig, mallory.namespace) as session:
        await disable_account(session, account)


@pytest.mark.timeout(240)
async def test_nothing_of_a_neighbours_work_is_in_reach(
    alice: Tenant,
    mallory: Tenant,
    client: KubernetesClient,
    kubectl: Kubectl,
    theirs: Theirs,
    doors: Doors,
    founder: str,
) -> None:
    mallory.run("create", "serviceaccount", "thief")
    audiences = [f"--audience={each}" for each in AUDIENCES]
    token = mallory.run("create", "token", "thief", *audiences).strip()
    wrong = await asyncio.gather(
        *(by_kubectl(mallory, attempt.at(alice.namespace)) for attempt in BY_KUBECTL),
        *(doors.knock(call, token) for call in BY_TOKEN),
        *(doors.knock(call, founder) for call in BY_ACCOUNT),
        *(claimed(mallory, claim, theirs.values) for claim in CLAIMS),
        hears_nothing(doors.ports["nats"], token),
        reaches_nothing(client, kubectl, mallory),
        finds_no_file_of_that_name(mallory),
    )
    assert not any(wrong), "\n".join(filter(None, wrong))
    now = [get(alice, each["kind"], each["metadata"]["name"]) for each in theirs.objects]
    assert [kept(each) for each in now] == [kept(each) for each in theirs.objects]


def kept(body: Json) -> list[Json]:
    """Return what a neighbour might have changed of an object."""
    return [body["metadata"]["uid"], body.get("spec"), body.get("data")]


async def by_kubectl(mallory: Tenant, attempt: Attempt) -> str:
    """Make a request; return what is wrong with how it was refused."""
    try:
        said = await asyncio.to_thread(attempt.by, mallory)
    except AssertionError as error:
        said = str(error)
    return "" if attempt.refusal(mallory) in said else f"{attempt}: {said[:300]}"


async def finds_no_file_of_that_name(mallory: Tenant) -> str:
    """Have an agent of hers read what the neighbour's wrote, in a Workflow of the same name."""
    await works(mallory)
    where = f"/apis/content.venture.parpour.dev/v1alpha1/namespaces/{mallory.namespace}"
    path = f"{where}/workflows/{FLOW}/transcript?task=research"
    said = await asyncio.to_thread(mallory.run, "get", "--raw", path)
    return "" if f"there is no file {FILE}" in said and SECRET not in said else said
