"""Events of control: freezes, approvals, and the record itself after a loss.

The workflow id of what concerns the record is `RECORD_ID`, the same for every log; of a Freeze or
an Approval it is the object's uid.
"""

from typing import Annotated, Final, override
from uuid import UUID

from pydantic import Field, StringConstraints

from venture_core.events.envelope import Service
from venture_core.events.models import MAX_NUMBER, DigestUri, EventPayload, Id, Name
from venture_core.events.registry import EventType

RECORD_ID: Final = UUID("7b0a3f6e-52c1-5d7e-9a41-6c2f0e8d1b93")
"""Stands for the record where an event is about the record, and no object of Kubernetes."""
MAX_NAMED: Final = 500
"""How many phantoms one event names."""

Size = Annotated[int, Field(ge=0, le=MAX_NUMBER)]


class RecordPayload(EventPayload):
    """Something that happened to the record."""

    @override
    def envelope_ids(self) -> dict[str, UUID]:
        return {"workflow_id": RECORD_ID}


class RecordRecoveredV1(RecordPayload):
    """That the log lost its end, and goes on in a new epoch."""

    epoch: Annotated[int, Field(ge=1, le=MAX_NUMBER)]
    """The number of the epoch that begins; the first log is epoch 0."""

    kept_size: Size
    """Up to this size the log is the one that was signed before."""

    lost_size: Size
    """The size of the largest checkpoint that was signed before: events up to it are lost."""

    lost_root: DigestUri
    """The Merkle root of that checkpoint."""

    lost_note_digest: DigestUri
    """The digest of that checkpoint as it was signed; it lies in the object store."""

    phantoms: Size
    """How many events were found in the stream that the record does not hold: named next."""


class RecordPhantomsV1(RecordPayload):
    """Events that were published, and are not in the record: consumers undo what they can."""

    event_ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=MAX_NAMED)]
    """The events."""


class FreezePayload(EventPayload):
    """Which Freeze an event is about. Its reason is a person's words, and no part of the record."""

    name: Name
    """The name of the Freeze."""

    uid: Id
    """Its uid, which is also the event's workflow id."""

    @override
    def envelope_ids(self) -> dict[str, UUID]:
        return {"workflow_id": self.uid}


class FreezeSetV1(FreezePayload):
    """That nothing new starts, where, and whether what runs ends."""

    scope: Annotated[str, StringConstraints(max_length=63)]
    """The namespace; empty: everywhere."""

    kill: bool
    """Whether what runs is ended too."""


class FreezeLiftedV1(FreezePayload):
    """That it holds no more."""


class ApprovalGivenV1(EventPayload):
    """That a person approved or denied something. Who it was is personal data, and not here."""

    namespace: Name
    """The namespace."""

    name: Name
    """The name of the Approval."""

    uid: Id
    """Its uid, which is also the event's workflow id."""

    target_kind: Name
    """The kind of what was decided on."""

    target_uid: Id
    """Its uid."""

    target_digest: DigestUri
    """The digest of what it was."""

    approve: bool
    """Whether it was approved, not denied."""

    @override
    def envelope_ids(self) -> dict[str, UUID]:
        return {"workflow_id": self.uid}


EVENT_TYPES: Final = (
    EventType(
        "control.freeze.set.v1",
        FreezeSetV1,
        Service.ORCHESTRATOR,
        "Nothing new starts in a namespace, or anywhere.",
    ),
    EventType(
        "control.freeze.lifted.v1", FreezeLiftedV1, Service.ORCHESTRATOR, "A Freeze was lifted."
    ),
    EventType(
        "control.approval.given.v1",
        ApprovalGivenV1,
        Service.ORCHESTRATOR,
        "A person approved or denied something.",
    ),
    EventType(
        "control.record.recovered.v1",
        RecordRecoveredV1,
        Service.EVENT_RELAY,
        "The log lost its end with its database, and a new epoch of it begins.",
    ),
    EventType(
        "control.record.phantoms.v1",
        RecordPhantomsV1,
        Service.EVENT_RELAY,
        "Events that consumers may have seen are not in the record.",
    ),
)
