"""Serving certificates against a real API server, with the rights that the chart gives."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from chartservers import render
from installations import read_kubeconfig, write_kubeconfig
from venture_core.certificates.pairs import (
    Pair,
    certificates_pem,
    issue,
    make_authority,
    read_certificates,
    read_pair,
)
from venture_core.certificates.rules import ANNOUNCED_FOR, AUTHORITY_LIFETIME, SERVER_LIFETIME
from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.errors import ForbiddenError, InvalidError
from venture_core.kubernetes.resources import (
    CONFIG_MAPS,
    MUTATING_WEBHOOKS,
    NAMESPACES,
    SECRETS,
    VALIDATING_WEBHOOKS,
    Resource,
)
from venture_operator.services.serving import Serving
from venture_operator.settings import ServingSettings
from venture_operator.storage.serving import ServingStore
from waiting import patiently

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from operatorprocess import OperatorProcess

type Body = dict[str, Any]

SYSTEM = "venture-system"
SERVER = "venture-teapot-tls"
AUTHORITY = "venture-serving-authority"
HOST = "venture-teapot.venture-system.svc"
BUNDLE = "venture-serving-ca"
WEBHOOKS = "teapots.venture-system"
SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount")
RBAC = "rbac.authorization.k8s.io"
ADMISSION = "admissionregistration.k8s.io"
APPLIED = {
    "Secret": SECRETS,
    "ConfigMap": CONFIG_MAPS,
    "Role": Resource(RBAC, "v1", "roles", "Role"),
    "RoleBinding": Resource(RBAC, "v1", "rolebindings", "RoleBinding"),
    "ClusterRole": Resource(RBAC, "v1", "clusterroles", "ClusterRole", namespaced=False),
    "ClusterRoleBinding": Resource(
        RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False
    ),
    "ValidatingAdmissionPolicy": Resource(
        ADMISSION,
        "v1",
        "validatingadmissionpolicies",
        "ValidatingAdmissionPolicy",
        namespaced=False,
    ),
    "ValidatingAdmissionPolicyBinding": Resource(
        ADMISSION,
        "v1",
        "validatingadmissionpolicybindings",
        "ValidatingAdmissionPolicyBinding",
        namespaced=False,
    ),
}
REGISTRATIONS = (
    {"resource": "validatingwebhookconfigurations", "name": WEBHOOKS},
    {"resource": "mutatingwebhookconfigurations", "name": WEBHOOKS},
)


@pytest.fixture(scope="module")
def manifests(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Body]:
    """What the chart makes of a server that two configurations of webhooks name."""
    folder = tmp_path_factory.mktemp("chart")
    return render(tools / "helm", folder, servers=["teapot"], registrations=REGISTRATIONS)


@pytest.fixture
def settings(manifests: list[Body]) -> ServingSettings:
    """What the chart tells the operator."""
    (deployment,) = [
        each
        for each in manifests
        if (each["kind"], each["metadata"]["name"]) == ("Deployment", "venture")
    ]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    variables = {each["name"]: each.get("value") for each in container["env"]}
    return ServingSettings.model_validate_json(variables["VENTURE_SERVING"])


@pytest.fixture
async def installed(
    client: KubernetesClient, manifests: list[Body], settings: ServingSettings
) -> AsyncIterator[None]:
    """Have the cluster hold what the chart makes for certificates, and what it registers."""
    for name in settings.namespaces:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        await client.apply(NAMESPACES, body, field_manager="tests")
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "venture"}}
    await client.apply(SERVICE_ACCOUNTS, account, SYSTEM, field_manager="tests")
    names = {SERVER, AUTHORITY, BUNDLE, "venture-serving", "venture.venture-system.serving"}
    made = [
        (APPLIED[each["kind"]], each)
        for each in manifests
        if each["metadata"]["name"] in names and each["kind"] in APPLIED
    ]
    for resource, body in made:
        await client.apply(resource, body, body["metadata"].get("namespace"), field_manager="tests")
    for resource in (VALIDATING_WEBHOOKS, MUTATING_WEBHOOKS):
        await client.apply(resource, _webhooks(resource), field_manager="tests")
    yield
    for resource, body in made:
        metadata = body["metadata"]
        await client.delete(resource, metadata["name"], metadata.get("namespace"))
    for resource in (VALIDATING_WEBHOOKS, MUTATING_WEBHOOKS):
        await client.delete(resource, WEBHOOKS)


def _webhooks(resource: Resource) -> Body:
    rule = {"apiGroups": ["none.example.com"], "apiVersions": ["v1"], "operations": ["CREATE"]}
    webhook = {
        "name": "teapots.example.com",
        "clientConfig": {"service": {"name": "venture-teapot", "namespace": SYSTEM}},
        "rules": [rule | {"resources": ["teapots"]}],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": WEBHOOKS},
        "webhooks": [webhook],
    }


@pytest.fixture
async def robot(
    client: KubernetesClient, api_server: Path, installed: None, tmp_path: Path
) -> AsyncIterator[KubernetesClient]:
    """Connect as the operator's service account, which has the chart's rights and no others."""
    del installed
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    path = SERVICE_ACCOUNTS.path(SYSTEM, "venture", "token")
    answer = await client.request("POST", "serviceaccounts", path, body=request)
    user = {"token": answer["status"]["token"]}
    config = write_kubeconfig(read_kubeconfig(api_server), tmp_path / "operator", user=user)
    async with KubernetesClient.from_kubeconfig(str(config)) as connected:
        yield connected


class Clock:
    """The time as the test has it."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def serving(robot: KubernetesClient, settings: ServingSettings, clock: Clock) -> Serving:
    return Serving(ServingStore(robot, SYSTEM), settings, now=clock)


