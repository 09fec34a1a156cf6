"""The work namespace of a release, where the Jobs of all namespaces run."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.kubernetes.resources import Resource

type Body = dict[str, Any]
type Kubectl = Callable[..., str]


class WorkNamespace:
    """What the builds of one namespace have in the work namespace."""

    def __init__(self, client: KubernetesClient, name: str, of: str) -> None:
        self._client = client
        self.name = name
        self._of = of

    async def children(self, resource: Resource) -> list[Body]:
        """Return the Jobs, pods or Secrets of the builds of the test's namespace."""
        selector = f"venture.parpour.dev/owner-namespace={self._of}"
        return await self._client.list(resource, self.name, label_selector=selector)


def work_namespace(kubectl: Kubectl, system: str = "venture-system") -> str:
    """Return where the installed operator makes its Jobs."""
    deployment = json.loads(kubectl("-n", system, "get", "deployment", "venture", "-o", "json"))
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    values = {each["name"]: each.get("value") for each in container["env"]}
    return str(values["VENTURE_WORK_NAMESPACE"])
