"""Events of personal data: that it was erased, without a word of whose it was."""

from typing import TYPE_CHECKING, Annotated, Final, override

from pydantic import Field, StringConstraints

from venture_core.events.envelope import Service
from venture_core.events.models import MAX_NUMBER, EventPayload, Id
from venture_core.events.registry import EventType

if TYPE_CHECKING:
    from uuid import UUID

KeyedDigest = Annotated[str, StringConstraints(pattern=r"^hmac-sha256:[0-9a-f]{64}$")]
"""HMAC-SHA-256 with a key that is kept elsewhere, or nowhere: nobody finds out by guessing."""


class DataErasedV1(EventPayload):
    """What was erased."""

    erasure: Id
    """The erasure, which is also the event's workflow id: each has a chain of its own."""

    subject: KeyedDigest
    """Whose data it was: a digest whose key only the one has who asked for the erasure."""

    items: Annotated[int, Field(ge=1, le=MAX_NUMBER)]
    """How many items there were."""

    @override
    def envelope_ids(self) -> dict[str, UUID]:
        return {"workflow_id": self.erasure}


EVENT_TYPES: Final = (
    EventType(
        "privacy.data.erased.v1",
        DataErasedV1,
        Service.COMPLIANCE_ENGINE,
        "All personal data of a person, and the keys of its digests, were erased.",
    ),
)
