"""How Venture is installed in a cluster, read from the operator's own Deployment."""

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from venture_core.kubernetes.errors import ForbiddenError
from venture_core.kubernetes.resources import CONFIG_MAPS, SERVICES, Resource

from venture_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from venture_core.kubernetes.client import Body, KubernetesClient

DEPLOYMENTS: Final = Resource("apps", "v1", "deployments", "Deployment")
COMPONENT_LABEL: Final = "app.kubernetes.io/component"
INSTANCE_LABEL: Final = "app.kubernetes.io/instance"
OPERATOR_COMPONENT: Final = "operator"
OPERATOR_CONTAINER: Final = "operator"
_ELSEWHERE: Final = "Say where Venture is installed with --system-namespace"


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

    def question(self, names: Sequence[str], otherwise: str = "") -> CliError:
        """Return the error that asks which of several releases is meant."""
        return CliError(
            f"Venture is installed {len(names)} times in the namespace {self.namespace}: "
            f"{', '.join(names)}",
            ExitCode.USAGE,
            next_step=f"Say which with --release{otherwise and f', or {otherwise}'}.",
        )


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
        raise release.question(sorted(found))
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
        next_step=f"{there}{_ELSEWHERE}.",
    )


@dataclass(frozen=True, slots=True)
class Sought:
    """A service of a release that is reached from outside the cluster."""

    component: str
    what: str
    """What people call it."""
    port: int
    otherwise: str = ""
    """How else to say where it is, as the end of a sentence."""


async def find_service(client: KubernetesClient, release: Release, sought: Sought) -> str:
    """Return the name of a release's Service. CliError where there is none, or several are."""
    selector = release.selector({COMPONENT_LABEL: sought.component})
    listed = await client.list(SERVICES, release.namespace, label_selector=selector)
    found: dict[str, str] = {
        each["metadata"]["name"]: str(each["metadata"].get("labels", {}).get(INSTANCE_LABEL, ""))
        for each in listed
        if any(port["port"] == sought.port for port in each["spec"]["ports"])
    }
    if len(found) > 1:
        raise release.question(sorted(found.values()), sought.otherwise)
    if not found:
        raise CliError(
            f"found no {sought.what} in the namespace {release.namespace}",
            ExitCode.NOT_FOUND,
            next_step=f"{_ELSEWHERE}{sought.otherwise and f', or {sought.otherwise}'}.",
        )
    return next(iter(found))


async def serving_authorities(client: KubernetesClient, namespace: str, fullname: str) -> str:
    """Return the PEM of those who sign a release's certificates; empty where none is known yet."""
    trust = await client.get(CONFIG_MAPS, f"{fullname}-serving-ca", namespace)
    return str((trust or {}).get("data", {}).get("ca.crt", ""))


def secret_value(secret: Body, key: str, *, name: str, namespace: str) -> str:
    """Return a value of a Secret, empty where it has none. CliError where it is no text."""
    try:
        return base64.b64decode(secret.get("data", {}).get(key, ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise CliError(f"the Secret {name} in {namespace} is damaged") from error