async def served(client: KubernetesClient, secret: str = SERVER) -> Pair:
    found = await client.get(SECRETS, secret, SYSTEM)
    assert found is not None
    data = {key: base64.b64decode(value).decode() for key, value in found["data"].items()}
    return read_pair(data["tls.crt"], data["tls.key"])


async def trusted(client: KubernetesClient, settings: ServingSettings) -> str:
    """Return the bundle, which is the same wherever it is read."""
    bundles = set()
    for namespace in settings.namespaces:
        found = await client.get(CONFIG_MAPS, BUNDLE, namespace)
        bundles.add((found or {}).get("data", {}).get("ca.crt", ""))
    for resource in (VALIDATING_WEBHOOKS, MUTATING_WEBHOOKS):
        registered = await client.get(resource, WEBHOOKS)
        assert registered is not None
        (webhook,) = registered["webhooks"]
        bundles.add(base64.b64decode(webhook["clientConfig"].get("caBundle", "")).decode())
    (bundle,) = bundles
    assert isinstance(bundle, str)
    return bundle


def signers(server: Pair, bundle: str) -> list[int]:
    """Return which authorities of a bundle have signed it."""
    subjects = [each.subject for each in read_certificates(bundle)]
    return [at for at, each in enumerate(subjects) if each == server.certificate.issuer]


async def test_what_is_due_is_made_and_what_is_good_stays(
    serving: Serving, client: KubernetesClient, settings: ServingSettings
) -> None:
    await serving.look()
    first, bundle = await served(client), await trusted(client, settings)
    assert signers(first, bundle) == [0]
    await serving.look()
    assert (await served(client)).certificate == first.certificate
    assert await trusted(client, settings) == bundle


async def test_a_rotation_overlaps(
    serving: Serving, client: KubernetesClient, settings: ServingSettings, clock: Clock
) -> None:
    await serving.look()
    (old,) = read_certificates(await trusted(client, settings))
    while len(read_certificates(await trusted(client, settings))) == 1:
        clock.now += timedelta(days=15)
        await serving.look()
        bundle = await trusted(client, settings)
        assert signers(await served(client), bundle) == [0], "the old one still signs"
    clock.now += ANNOUNCED_FOR
    await serving.look()
    assert signers(await served(client), bundle) == [0], "nothing is renewed before it is due"
    clock.now += SERVER_LIFETIME
    await serving.look()
    assert signers(await served(client), await trusted(client, settings)) == [1]
    assert await trusted(client, settings) == bundle, "what the old one signed is trusted yet"
    clock.now = old.not_valid_after_utc
    await serving.look()
    (new,) = read_certificates(await trusted(client, settings))
    assert new != old


