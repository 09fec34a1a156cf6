"""From the exceptions of services and libraries to one clear sentence and an exit code."""

from typing import TYPE_CHECKING, Final

import aiohttp
import asyncpg
from venture_core.artifacts.provenance import ProvenanceError
from venture_core.kubernetes.access import AccessError
from venture_core.kubernetes.errors import ForbiddenError, KubernetesError, NotFoundError
from venture_core.objectstore import ObjectNotFoundError, ObjectStoreError, ObjectTooLargeError

from venture_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNAUTHORIZED: Final = 401
_REACHABLE: Final = "Is the cluster running? Try: kubectl cluster-info"
_LOGIN: Final = "Does kubectl work? Try: kubectl auth whoami"
_POSTGRES: Final = "Is it running? Try: kubectl get pods -n <system namespace>"
_STORE: Final = "Is the object store running? Try: kubectl get pods -n <system namespace>"


def explain(error: Exception) -> CliError:  # noqa: PLR0911  one for each kind of failure
    """Return the failure that an exception means to the user."""
    match error:
        case KubernetesError():
            return _kubernetes(error)
        case AccessError():
            return CliError(
                f"cannot log in to the cluster: {error}", ExitCode.DENIED, next_step=_LOGIN
            )
        case ProvenanceError():
            return CliError(
                f"verification failed: {error}",
                ExitCode.VERIFICATION_FAILED,
                next_step="Do not use these bytes.",
            )
        case ObjectStoreError():
            notes = tuple(getattr(error, "__notes__", ()))
            return CliError(str(error), ExitCode.UNREACHABLE, details=notes, next_step=_STORE)
        case ObjectNotFoundError():
            return CliError(str(error), ExitCode.NOT_FOUND)
        case ObjectTooLargeError():
            return CliError(str(error))
        case asyncpg.PostgresError() | asyncpg.InterfaceError() | asyncpg.InternalClientError():
            return _postgres(error)
        case aiohttp.ClientError():
            message = f"the API server does not answer: {error}"
            return CliError(message, ExitCode.UNREACHABLE, next_step=_REACHABLE)
        case OSError() if not error.filename:
            # What names no file is a connection: the other libraries wrap their own.
            message = f"the record's Postgres does not answer: {str(error) or repr(error)}"
            return CliError(message, ExitCode.UNREACHABLE, next_step=_POSTGRES)
        case _:
            return CliError(
                f"a defect in this program: {error!r}",
                next_step="Run it again with VENTURE_DEBUG=1 and report what it prints.",
            )


def _kubernetes(error: KubernetesError) -> CliError:
    if error.status == 0:
        return CliError(error.message, ExitCode.UNREACHABLE, next_step=_REACHABLE)
    if isinstance(error, ForbiddenError) or error.status == _UNAUTHORIZED:
        return CliError(
            f"the cluster denies it: {error.message}",
            ExitCode.DENIED,
            next_step="Ask for the permission, or use another --context.",
        )
    if isinstance(error, NotFoundError):
        return CliError(
            error.message,
            ExitCode.NOT_FOUND,
            next_step="Is Venture installed in this cluster? "
            "Try: kubectl get crd artifactbuilds.venture.parpour.dev",
        )
    return CliError(error.message, next_step=_NEXT_BY_REASON.get(error.reason, ""))


def _postgres(error: Exception) -> CliError:
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
                next_step="Has the migration of this release run? Try: venture-migrate",
            )
        case _:
            message = f"the record's Postgres does not answer as it should: {error}"
            return CliError(message, ExitCode.UNREACHABLE, next_step=_POSTGRES)


_NEXT_BY_REASON: Final[Mapping[str, str]] = {
    "Invalid": "Mend what the message names and try again.",
    "Conflict": "Somebody changed the object at the same moment; try again.",
}
