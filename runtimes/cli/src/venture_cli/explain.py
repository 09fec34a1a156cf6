"""From the exceptions of services and libraries to one clear sentence and an exit code.

A library that was not imported raised nothing, so it is not imported to explain, either.
"""

import re
import sys
from typing import TYPE_CHECKING, Final

from venture_cli.errors import CliError, ExitCode
from venture_cli.program import ACTING_AS, SIGN_IN_AGAIN, SYSTEM_NAMESPACE, hint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from venture_core.kubernetes.errors import KubernetesError

_UNAUTHORIZED: Final = 401
_LOGIN: Final = "Does kubectl work? Try: kubectl auth whoami"
_REFUSAL: Final = re.compile(r" denied (the )?request: ")
"""After this the API server hands on what a webhook or an admission policy says."""
_BY_KUBECONFIG: Final = "To work by kubeconfig: venture logout."


def explain(error: Exception) -> CliError:
    """Return the failure that an exception means to the user."""
    for module, explainer in _EXPLAINERS.items():
        if module in sys.modules and (failure := explainer(error)) is not None:
            return failure
    if isinstance(error, OSError) and not error.filename:
        # What names no file is a connection: the other libraries wrap their own.
        message = f"the record's Postgres does not answer: {str(error) or repr(error)}"
        return CliError(message, ExitCode.UNREACHABLE, next_step=_pods("postgres"))
    return CliError(
        f"a defect in this program: {error!r}",
        next_step="Run it again with VENTURE_DEBUG=1 and report what it prints.",
    )


def _pods(what: str) -> str:
    return f"Is {what} running? Try: kubectl get pods -n {SYSTEM_NAMESPACE.get()}"


def _reachable() -> str:
    if account := ACTING_AS.get():
        return f"You are signed in as {account}: does that API run? {_BY_KUBECONFIG}"
    return "Is the cluster running? Try: kubectl cluster-info"


def _permission() -> str:
    if account := ACTING_AS.get():
        return (
            f"You are signed in as {account}: name a namespace of yours with -n, or ask an "
            f"administrator for the right. {_BY_KUBECONFIG}"
        )
    return "Ask for the permission, or use another --context."


def _access(error: Exception) -> CliError | None:
    from venture_core.kubernetes.access import AccessError

    if not isinstance(error, AccessError):
        return None
    message = f"cannot log in to the cluster: {error}"
    return CliError(message, ExitCode.DENIED, next_step=_LOGIN)


def _kubernetes(error: Exception) -> CliError | None:
    from venture_core.kubernetes.errors import KubernetesError

    return _refused(error) if isinstance(error, KubernetesError) else None


def _refused(error: KubernetesError) -> CliError:
    from venture_core.kubernetes.errors import ForbiddenError, NotFoundError

    if error.status == 0:
        return CliError(error.message, ExitCode.UNREACHABLE, next_step=_reachable())
    if error.status == _UNAUTHORIZED and "sign in again" in error.message:
        # Founders' API, not the cluster.
        return CliError(error.message, ExitCode.DENIED, next_step=SIGN_IN_AGAIN)
    if error.status == _UNAUTHORIZED:
        message = f"the cluster does not know you: {error.message}"
        return CliError(message, ExitCode.DENIED, next_step=_LOGIN)
    if isinstance(error, ForbiddenError):
        return _forbidden(error)
    if isinstance(error, NotFoundError):
        # What says which object is missing needs no guess; a missing kind answers with nothing.
        missing_kind = "could not find the requested resource" in error.message
        return CliError(
            error.message,
            ExitCode.NOT_FOUND,
            next_step="Is Venture installed in this cluster? Try: "
            "kubectl api-resources --api-group=venture.parpour.dev"
            if missing_kind
            else "",
        )
    return CliError(error.message, next_step=_NEXT_BY_REASON.get(error.reason, ""))


def _forbidden(error: KubernetesError) -> CliError:
    if refusal := _REFUSAL.search(error.message):
        # No right is missing: a rule, a Freeze or the like says no, in words of its own.
        return CliError(f"it is refused: {error.message[refusal.end() :]}", ExitCode.DENIED)
    message = f"the cluster denies it: {error.message}"
    return CliError(message, ExitCode.DENIED, next_step=_permission())


def _provenance(error: Exception) -> CliError | None:
    from venture_core.artifacts.provenance import ProvenanceError

    if not isinstance(error, ProvenanceError):
        return None
    return CliError(
        f"verification failed: {error}",
        ExitCode.VERIFICATION_FAILED,
        next_step="Do not use these bytes.",
    )


def _postgres(error: Exception) -> CliError | None:
    import asyncpg

    match error:
        case (
            asyncpg.InvalidAuthorizationSpecificationError() | asyncpg.InsufficientPrivilegeError()
        ):
            return CliError(
                f"the record's Postgres denies it: {error}",
                ExitCode.DENIED,
                next_step="It takes a login that is a member of the role venture_auditor.",
            )
        case asyncpg.UndefinedTableError() | asyncpg.InvalidSchemaNameError():
            return CliError(
                f"the record's schema is missing or of another release: {error}",
                ExitCode.NOT_FOUND,
                next_step="Its migration runs before the release: "
                f"{hint('version', '--cluster')} says which that is.",
            )
        case asyncpg.PostgresError() | asyncpg.InterfaceError() | asyncpg.InternalClientError():
            message = f"the record's Postgres does not answer as it should: {error}"
            return CliError(message, ExitCode.UNREACHABLE, next_step=_pods("Postgres"))
        case _:
            return None


def _http(error: Exception) -> CliError | None:
    import aiohttp

    if not isinstance(error, aiohttp.ClientError):
        return None
    message = f"the API server does not answer: {error}"
    return CliError(message, ExitCode.UNREACHABLE, next_step=_reachable())


def _treasury(error: Exception) -> CliError | None:
    from venture_core.treasury.client import TreasuryRefusedError, TreasuryUnavailableError

    if isinstance(error, TreasuryUnavailableError):
        return CliError(str(error), ExitCode.UNREACHABLE, next_step=_pods("treasury-api"))
    if not isinstance(error, TreasuryRefusedError):
        return None
    if error.code is None:
        return CliError(f"the treasury denies it: {error}", ExitCode.DENIED)
    return CliError(f"the treasury says no ({error.code}): {error}")


_EXPLAINERS: Final[Mapping[str, Callable[[Exception], CliError | None]]] = {
    "venture_core.kubernetes.access": _access,
    "venture_core.kubernetes.errors": _kubernetes,
    "venture_core.artifacts.provenance": _provenance,
    "venture_core.treasury.client": _treasury,
    "asyncpg": _postgres,
    "aiohttp": _http,
}
_NEXT_BY_REASON: Final[Mapping[str, str]] = {
    "Invalid": "Mend what the message names and try again.",
    "Conflict": "Somebody changed the object at the same moment; try again.",
}