@pytest.mark.parametrize("lost", [SERVER, AUTHORITY, BUNDLE])
async def test_what_is_lost_is_made_again(
    serving: Serving, client: KubernetesClient, settings: ServingSettings, lost: str
) -> None:
    await serving.look()
    resource = CONFIG_MAPS if lost == BUNDLE else SECRETS
    await client.delete(resource, lost, SYSTEM)
    await serving.look()
    assert signers(await served(client), await trusted(client, settings)) == [0]


@pytest.mark.parametrize("secret", [SERVER, AUTHORITY])
async def test_what_cannot_be_read_is_made_again(
    serving: Serving, client: KubernetesClient, settings: ServingSettings, secret: str
) -> None:
    await serving.look()
    found = await client.get(SECRETS, secret, SYSTEM)
    assert found is not None
    for spoilt in ("bm90aGluZw==", "/w=="):
        data = dict.fromkeys(found["data"], spoilt)
        await client.patch(SECRETS, secret, {"data": data}, SYSTEM)
        await serving.look()
        assert signers(await served(client), await trusted(client, settings)) == [0]


async def test_the_operator_makes_these_secrets_and_no_others(
    serving: Serving, robot: KubernetesClient, client: KubernetesClient
) -> None:
    """RBAC alone would let it make any: a token of another account, a forged release of Helm."""

    def secret(name: str, kind: str) -> Body:
        metadata = {"name": name, "annotations": {"kubernetes.io/service-account.name": "default"}}
        return {"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": metadata}

    async def refusal(body: Body) -> str:
        try:
            await robot.create(SECRETS, body, SYSTEM, dry_run=True)
        except (ForbiddenError, InvalidError) as error:
            return error.message
        return ""

    await serving.look()
    await client.delete(SECRETS, SERVER, SYSTEM)
    for body in (
        secret("another", "Opaque"),
        secret("sh.helm.release.v1.venture.v9", "helm.sh/release.v1"),
        secret(SERVER, "kubernetes.io/service-account-token"),
    ):
        # A policy counts a moment after it was created.
        await patiently(lambda body=body: refusal(body), lambda said: "no others" in said)
    assert await refusal(secret(SERVER, "Opaque")) == ""
    await client.create(SECRETS, secret("another", "Opaque"), SYSTEM)
    with pytest.raises(ForbiddenError):
        await robot.get(SECRETS, "another", SYSTEM)
    await client.delete(SECRETS, "another", SYSTEM)


async def test_an_issuer_of_the_cluster_fills_the_secrets(
    client: KubernetesClient, installed: None, settings: ServingSettings, clock: Clock
) -> None:
    """As cert-manager does. When its authority changes, both are trusted until one ends."""
    del installed
    elsewhere = settings.model_copy(update={"issued_elsewhere": True})
    serving = Serving(ServingStore(client, SYSTEM), elsewhere, now=clock)
    await serving.look()
    assert await trusted(client, settings) == "", "nobody is trusted yet"
    authorities = []
    for _ in range(2):
        authority = make_authority("issuer", now=clock.now, lifetime=AUTHORITY_LIFETIME)
        pair = issue(authority, (HOST,), now=clock.now, lifetime=SERVER_LIFETIME)
        authorities.append(authority.certificate)
        texts = {
            "ca.crt": authority.certificate_pem(),
            "tls.crt": pair.certificate_pem(),
            "tls.key": pair.key_pem(),
        }
        data = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
        await client.patch(SECRETS, SERVER, {"data": data}, SYSTEM)
        await serving.look()
        assert (await served(client)).certificate == pair.certificate
        clock.now += timedelta(days=1)
    assert await trusted(client, settings) == certificates_pem(reversed(authorities))
    clock.now = authorities[0].not_valid_after_utc
    await serving.look()
    await serving.look()
    assert read_certificates(await trusted(client, settings)) == (authorities[1],)


@pytest.fixture
def operator_settings(settings: ServingSettings, namespace: str) -> dict[str, str]:
    given = json.loads(settings.model_dump_json()) | {
        "namespaces": [namespace],
        "registrations": [],
    }
    return {"serving": json.dumps(given)}


async def test_a_leader_issues_at_once(
    client: KubernetesClient, namespace: str, operator: OperatorProcess
) -> None:
    del operator

    async def look() -> Body:
        found = await client.get(SECRETS, SERVER, namespace)
        return (found or {}).get("data", {})

    await patiently(look, lambda data: "tls.crt" in data)
