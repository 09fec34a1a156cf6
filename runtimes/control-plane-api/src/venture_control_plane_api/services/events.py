"""The events of an object, for whoever may read the object."""

import base64
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import asyncpg
from venture_core.record.objectevents import MAX_EVENTS, ObjectEvents

from venture_control_plane_api.services.access import unavailable

if TYPE_CHECKING:
    from venture_core.record.reading import RecordedEvent

    from venture_control_plane_api.services.access import Build

PAGE: Final = MAX_EVENTS


class Events:
    """Reads the record by a function that gives one object's events and nothing else."""

    def __init__(self, record: ObjectEvents) -> None:
        self._record = record

    async def of(self, build: Build, *, after: int) -> list[dict[str, Any]]:
        """Return the events of a build whose numbers are over `after`, at most PAGE."""
        uid = UUID(build.uid)
        try:
            # Outside workflows an object's events have its own uid for their workflow.
            found = await self._record.of(uid, uid, after=after, limit=PAGE)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise unavailable("the record does not answer") from error
        return [_data(each) for each in found]


def _data(event: RecordedEvent) -> dict[str, Any]:
    """Return all that the record holds of an event: whoever reads it can check its hash."""
    return {
        "logIndex": event.log_index,
        "seq": event.seq,
        "workflowId": str(event.workflow_id),
        "appendedAt": event.appended_at.isoformat(),
        "eventId": None if event.event_id is None else str(event.event_id),
        "loggedHash": _hex(event.logged),
        "previousHash": _hex(event.prev),
        "hash": _hex(event.hash),
        "canonical": None
        if event.canonical is None
        else base64.b64encode(event.canonical).decode(),
    }


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()
