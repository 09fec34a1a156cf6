"""How Venture is installed in a cluster, read from the operator's own Deployment.

What the operator was started with is the truth, whatever the release is called and wherever its
Secrets come from. One Deployment is read, and from one Secret the two keys that it names.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from venture_core.kubernetes.resources import SECRETS, Resource
from venture_core.objectstore import S3Settings

from venture_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from venture_core.kubernetes.client import Body, KubernetesClient

DEPLOYMENTS: Final = Resource("apps", "v1", "deployments", "Deployment")
OPERATOR_LABELS: Final = "app.kubernetes.io/component=operator"
OPERATOR_CONTAINER: Final = "operator"
DEFAULT_KEYS_CONFIG_MAP: Final = "venture-signing-keys"
_ELSEWHERE: Final = (
    "Say where Venture is installed with --system-namespace, "
    "or set VENTURE_S3_ENDPOINT, _REGION, _BUCKET, _ACCESS_KEY_ID and _SECRET_ACCESS_KEY."
)


@dataclass(frozen=True, slots=True)
class Installation:
    """What the command line needs to know of a release."""

    image: str
    """The operator's image."""
    s3: S3Settings
    keys_config_map: str
    """Where the operator publishes its public keys, in its own namespace."""


async def find_installation(client: KubernetesClient, namespace: str) -> Installation:
    """Read how Venture is installed in that namespace. CliError where it is not."""
    container = await find_operator(client, namespace)
    variables = {each["name"]: each for each in container.get("env", [])}
    secrets: dict[str, Body] = {}
    values = {}
    for name in ("ENDPOINT", "REGION", "BUCKET", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        variable = variables.get(f"VENTURE_S3_{name}", {})
        values[name.lower()] = await _value(client, namespace, variable, secrets)
    try:
        s3 = S3Settings.model_validate(values)
    except ValidationError as error:
        # Only names: pydantic's own text quotes values, one of which is a secret.
        names = ", ".join(sorted(str(each["loc"][0]) for each in error.errors()))
        raise CliError(
            f"the operator in {namespace} has no usable S3 settings: {names}", next_step=_ELSEWHERE
        ) from None
    keys = variables.get("VENTURE_SIGNING_KEYS_CONFIGMAP", {}).get("value")
    return Installation(container["image"], s3, keys or DEFAULT_KEYS_CONFIG_MAP)


async def find_operator(client: KubernetesClient, namespace: str) -> Body:
    """Return the operator's container, as its Deployment describes it."""
    deployments = await client.list(DEPLOYMENTS, namespace, label_selector=OPERATOR_LABELS)
    containers: list[dict[str, Any]] = [
        container
        for deployment in deployments
        for container in deployment["spec"]["template"]["spec"]["containers"]
        if container["name"] == OPERATOR_CONTAINER
        and any(each["name"].startswith("VENTURE_") for each in container.get("env", []))
    ]
    if len(containers) != 1:
        found = "no operator" if not containers else f"{len(containers)} operators"
        raise CliError(
            f"found {found} of Venture in the namespace {namespace}",
            ExitCode.NOT_FOUND,
            next_step=_ELSEWHERE,
        )
    return containers[0]


async def _value(
    client: KubernetesClient, namespace: str, variable: Body, secrets: dict[str, Body]
) -> str:
    """Return the value of a container's variable, from its Secret where it has one."""
    reference = variable.get("valueFrom", {}).get("secretKeyRef")
    if reference is None:
        return str(variable.get("value", ""))
    name = reference["name"]
    if name not in secrets:
        secrets[name] = await client.get(SECRETS, name, namespace) or {}
    return secret_value(secrets[name], reference["key"], name=name, namespace=namespace)


def secret_value(secret: Body, key: str, *, name: str, namespace: str) -> str:
    """Return a value of a Secret, empty where it has none. CliError where it is no text."""
    try:
        return base64.b64decode(secret.get("data", {}).get(key, ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise CliError(f"the Secret {name} in {namespace} is damaged") from error
