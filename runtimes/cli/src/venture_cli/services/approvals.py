"""What waits for people in the cluster, and an Approval of the user whose kubeconfig it is."""

import secrets
from typing import TYPE_CHECKING, Final

from venture_core.approvals import SENTENCES, Ruling, ruling_on
from venture_core.kubernetes.errors import ForbiddenError, NotFoundError
from venture_core.kubernetes.resources import APPROVALS
from venture_core.waiting import TARGETS, waiting_in

from venture_cli.errors import CliError, ExitCode
from venture_cli.program import hint

if TYPE_CHECKING:
    from venture_core.kubernetes.client import Body
    from venture_core.waiting import Waiting

    from venture_cli.services.session import Session

_SHORT: Final = {"mi": "moneyintent", "wf": "workflow"}
_REFUSED: Final = "denied the request: "
"""After this the API server says why the webhooks refuse."""


async def waiting(session: Session, *, everywhere: bool) -> list[Waiting]:
    """Return what waits in the namespace, or in all. Raises KubernetesError."""
    client, namespace = await session.place()
    found: list[Waiting] = []
    for resource in TARGETS.values():
        try:
            bodies = await client.list(resource, None if everywhere else namespace)
        except NotFoundError:
            # An installation of an earlier version does not have the kind.
            continue
        for body in bodies:
            found += waiting_in({**body, "kind": resource.kind})
    return found


async def say(session: Session, target: str, decision: str, comment: str) -> str:
    """Create an Approval of what waits, as it is now; return its name.

    CliError where the target does not wait, and where the word does not count. Raises
    KubernetesError where it is refused.
    """
    client, namespace = await session.place()
    kind, _, rest = target.partition("/")
    name, _, task = rest.partition("/")
    resource = TARGETS.get(_SHORT.get(kind.lower(), kind.lower()))
    if resource is None or not name:
        raise CliError(
            f"{target!r} is no target",
            ExitCode.USAGE,
            next_step="For instance moneyintent/ads-48, or workflow/launch/review.",
        )
    body = await client.get(resource, name, namespace)
    if body is None:
        raise CliError(f"there is no {resource.kind} {name} in {namespace}", ExitCode.NOT_FOUND)
    found = [
        each for each in waiting_in({**body, "kind": resource.kind}) if each.task == (task or None)
    ]
    if not found or not found[0].digest:
        raise CliError(
            f"{target} does not wait for people",
            ExitCode.NOT_FOUND,
            next_step=hint("approvals", namespace=namespace),
        )
    waits = found[0]
    reference = {"kind": resource.kind, "name": name, "uid": waits.uid}
    if waits.task:
        reference["taskName"] = waits.task
    made = f"{name[:50]}-{secrets.token_hex(4)}"
    body = {
        "apiVersion": APPROVALS.api_version,
        "kind": APPROVALS.kind,
        "metadata": {"name": made},
        "spec": {
            "targetRef": reference,
            "targetDigest": waits.digest,
            "decision": decision,
            **({"comment": comment} if comment else {}),
        },
    }
    try:
        said = await client.create(APPROVALS, body, namespace)
    except ForbiddenError as error:
        if _REFUSED in error.message:
            raise _worthless(error.message.partition(_REFUSED)[2]) from error
        raise
    _require_weight(waits, said)
    return made


def _require_weight(waits: Waiting, said: Body) -> None:
    """CliError where a word was taken that does not count: the webhooks did not know its target."""
    person = said["spec"].get("approver", {})
    user = str(person.get("user", ""))
    ruling = ruling_on(user, person.get("groups", ()), waits.requester, waits.groups)
    if user and ruling is not Ruling.COUNTED:
        raise _worthless(SENTENCES[ruling].format(user=user, groups=", ".join(waits.groups)))


def _worthless(why: str) -> CliError:
    return CliError(
        f"your word does not count: {why}",
        ExitCode.DENIED,
        next_step=f"Somebody else has to say it; what waits: {hint('approvals')}",
    )
