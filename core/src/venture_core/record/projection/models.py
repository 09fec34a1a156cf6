"""The tables of the read models."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Integer, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA = "projection"


class Base(DeclarativeBase):
    """Every read model."""

    metadata = MetaData(schema=SCHEMA)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own form
        int: BigInteger,
        str: Text,
        UUID: Uuid,
        datetime: DateTime(timezone=True),
        list[dict[str, Any]]: JSONB,
    }


class Position(Base):
    """How far a projection has come."""

    __tablename__ = "positions"

    name: Mapped[str] = mapped_column(primary_key=True)
    next_log_index: Mapped[int]
    """The log index of the first event that is not shown yet."""


class LastEvent:
    """The event that a row was changed by last."""

    last_event_id: Mapped[UUID]
    last_event_seq: Mapped[int]
    """Its number within its workflow."""
    last_log_index: Mapped[int]
    """Its place in the log."""


class WorkflowRow(LastEvent, Base):
    """A workflow, or an object outside workflows, by its events."""

    __tablename__ = "workflows"

    workflow_id: Mapped[UUID] = mapped_column(primary_key=True)
    trace_id: Mapped[UUID]
    """The trace of its first event."""
    policy_bundle_id: Mapped[UUID | None]
    """The bundle that governed its last event that named one."""
    events: Mapped[int]
    first_event_at: Mapped[datetime]
    last_event_at: Mapped[datetime]
    last_event_type: Mapped[str]
    namespace: Mapped[str | None]
    """The Workflow's namespace; unknown, like all that follows, for what is no Workflow."""
    name: Mapped[str | None]
    phase: Mapped[str | None]
    """Requested, Running, Suspended, Succeeded, Failed or Cancelled."""
    reason: Mapped[str | None]
    """Why it failed, where it did."""
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class ArtifactRow(LastEvent, Base):
    """An ArtifactBuild, as its events tell of it."""

    __tablename__ = "artifacts"

    uid: Mapped[UUID] = mapped_column(primary_key=True)
    workflow_id: Mapped[UUID]
    namespace: Mapped[str]
    name: Mapped[str]
    generation: Mapped[int]
    phase: Mapped[str]
    """Requested, Compiling, Retrying, Suspended, Ready or Failed."""
    target: Mapped[str | None]
    cache_key: Mapped[str | None]
    cache_hit: Mapped[bool | None]
    """Whether the artifact had been built before; unknown until there is one."""
    attempt: Mapped[int] = mapped_column(Integer)
    gates: Mapped[list[dict[str, Any]]]
    """The gates' results, as the event has them."""
    artifact_uri: Mapped[str | None]
    artifact_sha256: Mapped[str | None]
    artifact_size_bytes: Mapped[int | None]
    artifact_media_type: Mapped[str | None]
    provenance_uri: Mapped[str | None]
    reason: Mapped[str | None]
    """Why the last attempt failed, where it did."""
    message: Mapped[str | None]
    requested_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class TaskRow(LastEvent, Base):
    """A task of a Workflow, as its events tell of it."""

    __tablename__ = "tasks"

    task_id: Mapped[UUID] = mapped_column(primary_key=True)
    workflow_id: Mapped[UUID]
    namespace: Mapped[str]
    workflow: Mapped[str]
    """The Workflow's name."""
    task: Mapped[str]
    phase: Mapped[str]
    """Queued, Running, Retrying, Blocked, Succeeded, Failed, Cancelled or Skipped."""
    attempt: Mapped[int] = mapped_column(Integer)
    child_kind: Mapped[str | None]
    child_name: Mapped[str | None]
    cash_cents: Mapped[int]
    llm_cents: Mapped[int]
    output_digest: Mapped[str | None]
    reason: Mapped[str | None]
    """Why the last attempt failed, or the task was cancelled or skipped, where that is so."""
    blocked_by: Mapped[str | None]
    queued_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    """When the last attempt started."""
    finished_at: Mapped[datetime | None]


class IntentRow(LastEvent, Base):
    """A MoneyIntent, as its events tell of it."""

    __tablename__ = "money_intents"

    uid: Mapped[UUID] = mapped_column(primary_key=True)
    workflow_id: Mapped[UUID]
    namespace: Mapped[str]
    name: Mapped[str]
    generation: Mapped[int]
    phase: Mapped[str]
    """Requested, AwaitingApproval, Approved, Rejected, Consumed, Expired or Revoked."""
    currency: Mapped[str | None]
    cap_cents: Mapped[int | None]
    per_transaction_cents: Mapped[int | None]
    merchant_id: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    reason_code: Mapped[str | None]
    """Why the last decision about it was made."""
    rule: Mapped[str | None]
    bundle_hash: Mapped[str | None]
    pending_cents: Mapped[int]
    posted_cents: Mapped[int]
    requested_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    """When it was approved or rejected."""
    finished_at: Mapped[datetime | None]


class SkippedEvent(Base):
    """An event that some read model could not take in: to be seen by people.

    Of a type that we do not know, of another form than its type has, or no event at all.
    """

    __tablename__ = "skipped_events"

    log_index: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[UUID | None]
    """Unknown where the record does not hold the event."""
    event_type: Mapped[str]
    """Empty where it cannot be read."""
    problem: Mapped[str]
