"""Where the record's Postgres and NATS of an installation are, read from its own Deployments.

What the release's processes were started with is the truth, whatever the release is called and
wherever its Secrets come from.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from venture_core.kubernetes.resources import SECRETS

from venture_cli.errors import CliError, ExitCode
from venture_cli.services.installation import DEPLOYMENTS, secret_value

if TYPE_CHECKING:
    from venture_core.kubernetes.client import Body, KubernetesClient


class Endpoint(StrEnum):
    """The servers of the record, by the variable that holds their URL."""

    POSTGRES = "VENTURE_POSTGRES_URL"
    NATS = "VENTURE_NATS_URL"


_NAMES: Final = {Endpoint.POSTGRES: "Postgres", Endpoint.NATS: "NATS"}


async def find_url(client: KubernetesClient, namespace: str, endpoint: Endpoint) -> str:
    """Return the URL that the processes in this namespace use. CliError where there is not one."""
    deployments = await client.list(DEPLOYMENTS, namespace)
    variables = {
        _identity(variable): variable
        for deployment in deployments
        for container in deployment["spec"]["template"]["spec"]["containers"]
        for variable in container.get("env", [])
        if variable["name"] == endpoint
    }
    if len(variables) != 1:
        found = "no" if not variables else f"{len(variables)} different"
        raise CliError(
            f"found {found} {endpoint} in the Deployments of the namespace {namespace}",
            ExitCode.NOT_FOUND,
            next_step=f"Say where Venture is installed with --system-namespace, or set {endpoint}.",
        )
    (variable,) = variables.values()
    url = await _resolve(client, namespace, variable)
    if not url:
        raise CliError(
            f"the address of {_NAMES[endpoint]} in {namespace} is empty",
            ExitCode.NOT_FOUND,
            next_step=f"Look at the Secret that holds it, or set {endpoint}.",
        )
    return url


def _identity(variable: Body) -> tuple[str, str]:
    reference = _reference(variable)
    if reference is None:
        return "value", str(variable.get("value", ""))
    return reference["name"], reference["key"]


def _reference(variable: Body) -> dict[str, Any] | None:
    reference: dict[str, Any] | None = variable.get("valueFrom", {}).get("secretKeyRef")
    return reference


async def _resolve(client: KubernetesClient, namespace: str, variable: Body) -> str:
    reference = _reference(variable)
    if reference is None:
        return str(variable.get("value", ""))
    secret = await client.get(SECRETS, reference["name"], namespace) or {}
    return secret_value(secret, reference["key"], name=reference["name"], namespace=namespace)
