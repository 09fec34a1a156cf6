"""Where the record's Postgres and NATS of an installation are, and the logins of people there.

The chart makes one Secret for each login and labels it. Where none is labelled for auditors (an
older release, or no right to list Secrets), the release's own Deployments say what they were
started with. To recover, no program's login would do.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from venture_core.kubernetes.errors import ForbiddenError
from venture_core.kubernetes.resources import SECRETS
from venture_core.record.database import Role

from venture_cli.errors import CliError, ExitCode
from venture_cli.program import hint
from venture_cli.services.installation import DEPLOYMENTS, INSTANCE_LABEL, secret_value

if TYPE_CHECKING:
    from venture_core.kubernetes.client import Body, KubernetesClient

    from venture_cli.services.installation import Release


class Endpoint(StrEnum):
    """The servers of the record, by the variable that holds their URL."""

    POSTGRES = "VENTURE_POSTGRES_URL"
    NATS = "VENTURE_NATS_URL"


class Login(StrEnum):
    """As whom the record is asked, by the label of the login's Secret."""

    AUDITOR = "auditor"
    RECOVERY = "recovery"


LOGIN_LABEL: Final = "venture.parpour.dev/login"
_NAMES: Final = {Endpoint.POSTGRES: "Postgres", Endpoint.NATS: "NATS"}
_KEYS: Final = {Endpoint.POSTGRES: "postgres-url", Endpoint.NATS: "nats-url"}
"""What the URL is called in a login's Secret."""


async def find_url(
    client: KubernetesClient, release: Release, endpoint: Endpoint, login: Login
) -> str:
    """Return the URL with which `login` comes in. CliError where there is not one."""
    url = await _labelled(client, release, endpoint, login)
    if not url and login is Login.RECOVERY:
        raise CliError(
            f"found no login of {login} in the namespace {release.namespace}",
            ExitCode.NOT_FOUND,
            next_step=f"Set {endpoint} to a login that is a member of the role {Role.RECOVERY}, "
            f"label its Secret with {LOGIN_LABEL}={login}, or ask for the right to list Secrets.",
        )
    if not (url := url or await _deployed(client, release, endpoint)):
        raise CliError(
            f"the address of {_NAMES[endpoint]} in {release.namespace} is empty",
            ExitCode.NOT_FOUND,
            next_step=f"Look at the Secret that holds it, or set {endpoint}.",
        )
    return url


async def _labelled(
    client: KubernetesClient, release: Release, endpoint: Endpoint, login: Login
) -> str:
    """Return the URL in the Secret that is labelled for `login`, empty where there is none."""
    selector = release.selector({LOGIN_LABEL: login})
    try:
        secrets = await client.list(SECRETS, release.namespace, label_selector=selector)
    except ForbiddenError:
        return ""
    found: dict[str, str] = {}
    for secret in secrets:
        name = secret["metadata"]["name"]
        if url := secret_value(secret, _KEYS[endpoint], name=name, namespace=release.namespace):
            owner = secret["metadata"].get("labels", {}).get(INSTANCE_LABEL, name)
            found.setdefault(url, str(owner))
    if len(found) > 1:
        raise release.question(sorted(found.values()), f"set {endpoint}")
    return next(iter(found), "")


async def _deployed(client: KubernetesClient, release: Release, endpoint: Endpoint) -> str:
    """Return the URL that the processes of the release use."""
    selector = release.selector({})
    try:
        deployments = await client.list(DEPLOYMENTS, release.namespace, label_selector=selector)
    except ForbiddenError as error:
        raise CliError(
            f"the record as a whole is for auditors: {error.message}",
            ExitCode.DENIED,
            next_step=f"Ask for the right to list Secrets in {release.namespace}, or set "
            f"{endpoint}. Of a build of yours: {hint('artifact', 'events', 'NAME')}",
        ) from error
    variables = {
        _identity(variable): variable
        for deployment in deployments
        for container in deployment["spec"]["template"]["spec"]["containers"]
        for variable in container.get("env", [])
        if variable["name"] == endpoint
    }
    if not variables:
        raise CliError(
            f"found no {endpoint} in the namespace {release.namespace}",
            ExitCode.NOT_FOUND,
            next_step=f"Say where Venture is installed with --system-namespace, or set {endpoint}.",
        )
    if len(variables) > 1:
        raise CliError(
            f"found {len(variables)} logins of {_NAMES[endpoint]} in {release.namespace}, "
            "and none that is labelled for auditors",
            ExitCode.NOT_FOUND,
            details=tuple(sorted(_described(each) for each in variables)),
            next_step=f"Label a Secret with {LOGIN_LABEL}={Login.AUDITOR}, "
            f"ask for the right to list Secrets, or set {endpoint}.",
        )
    (variable,) = variables.values()
    return await _resolve(client, release.namespace, variable)


def _described(identity: tuple[str, str]) -> str:
    where, key = identity
    # A value that is written out may hold a password.
    return "a value in a Deployment" if where == "value" else f"Secret {where}, key {key}"


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
