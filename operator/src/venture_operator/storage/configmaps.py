"""ConfigMaps in the namespaces of users: read one at a time, by the name that an object gives."""

import base64
import binascii
from typing import TYPE_CHECKING

from venture_core.kubernetes.resources import CONFIG_MAPS

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient


class ConfigMaps:
    """Reads ConfigMaps. Everything may raise KubernetesError."""

    def __init__(self, client: KubernetesClient) -> None:
        self._client = client

    async def read(self, namespace: str, name: str, key: str) -> bytes | None:
        """Return what a ConfigMap holds under `key`, None where either is missing.

        Raises ValueError where binaryData is not base64.
        """
        config_map = await self._client.get(CONFIG_MAPS, name, namespace)
        if config_map is None:
            return None
        if (text := config_map.get("data", {}).get(key)) is not None:
            return str(text).encode()
        if (encoded := config_map.get("binaryData", {}).get(key)) is not None:
            try:
                return base64.b64decode(encoded, validate=True)
            except binascii.Error as error:
                raise ValueError(f"binaryData[{key}] is not base64") from error
        return None
