"""What the gateway knows of who calls: the task, the role, and what they may use."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from venture_core.llm.scripts import Script


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """One attempt of an agent's task. It follows from the caller's token, never from a request."""

    namespace: str
    workflow: str
    workflow_uid: UUID
    trace_id: UUID
    task: str
    attempt: int
    role: str
    currency: str
    bundle_hash: str
    baseline_hash: str | None = None
    scripted_model: str | None = None
    """The name of the model that the script plays; None where a provider answers."""
    script: Script | None = field(default=None, repr=False)
