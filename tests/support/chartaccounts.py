"""Service accounts of the chart on a real API server, with the rights that the chart gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from installations import read_kubeconfig, write_kubeconfig
from venture_core.kubernetes.resources import CLUSTER_ROLES, NAMESPACES, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]

SYSTEM: Final = "venture-system"
RBAC: Final = "rbac.authorization.k8s.io"
ROLE_BINDINGS: Final = Resource(RBAC, "v1", "rolebindings", "RoleBinding")
SERVICE_ACCOUNTS: Final = Resource("", "v1", "serviceaccounts", "ServiceAccount")
_APPLIED: Final = {
    "Role": Resource(RBAC, "v1", "roles", "Role"),
    "RoleBinding": ROLE_BINDINGS,
    "ClusterRole": CLUSTER_ROLES,
    "ClusterRoleBinding": Resource(
        RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False
    ),
}


def work_namespace_of(manifests: Iterable[Body]) -> str:
    """Return where Jobs would run."""
    return next(
        str(each["metadata"]["namespace"])
        for each in manifests
        if each["metadata"]["name"] == "venture-closed"
    )


async def apply_rights(
    client: KubernetesClient,
    manifests: list[Body],
    accounts: Iterable[str],
    wanted: Callable[[str], bool],
) -> None:
    """Make the chart's namespaces, these accounts, and the roles and bindings that are wanted."""
    for name in (SYSTEM, work_namespace_of(manifests)):
        body: Body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        await client.apply(NAMESPACES, body, field_manager="tests")
    for name in accounts:
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}
        await client.apply(SERVICE_ACCOUNTS, account, SYSTEM, field_manager="tests")
    for body in manifests:
        metadata = body["metadata"]
        if body["kind"] in _APPLIED and wanted(metadata["name"]):
            resource = _APPLIED[body["kind"]]
            await client.apply(resource, body, metadata.get("namespace"), field_manager="tests")


async def account_token(
    client: KubernetesClient, account: str, audience: str | None = None, namespace: str = SYSTEM
) -> str:
    """Return a token of an account, for the API server or for an audience of ours."""
    spec: Body = {} if audience is None else {"audiences": [audience]}
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    path = SERVICE_ACCOUNTS.path(namespace, account, "token")
    answer = await client.request("POST", "serviceaccounts", path, body=request)
    token: str = answer["status"]["token"]
    return token


async def account_kubeconfig(
    client: KubernetesClient, api_server: Path, path: Path, account: str
) -> Path:
    """Write a kubeconfig that comes in as an account of the release."""
    user = {"token": await account_token(client, account)}
    return write_kubeconfig(read_kubeconfig(api_server), path, user=user)


def user_kubeconfig(api_server: Path, path: Path, name: str) -> Path:
    """Write a kubeconfig of a user of the cluster, who has no rights of its own."""
    config = read_kubeconfig(api_server)
    admin: Body = config["users"][0]["user"]
    groups = ["system:authenticated"]
    return write_kubeconfig(config, path, user=admin | {"as": name, "as-groups": groups})
