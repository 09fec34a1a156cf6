"""How Venture is installed in a cluster, read from the operator's own Deployment.

What the operator was started with is the truth, whatever the release is called and wherever its
Secrets come from. One Deployment is read, and from one Secret the two keys that it names.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from venture_core.kubernetes.errors import ForbiddenError
from venture_core.kubernetes.resources import SECRETS, Resource
from venture_core.objectstore import S3Settings

from venture_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from venture_core.kubernetes.client import Body, KubernetesClient

DEPLOYMENTS: Final = Resource("apps", "v1", "deployments", "Deployment")
COMPONENT_LABEL: Final = "app.kubernetes.io/component"
INSTANCE_LABEL: Final = "app.kubernetes.io/instance"
OPERATOR_COMPONENT: Final = "operator"
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


@dataclass(frozen=True, slots=True)
class Release:
    """Which installation is meant."""

    namespace: str
    name: str | None = None
    """The Helm release, where several are in the namespace."""

    def selector(self, labels: Mapping[str, str]) -> str:
        """Return a label selector for objects of the release with those labels."""
        own = {} if self.name is None else {INSTANCE_LABEL: self.name}
        return ",".join(f"{key}={value}" for key, value in (dict(labels) | own).items())

    def question(self, names: Sequence[str], otherwise: str) -> CliError:
        """Return the error that asks which of several releases is meant."""
        return CliError(
            f"Venture is installed {len(names)} times in the namespace {self.namespace}: "
            f"{', '.join(names)}",
            ExitCode.USAGE,
            next_step=f"Say which with --release, or {otherwise}.",
        )


async def find_installation(client: KubernetesClient, release: Release) -> Installation:
    """Read how Venture is installed there. CliError where it is not, or several times."""
    namespace = release.namespace
    container = await find_operator(client, release)
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


async def find_operator(client: KubernetesClient, release: Release) -> Body:
    """Return the operator's container, as its Deployment describes it."""
    selector = release.selector({COMPONENT_LABEL: OPERATOR_COMPONENT})
    deployments = await client.list(DEPLOYMENTS, release.namespace, label_selector=selector)
    found: dict[str, dict[str, Any]] = {}
    for deployment in deployments:
        metadata = deployment["metadata"]
        for container in deployment["spec"]["template"]["spec"]["containers"]:
            names = [each["name"] for each in container.get("env", [])]
            if container["name"] == OPERATOR_CONTAINER and any(map(_is_ours, names)):
                owner = metadata.get("labels", {}).get(INSTANCE_LABEL, metadata["name"])
                found[str(owner)] = container
    if len(found) > 1:
        raise release.question(sorted(found), "set VENTURE_S3_*")
    if not found:
        raise await _not_there(client, release)
    return next(iter(found.values()))


def _is_ours(variable: str) -> bool:
    return variable.startswith("VENTURE_")


async def _not_there(client: KubernetesClient, release: Release) -> CliError:
    """Return the error that says where Venture is instead, if that may be asked."""
    selector = release.selector({COMPONENT_LABEL: OPERATOR_COMPONENT})
    try:
        elsewhere = await client.list(DEPLOYMENTS, label_selector=selector)
    except ForbiddenError:
        elsewhere = []
    namespaces = sorted({each["metadata"]["namespace"] for each in elsewhere})
    there = f"There is one in {', '.join(namespaces)}. " if namespaces else ""
    return CliError(
        f"found no operator of Venture in the namespace {release.namespace}",
        ExitCode.NOT_FOUND,
        next_step=there + _ELSEWHERE,
    )


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
