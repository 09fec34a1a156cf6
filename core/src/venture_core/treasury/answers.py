"""What an outcome is answered, as the bytes that are kept and sent again. Pure."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from venture_core.http.problems import TYPES
from venture_core.treasury import views
from venture_core.treasury.operations import Kind
from venture_core.treasury.reasons import MEANINGS, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from venture_core.treasury.operations import Operation
    from venture_core.treasury.views import Facts


class Outcome(NamedTuple):
    """What the database decided about an operation, or released because it was over."""

    subject: UUID
    """The operation; of what was released, the intent or hold."""
    code: ReasonCode
    facts: Facts


@dataclass(frozen=True, slots=True)
class Answer:
    """What whoever asked is told, now and whenever the same is asked again."""

    status: int
    body: bytes
    again: bool = field(default=False, compare=False)
    """Whether it was decided before: what it says was so then."""

    @property
    def is_refusal(self) -> bool:
        """Whether it was refused."""
        return self.status >= HTTPStatus.BAD_REQUEST

    def json(self) -> dict[str, Any]:
        """Return the body, parsed."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


_VIEWS: Final[dict[Kind, Callable[[Facts], dict[str, Any]]]] = {
    Kind.FUND: views.wallet_view,
    Kind.SET_BUDGET: views.budget_view,
    Kind.END_BUDGET: views.budget_view,
    Kind.APPROVE: views.intent_view,
    Kind.SPEND: views.authorization_view,
    Kind.CAPTURE: views.authorization_view,
    Kind.VOID: views.authorization_view,
    Kind.REFUND: views.authorization_view,
    Kind.USAGE_HOLD: views.usage_hold_view,
    Kind.SETTLE: views.settlement_view,
}
_CREATING: Final = frozenset({Kind.SPEND, Kind.USAGE_HOLD, Kind.FUND})


def answer_to(operation: Operation, outcome: Outcome) -> Answer:
    """Return the answer to an operation that was decided."""
    if outcome.code is not ReasonCode.WITHIN_POLICY:
        return refusal(outcome.code, operation_id=str(operation.id))
    view = _VIEWS[operation.kind](outcome.facts)
    status = HTTPStatus.CREATED if operation.kind in _CREATING else HTTPStatus.OK
    return Answer(status, _written(view))


def refusal(code: ReasonCode, **members: str) -> Answer:
    """Return the problem (RFC 9457) that says why something is refused."""
    meaning = MEANINGS[code]
    body = {
        "type": f"{TYPES}{code.lower().replace('_', '-')}",
        "title": meaning.status.phrase,
        "status": meaning.status.value,
        "detail": meaning.sentence,
        "reasonCode": code,
        **({"raise": meaning.raises} if meaning.raises else {}),
        **members,
    }
    return Answer(meaning.status, _written(body))


def _written(body: dict[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
