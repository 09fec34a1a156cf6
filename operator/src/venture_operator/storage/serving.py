"""Where serving certificates are kept: Secrets, and whom to trust for whoever calls.

Every object is read and written by its name. What was written by somebody else meanwhile raises
ConflictError: the next look sees it.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from venture_core.kubernetes.resources import (
    API_SERVICES,
    CONFIG_MAPS,
    MUTATING_WEBHOOKS,
    SECRETS,
    VALIDATING_WEBHOOKS,
)

from venture_operator.domain.labels import MANAGED_BY, MANAGED_BY_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]

AUTHORITY_KEY: Final = "ca.crt"
"""Where certificates of authorities are, in a ConfigMap and in a Secret."""
REGISTRATIONS: Final = {
    each.plural: each for each in (API_SERVICES, MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS)
}
"""What tells the API server whom to call, and by which authority to know them."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A Secret as it was read."""

    secret: str
    data: dict[str, str]
    body: Body | None
    """The object, None where there is none."""


class ServingStore:
    """Reads and writes what belongs to serving certificates. Everything raises KubernetesError."""

    def __init__(self, client: KubernetesClient, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    async def read(self, secret: str) -> Kept:
        """Return what a Secret holds as texts: nothing where there is no such Secret.

        What is no text is left out: whoever needs it makes it anew.
        """
        found = await self._client.get(SECRETS, secret, self._namespace)
        texts = {key: _text(value) for key, value in ((found or {}).get("data") or {}).items()}
        data = {key: text for key, text in texts.items() if text is not None}
        return Kept(secret, data, found)

    async def write(self, kept: Kept, data: Mapping[str, str]) -> None:
        """Have a Secret hold this and nothing else; one that is gone is made again.

        Raises ConflictError, AlreadyExistsError where somebody else has written since it was read.
        """
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
        if kept.body is None:
            made = _object("Secret", kept.secret) | {"type": "Opaque", "data": encoded}
            await self._client.create(SECRETS, made, self._namespace)
        else:
            changed = kept.body | {"data": encoded}
            await self._client.replace(SECRETS, changed, self._namespace)

    async def bundle(self, namespace: str, config_map: str) -> str:
        """Return the authorities that a ConfigMap names, empty where it names none."""
        found = await self._client.get(CONFIG_MAPS, config_map, namespace)
        return str(((found or {}).get("data") or {}).get(AUTHORITY_KEY, ""))

    async def publish(self, namespace: str, config_map: str, bundle: str) -> None:
        """Have a ConfigMap name these authorities; one that is gone is made again."""
        data = {AUTHORITY_KEY: bundle}
        found = await self._client.get(CONFIG_MAPS, config_map, namespace)
        if found is None:
            made = _object("ConfigMap", config_map) | {"data": data}
            await self._client.create(CONFIG_MAPS, made, namespace)
        elif found.get("data") != data:
            await self._client.replace(CONFIG_MAPS, found | {"data": data}, namespace)

    async def register(self, plural: str, name: str, bundle: str) -> None:
        """Have the API server trust these authorities where it calls us by that registration."""
        resource = REGISTRATIONS[plural]
        found = await self._client.get(resource, name)
        if found is None:
            return
        change = _trusting(found, base64.b64encode(bundle.encode()).decode())
        if change:
            await self._client.patch(resource, name, change)


def _object(kind: str, name: str) -> Body:
    labels = {MANAGED_BY_LABEL: MANAGED_BY}
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "labels": labels}}


def _text(encoded: str) -> str | None:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except binascii.Error, UnicodeDecodeError:
        return None


def _trusting(registration: Body, bundle: str) -> Body:
    """Return the merge patch that puts the authorities in place, empty where they are there."""
    if "webhooks" not in registration:
        # The API server writes the status of an APIService all the time: no version is asked for.
        trusted = registration["spec"].get("caBundle") == bundle
        return {} if trusted else {"spec": {"caBundle": bundle}}
    webhooks = [
        each | {"clientConfig": each["clientConfig"] | {"caBundle": bundle}}
        for each in registration["webhooks"]
    ]
    if webhooks == registration["webhooks"]:
        return {}
    version = registration["metadata"]["resourceVersion"]
    return {"metadata": {"resourceVersion": version}, "webhooks": webhooks}
