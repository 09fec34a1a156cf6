"""Which events make which rows: the one list of what the projector keeps."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from venture_core.events.types.artifact import ArtifactBuildPayload
from venture_core.events.types.money import IntentPayload
from venture_core.events.types.task import TaskPayload, task_id
from venture_core.record.projection.artifactrows import show_artifact
from venture_core.record.projection.intentrows import show_intent
from venture_core.record.projection.models import (
    ArtifactRow,
    Base,
    IntentRow,
    TaskRow,
    WorkflowRow,
)
from venture_core.record.projection.taskrows import show_task
from venture_core.record.projection.workflowrows import show_workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from venture_core.record.projection.rows import Logged


@dataclass(frozen=True, slots=True)
class ReadModel[P, R: Base]:
    """One table and the events it is made of."""

    payload: type[P]
    """The class of all payloads that change its rows."""

    row: type[R]
    key: Callable[[P, Logged], UUID]
    """Gives the primary key of the row that an event changes."""

    show: Callable[[R | None, P, Logged], R]
    """Gives that row after the event; pure."""

    async def apply(self, session: AsyncSession, events: Sequence[tuple[object, Logged]]) -> None:
        """Change the session's rows by those of the events, in order, that are the table's."""
        mine = [
            (self.key(payload, logged), payload, logged)
            for payload, logged in events
            if isinstance(payload, self.payload)
        ]
        rows = await self._load(session, {key for key, _, _ in mine})
        for key, payload, logged in mine:
            rows[key] = self.show(rows.get(key), payload, logged)
        session.add_all(rows.values())

    async def _load(self, session: AsyncSession, keys: set[UUID]) -> dict[UUID, R]:
        if not keys:
            return {}
        key = self.row.__mapper__.primary_key[0]
        rows = await session.scalars(select(self.row).where(key.in_(keys)))
        return {getattr(row, key.name): row for row in rows}


READ_MODELS: Final[tuple[ReadModel[Any, Any], ...]] = (
    # Every event is one of a workflow, whatever its payload and even where that is faulty.
    ReadModel(object, WorkflowRow, lambda _, logged: logged.event.workflow_id, show_workflow),
    ReadModel(
        TaskPayload,
        TaskRow,
        lambda payload, _: task_id(payload.workflow_uid, payload.task),
        show_task,
    ),
    ReadModel(ArtifactBuildPayload, ArtifactRow, lambda payload, _: payload.uid, show_artifact),
    ReadModel(IntentPayload, IntentRow, lambda payload, _: payload.uid, show_intent),
)
