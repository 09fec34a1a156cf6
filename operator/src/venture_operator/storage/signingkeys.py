"""The public halves of our signing keys, published for whoever verifies."""

from typing import TYPE_CHECKING

from venture_core.artifacts.provenance import key_id, public_key_pem
from venture_core.kubernetes.errors import AlreadyExistsError
from venture_core.kubernetes.resources import CONFIG_MAPS

from venture_operator.domain.labels import MANAGED_BY, MANAGED_BY_LABEL

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from venture_core.kubernetes.client import KubernetesClient


async def publish_signing_key(
    client: KubernetesClient, key: Ed25519PublicKey, *, namespace: str, config_map: str
) -> None:
    """Add the key to the ConfigMap; keys of the past stay, so that what they signed verifies."""
    entry = {f"{key_id(key)}.pem": public_key_pem(key)}
    try:
        await client.create(
            CONFIG_MAPS,
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": config_map, "labels": {MANAGED_BY_LABEL: MANAGED_BY}},
                "data": entry,
            },
            namespace,
        )
    except AlreadyExistsError:
        await client.patch(CONFIG_MAPS, config_map, {"data": entry}, namespace)
