"""Events of the calls that a task makes of language models: digests and counts, never words.

Their workflow id is the Workflow's uid, their task id that of the task that called.
"""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from venture_core.events.envelope import Service
from venture_core.events.models import MAX_NUMBER, DigestUri, EventPayload
from venture_core.events.registry import EventType
from venture_core.events.types.money import Currency, ReasonCode  # noqa: TC001  pydantic reads it
from venture_core.events.types.task import Attempt, OfTask

Tokens = Annotated[int, Field(ge=0, le=MAX_NUMBER)]
Micros = Annotated[int, Field(ge=0, le=MAX_NUMBER)]
"""An amount in millionths of the currency's major unit."""
Lifetime = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,2}[mh]$")]


class ModelCallOutcome(StrEnum):
    """How a call ended."""

    COMPLETED = "Completed"
    """The answer came to its end."""
    CUT = "Cut"
    """The answer broke off: it cost what was seen of it, at least."""
    LOST = "Lost"
    """No answer came, and what the provider did is not known: it cost all that was held."""
    FAILED = "Failed"
    """The provider refused, or could not be asked: it cost nothing."""


class ModelPayload(OfTask):
    """Which call an event is about."""

    attempt: Attempt
    """The attempt that called."""

    provider: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z]{0,31}$")]
    """Who serves the model."""

    model: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    """The model, as it was asked for."""


class ModelUsage(EventPayload):
    """What a call used, in tokens. Each counts once."""

    input: Tokens
    """Neither read from a cache nor written to one."""

    cache_reads: Tokens
    """Read from a cache."""

    cache_writes: Annotated[dict[Lifetime, Tokens], Field(max_length=8)]
    """Written to a cache, by how long it keeps them."""

    output: Tokens
    """Given, what was thought included."""

    reasoning: Tokens
    """The part of the output that was thought."""


class ModelCalledV1(ModelPayload):
    """What was called, how it ended, and what it cost."""

    api: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{0,31}$")]
    """The API that was spoken: messages, chat-completions or responses."""

    outcome: ModelCallOutcome
    """How it ended."""

    request_digest: DigestUri
    """The digest of the request."""

    answer_digest: DigestUri | None = None
    """The digest of what came of the answer; absent where nothing came."""

    usage: ModelUsage | None = None
    """What it used; absent where that is not known, or nothing was."""

    currency: Currency
    """The currency of the amounts."""

    held_micros: Micros
    """What was held for it: its worst case."""

    cost_micros: Micros
    """What it cost."""


class ModelRefusedV1(ModelPayload):
    """Why a call was refused before it was made."""

    reason_code: ReasonCode
    """Why."""

    rule: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    """The rule that decided, or the limit."""

    bundle_hash: DigestUri | None = None
    """The content hash of the policy bundle that the rule is of; absent where it is of none."""


EVENT_TYPES: Final = (
    EventType(
        "task.model.called.v1",
        ModelCalledV1,
        Service.LLM_GATEWAY,
        "A call of a language model ended, and its cost was posted.",
    ),
    EventType(
        "task.model.refused.v1",
        ModelRefusedV1,
        Service.LLM_GATEWAY,
        "A call of a language model was refused by policy, a freeze, or for lack of money.",
    ),
)
