"""The installed product on a real cluster, which KUBECONFIG names (`make test` brings both)."""

import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from builds import Builds
from kubectls import kubectl_of
from persons import Person
from tenants import Tenant
from turns import Turns
from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.resources import Resource
from worknamespace import WorkNamespace, work_namespace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterator

type Body = dict[str, Any]
type Kubectl = Callable[..., str]

NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
SYSTEM_NAMESPACE = "venture-system"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
HERE = Path(__file__).parent
RELEASE = Turns(Path(os.environ.get("KUBECONFIG", os.devnull)))


def is_marked(item: pytest.Item | None, name: str) -> bool:
    """Say whether a test has a marker."""
    return item is not None and item.get_closest_marker(name) is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that leave others least to run beside them, and what is apart."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)

    def rank(item: pytest.Item) -> int:
        beside = files[item.path]
        if all(is_marked(each, "apart") for each in beside):
            return 0
        alone = [is_marked(each, "alone") for each in beside]
        return 1 if all(alone) else 2 if any(alone) else 3

    items.sort(key=rank)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """Run tests of two workers side by side, but for those that must be alone."""
    if HERE not in item.path.parents or is_marked(item, "apart"):
        return (yield)
    alone = is_marked(item, "alone")
    RELEASE.take(alone=alone)
    try:
        return (yield)
    finally:
        if not (alone and is_marked(nextitem, "alone")):
            RELEASE.give_up()


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
