"""What a provider answers: a status, headers, and bytes as they come."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping


class LostError(Exception):
    """An answer broke off, or never came: what the provider did and bills is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that has begun. `chunks` may raise LostError."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncGenerator[bytes] = field(repr=False)

    @property
    def is_stream(self) -> bool:
        """Whether it is a stream of events."""
        return self.headers.get("content-type", "").startswith("text/event-stream")
