"""The installed product on a real cluster, which KUBECONFIG names (`make test` brings both)."""

import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from builds import Builds
from farewells import waiting_for_farewells
from kubectls import kubectl_of
from persons import Person
from tenants import Tenant
from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.resources import Resource
from worknamespace import WorkNamespace, work_namespace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

type Body = dict[str, Any]
type Kubectl = Callable[..., str]

NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
SYSTEM_NAMESPACE = "venture-system"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.fixture(autouse=True)
async def farewells() -> AsyncIterator[None]:
    """Let connections that were closed say farewell before the loop of a test ends."""
    async with waiting_for_farewells():
        yield


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """Return the kubeconfig of the cluster under test; never a cluster by accident."""
    if not (path := os.environ.get("KUBECONFIG")):
        pytest.fail("KUBECONFIG must name the cluster to test: run `make test TIERS=e2e`")
    return Path(path)


@pytest.fixture(scope="session")
def kubectl(kubeconfig: Path) -> Kubectl:
    """Run kubectl and return what it prints; a failure fails the test with kubectl's words."""
    return kubectl_of(kubeconfig)


@pytest.fixture
async def client(kubeconfig: Path) -> AsyncIterator[KubernetesClient]:
    """Connect to the cluster."""
    async with KubernetesClient.from_kubeconfig(str(kubeconfig)) as connected:
        yield connected


@pytest.fixture
async def namespace(client: KubernetesClient) -> AsyncIterator[str]:
    """Create a restricted namespace that only this test uses, and delete it with all in it."""
    name = f"e2e-{secrets.token_hex(4)}"
    metadata = {"name": name, "labels": RESTRICTED}
    await client.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    yield name
    await client.delete(NAMESPACES, name)


@pytest.fixture
def builds(client: KubernetesClient, namespace: str) -> Builds:
    """Return the test's builds."""
    return Builds(client, namespace)


@pytest.fixture
def work(client: KubernetesClient, namespace: str, kubectl: Kubectl) -> WorkNamespace:
    """Return what the test's builds have in the work namespace."""
    return WorkNamespace(client, work_namespace(kubectl), namespace)


@pytest.fixture
def administrator(kubeconfig: Path, namespace: str, tmp_path: Path) -> Person:
    """Return who owns the cluster and is signed in nowhere."""
    return Person("", namespace, kubeconfig, tmp_path / "administrator")


@pytest.fixture
def hired(
    administrator: Person, kubeconfig: Path, namespace: str, tmp_path: Path
) -> Iterator[Callable[..., Person]]:
    """Make an account of a role, and sign it in; its account goes with the test.

    It has its role in the test's namespace, or in those that are named.
    """
    hired: list[str] = []

    def hire(role: str, *namespaces: str) -> Person:
        account = f"{role.lower()}-{secrets.token_hex(4)}"
        places = [word for each in namespaces or (namespace,) for word in ("--in", each)]
        password = administrator.venture("account", "create", account, "--role", role, *places)
        hired.append(account)
        person = Person(account, namespace, kubeconfig, tmp_path / account)
        person.sign_in(password)
        return person

    yield hire
    listed = json.loads(administrator.venture("account", "list", "-o", "json"))
    for account in [each["account"] for each in listed if not each["disabled"]]:
        if account in hired:
            administrator.venture("account", "disable", account)


@pytest.fixture(scope="session")
def alice(kubectl: Kubectl) -> Iterator[Tenant]:
    """Return a tenant of this session's own, whom their neighbour may not harm."""
    yield from _tenant(kubectl, "alice")


@pytest.fixture(scope="session")
def mallory(kubectl: Kubectl) -> Iterator[Tenant]:
    """Return a tenant of this session's own who means harm."""
    yield from _tenant(kubectl, "mallory")


def _tenant(kubectl: Kubectl, user: str) -> Iterator[Tenant]:
    namespace = f"e2e-{user}-{secrets.token_hex(4)}"
    metadata = {"name": namespace, "labels": RESTRICTED}
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    kubectl("create", "-f", "-", stdin=json.dumps(body))
    kubectl("-n", namespace, "create", "rolebinding", user, "--clusterrole=edit", f"--user={user}")
    yield Tenant(kubectl, user, namespace)
    kubectl("delete", "namespace", namespace, "--wait=false")
