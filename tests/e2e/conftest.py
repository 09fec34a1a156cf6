"""The installed product on a real cluster, which KUBECONFIG names (`make test` brings both)."""

import json
import os
import secrets
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from builds import Builds
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


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """Return the kubeconfig of the cluster under test; never a cluster by accident."""
    if not (path := os.environ.get("KUBECONFIG")):
        pytest.fail("KUBECONFIG must name the cluster to test: run `make test TIERS=e2e`")
    return Path(path)


@pytest.fixture(scope="session")
def kubectl(kubeconfig: Path) -> Kubectl:
    """Run kubectl and return what it prints; a failure fails the test with kubectl's words."""

    def run(*arguments: str, stdin: str | None = None, fails: bool = False) -> str:
        done = subprocess.run(
            ["kubectl", "--kubeconfig", str(kubeconfig), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout

    return run


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
