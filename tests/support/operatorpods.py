"""The operator's replicas on the cluster."""

from typing import TYPE_CHECKING, Any

from venture_core.kubernetes.resources import LEASES

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]

NAMESPACE = "venture-system"
LEASE = "venture"
SELECTOR = "app.kubernetes.io/component=operator"


async def leader(client: KubernetesClient) -> str:
    """Return the pod that holds the Lease, empty where none does."""
    lease = await client.get(LEASES, LEASE, NAMESPACE)
    return "" if lease is None else str(lease["spec"].get("holderIdentity") or "")


async def renewed_at(client: KubernetesClient) -> str:
    """Return when the Lease was renewed last."""
    lease = await client.get(LEASES, LEASE, NAMESPACE)
    return "" if lease is None else str(lease["spec"].get("renewTime"))
