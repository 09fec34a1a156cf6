"""MoneyIntents as the command line speaks of them."""

from typing import TYPE_CHECKING, Any, Final

from venture_core.kubernetes.resources import MONEY_INTENTS
from venture_core.treasury.amounts import readable

from venture_cli.domain.noun import Noun
from venture_cli.domain.standing import at, items_at, text_at

if TYPE_CHECKING:
    from collections.abc import Mapping

type Body = dict[str, Any]

_LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    "purpose": ("spec", "purpose"),
    "merchant": ("spec", "merchant", "id"),
    "role": ("spec", "role"),
    "workflow": ("spec", "workflowRef", "name"),
    "asked for by": ("spec", "requester", "user"),
    "decided by": ("status", "decision", "rule"),
    "until": ("status", "hold", "expiresAt"),
}


def facts(body: Body) -> dict[str, str]:
    """Return what there is to know of an intent besides where it stands."""
    currency = text_at(body, "spec", "currency")
    found = {"cap": readable(at(body, "spec", "capCents"), currency)}
    if at(body, "status", "hold"):
        hold = at(body, "status", "hold")
        found["held"] = readable(at(hold, "pendingCents"), currency)
        found["spent"] = readable(at(hold, "postedCents"), currency)
    found |= {label: text for label, path in _LABELS.items() if (text := text_at(body, *path))}
    if tasks := items_at(body, "spec", "workflowRef", "tasks"):
        found["tasks"] = ", ".join(map(str, tasks))
    if at(body, "status", "approvals"):
        granted = text_at(body, "status", "approvals", "granted") or "0"
        found["approvals"] = f"{granted} of {text_at(body, 'status', 'approvals', 'required')}"
    return found


INTENT: Final = Noun(
    name="money",
    resource=MONEY_INTENTS,
    one="intent",
    doing="waiting",
    aliases=("mi",),
    phases=(
        "Requested",
        "AwaitingApproval",
        "Approved",
        "Rejected",
        "Consumed",
        "Expired",
        "Revoked",
    ),
    facts=facts,
)
