"""Freezes in the cluster, as the user who is signed in or whose kubeconfig it is."""

from typing import TYPE_CHECKING

from venture_core.kubernetes.errors import NotFoundError
from venture_core.kubernetes.resources import FREEZES
from venture_crds.v1alpha1.freeze import REMEDIATION

from venture_cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from venture_cli.services.session import Session


async def set_freeze(
    session: Session, reason: str, *, everything: bool, kill: bool, name: str | None
) -> str:
    """Create a Freeze and return its name. Raises KubernetesError where that is refused."""
    client, namespace = await session.place()
    made = name or ("everything" if everything else namespace)
    scope: dict[str, object] = {"all": True} if everything else {"namespace": namespace}
    body = {
        "apiVersion": FREEZES.api_version,
        "kind": FREEZES.kind,
        "metadata": {"name": made},
        "spec": {"scope": scope, "mode": "Kill" if kill else "Freeze", "reason": reason},
    }
    await client.create(FREEZES, body)
    return made


async def lift_freeze(session: Session, name: str, note: str) -> None:
    """Say what was done, and delete the Freeze. CliError (not found) where there is none."""
    client = await session.client()
    try:
        # Not read first: who may lift one may not be allowed to read all of them.
        await client.patch(FREEZES, name, {"metadata": {"annotations": {REMEDIATION: note}}})
    except NotFoundError as error:
        raise CliError(f"there is no Freeze {name}", ExitCode.NOT_FOUND) from error
    await client.delete(FREEZES, name)
