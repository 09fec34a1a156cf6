"""What the aggregated API has, as Kubernetes' clients ask for it, and what a request may take.

The API server ends requests after a minute (`--request-timeout`), but for those that it knows to
last: by verb (`watch`), or by the last part of the resource (`proxy`, `log`, `attach`, `exec`,
`portforward`). Transfers are therefore the subresource `proxy`.
"""

from dataclasses import dataclass
from typing import Any, Final

from venture_core.http.limits import Limits

from venture_control_plane_api.services.uploads import INPUTS

GROUP: Final = "content.venture.parpour.dev"
VERSION: Final = "v1alpha1"
PREFIX: Final = f"/apis/{GROUP}/{VERSION}"
TRANSFER_SECONDS: Final = 3600.0
ACCOUNT_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class _Served:
    name: str
    kind: str
    verbs: tuple[str, ...]
    namespaced: bool = True


SERVED: Final = (
    _Served("accounts", "Account", ("create", "delete", "list"), namespaced=False),
    _Served("artifactbuilds/proxy", "Artifact", ("get",)),
    _Served("artifactbuilds/provenance", "Provenance", ("get",)),
    _Served("artifactbuilds/thumbnail", "Thumbnail", ("get",)),
    _Served("artifactbuilds/events", "EventList", ("get",)),
    _Served("artifactbuilds/log", "Log", ("get",)),
    _Served("workflows/transcript", "Transcript", ("get",)),
    _Served("budgets", "BudgetList", ("list",)),
    _Served("statements", "Statement", ("get",)),
    _Served("assets", "Input", ("get",)),
    _Served("assets/proxy", "Input", ("create",)),
    _Served("documents", "Input", ("get",)),
    _Served("documents/proxy", "Input", ("create",)),
)


def resource_list() -> dict[str, Any]:
    """Return the APIResourceList of the group's only version."""
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{GROUP}/{VERSION}",
        "resources": [
            {
                "name": each.name,
                "singularName": "",
                "namespaced": each.namespaced,
                "kind": each.kind,
                "verbs": list(each.verbs),
            }
            for each in SERVED
        ],
    }


def limits_of(path: str) -> Limits:
    """Return what a request to that path may take."""
    if path == f"{PREFIX}/accounts":
        return Limits(body_bytes=ACCOUNT_BYTES)
    parts = path.removeprefix(f"{PREFIX}/namespaces/").split("/")
    if len(parts) < 4 or parts[3] != "proxy":  # noqa: PLR2004  namespace, resource, name
        return Limits(body_bytes=0)
    kind = INPUTS.get(parts[1])
    return Limits(body_bytes=0 if kind is None else kind.max_bytes, seconds=TRANSFER_SECONDS)
