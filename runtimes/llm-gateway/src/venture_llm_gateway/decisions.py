"""Who may call what: the seam to policy and freezes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from venture_llm_gateway.assigned import Assigned


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """Why a call is refused, and by which rule."""

    rule: str
    reason_code: str
    message: str
    bundle_hash: str | None = None


class Judge(Protocol):
    """Decides whether a task may call a model now."""

    async def denial(self, assigned: Assigned, provider: str, model: str) -> Denial | None:
        """Return why it may not; None where it may. What cannot be decided is denied."""
