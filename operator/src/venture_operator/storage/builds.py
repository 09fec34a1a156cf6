"""ArtifactBuilds in the cluster: their status, their Events, the ConfigMaps they read."""

import base64
import binascii
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from venture_core.kubernetes.errors import AlreadyExistsError
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, CONFIG_MAPS, EVENTS

from venture_operator.builders.event import transition_event
from venture_operator.domain.mergepatch import merge_patch

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient
    from venture_crds.v1alpha1.artifactbuild import ArtifactBuildStatus

type Body = dict[str, Any]


class BuildStorage:
    """Reads and writes around ArtifactBuilds. Everything may raise KubernetesError."""

    def __init__(self, client: KubernetesClient, *, reporter: str) -> None:
        self._client = client
        self._reporter = reporter

    async def write_status(self, body: Body, status: ArtifactBuildStatus) -> Body | None:
        """Write what differs between the object's status and `status`; return the new object.

        Returns None where nothing differs. Raises ConflictError where the object changed since
        `body` was read, NotFoundError where it is gone.
        """
        patch = merge_patch(body.get("status", {}), status.to_json())
        if not patch:
            return None
        metadata = body["metadata"]
        change = {"metadata": {"resourceVersion": metadata["resourceVersion"]}, "status": patch}
        return await self._client.patch(
            ARTIFACT_BUILDS,
            metadata["name"],
            change,
            metadata["namespace"],
            subresource="status",
        )

    async def post_event(self, body: Body, *, reason: str, message: str, warning: bool) -> None:
        """Post an Event about the object; one that says the same was posted already is success."""
        event = transition_event(
            body,
            reason=reason,
            message=message,
            warning=warning,
            reporter=self._reporter,
            now=datetime.now(UTC),
        )
        try:
            await self._client.create(EVENTS, event, body["metadata"]["namespace"])
        except AlreadyExistsError:
            return

    async def read_config_map(self, namespace: str, name: str, key: str) -> bytes | None:
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
