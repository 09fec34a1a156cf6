"""The probe of an aggregated API: registered, ours, trusted, and answering by the API server."""

from typing import TYPE_CHECKING, Any

from venture_core.kubernetes.errors import ForbiddenError, KubernetesError
from venture_core.kubernetes.resources import API_SERVICES
from venture_core.preflight.probes import ProbeError

if TYPE_CHECKING:
    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]

SAID_CHARACTERS = 300
"""How much is shown of what the API server says: its sentences quote URLs."""
_MEND_TRUST = (
    "Its caBundle has to be what the ConfigMap …-serving-ca of the release holds, and the operator "
    "keeps it so: look at the operator's log."
)
_MEND_WAY = (
    "Check that pods of control-plane-api are ready, and that the API server may reach their port "
    "8443 (networkPolicy.apiServerFrom; firewalls between the control plane and the nodes)."
)


async def probe_api_service(client: KubernetesClient, name: str, backend: str) -> str:
    """Look who serves an API, and ask for it by way of the API server, as users do.

    `name` is <version>.<group>, `backend` the namespace/name of the Service that has to be behind.
    """
    version, _, group = name.partition(".")
    try:
        registered = await client.get(API_SERVICES, name)
        _ours(registered, group, backend)
        served = await client.request("GET", "", f"/apis/{group}/{version}")
    except ForbiddenError as error:
        raise ProbeError(
            f"this program may not look at it ({_said(error.message)})",
            advice="Give it what the chart's role …preflight-api has, or set preflight.enabled to "
            "false.",
            permanent=True,
        ) from error
    except KubernetesError as error:
        raise _unavailable(error.message) from error
    return f"{backend} serves {len(served.get('resources', ()))} resources by the API server"


def _ours(registered: Body | None, group: str, backend: str) -> None:
    """Raise ProbeError unless the API server forwards this API to that Service, and trusts it."""
    if registered is None:
        raise ProbeError(
            "it is not registered", advice="Something removed it; helm upgrade brings it back."
        )
    service = registered["spec"].get("service")
    if service is None:
        raise ProbeError(
            "the API server serves the group itself, by a definition",
            advice=f"Remove every CustomResourceDefinition of the group {group}, or set "
            "controlPlaneApi.apiService to false.",
            permanent=True,
        )
    holder = f"{service['namespace']}/{service['name']}"
    if holder != backend:
        raise ProbeError(
            f"it leads to the Service {holder}, not to {backend}",
            advice="One release of a cluster serves it: remove that one, or set "
            "controlPlaneApi.apiService to false.",
            permanent=True,
        )
    if registered["spec"].get("insecureSkipTLSVerify"):
        raise ProbeError(
            "the API server takes whoever answers there for it (insecureSkipTLSVerify)",
            advice=f"Take that field out of the APIService. {_MEND_TRUST}",
        )
    if not registered["spec"].get("caBundle"):
        raise ProbeError("nothing says yet whom to trust for it", advice=_MEND_TRUST)
    conditions = registered.get("status", {}).get("conditions", ())
    for condition in conditions:
        if condition["type"] == "Available" and condition["status"] != "True":
            raise _unavailable(condition.get("message", ""))


def _unavailable(message: str) -> ProbeError:
    """Return what the API server says when it gets no answer: it may be trust, or the way.

    Whether it holds the API for available says nothing of trust: it looks without any.
    """
    said = _said(message)
    if "x509" in said or "certificate" in said:
        return ProbeError(f"the API server does not trust it ({said})", advice=_MEND_TRUST)
    return ProbeError(f"the API server gets no answer of it ({said})", advice=_MEND_WAY)


def _said(text: str) -> str:
    """Return a sentence of the API server's on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= SAID_CHARACTERS else f"{line[:SAID_CHARACTERS]}…"
