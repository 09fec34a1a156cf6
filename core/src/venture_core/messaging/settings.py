"""How a consumer takes its events."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from venture_core.messaging.subjects import EVENT_SUBJECTS


class ConsumerSettings(BaseModel):
    """How a consumer takes its events."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    """Names it for good: its place in the stream, its dead letters and its inbox go by it."""

    subjects: Annotated[tuple[str, ...], Field(min_length=1)] = EVENT_SUBJECTS
    """Which events: subjects, where `*` stands for a word and a last `>` for all that follow."""

    max_ack_pending: Annotated[int, Field(ge=1, le=10_000)] = 500
    """How many events it may have in hand."""

    concurrency: Annotated[int, Field(ge=1, le=1000)] = 16
    """How many workflows' events it handles at once."""

    ack_wait_seconds: Annotated[float, Field(ge=1, le=600)] = 30
    """After how long without a sign of life an event is delivered again."""

    max_attempts: Annotated[int, Field(ge=1, le=100)] = 10
    """After how many attempts, over all deliveries, an event goes to the dead letters."""

    backoff_seconds: Annotated[tuple[float, ...], Field(min_length=1)] = (0.2, 1, 5, 15, 60)
    """The pauses after the first, second … failed attempt; the last one stays."""
