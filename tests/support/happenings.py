"""What happens in namespaces, as the operator tells the record of it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4, uuid7

from recordlog import sequencing
from venture_core.events.envelope import Service
from venture_core.events.types import REGISTRY
from venture_core.events.types.workflow import WorkflowStartedV1
from venture_core.record.append import append_in_transaction
from venture_core.record.database import connect, service_role

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pydantic import SecretStr


class Happenings:
    """Appends what the operator would."""

    def __init__(self, database: SecretStr) -> None:
        self._database = database

    async def started(self, namespace: str, *names: str) -> None:
        """Append for each name that a workflow of it has started there."""
        role = service_role(Service.ORCHESTRATOR)
        producer = await connect(self._database, role, name="tests")
        for name in names:
            uid = uuid4()
            payload = WorkflowStartedV1(namespace=namespace, name=name, uid=uid, generation=1)
            event = REGISTRY.new_event(
                payload,
                event_id=uuid7(),
                trace_id=UUID(int=uid.int ^ 1),
                workflow_id=uid,
                created_at=datetime.now(UTC),
            )
            async with producer.transaction():
                await append_in_transaction(producer, [event])
        await producer.close()


@asynccontextmanager
async def happening(database: SecretStr) -> AsyncIterator[Happenings]:
    """With the sequencer at work."""
    async with sequencing(database):
        yield Happenings(database)
