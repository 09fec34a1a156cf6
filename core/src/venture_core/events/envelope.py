"""What every event and every task looks like, and the bytes of an event that are kept for ever."""

import json
import re
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from venture_core.events.chain import FIRST_SEQ, MAX_SEQ, event_hash
from venture_core.events.models import EventKey, EventValue, ExternalModel, Id, Sha256Hex, UtcTime

MAX_EVENT_BYTES: Final = 64 * 1024
"""How large an event's canonical bytes may be. Larger facts are kept elsewhere, by digest."""

EVENT_TYPE_PATTERN: Final = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+\.v[1-9][0-9]*$"
WORKFLOW_SUFFIX_BYTES: Final = 54
"""How many bytes at the end of canonical bytes hold `,"workflow_id":"<uuid>"}`, and only that.

`workflow_id` is the last name in RFC 8785's order, so a reader finds the workflow of an event
without parsing it.
"""

# What an envelope can hold (names in ASCII, whole numbers) the C encoder writes as RFC 8785 has it,
# and eight times as fast as the general serialiser: producers append tens of thousands a second.
_CANONICAL: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_CHAIN_FIELDS: Final = {"seq", "prev_event_hash", "this_event_hash"}
_WORKFLOW_SUFFIX = re.compile(
    rb',"workflow_id":"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"\}'
)

EventType = Annotated[str, StringConstraints(pattern=EVENT_TYPE_PATTERN, max_length=128)]
"""Lower-case words joined by dots, the version last: `artifact.build.completed.v1`."""


class EventTooLargeError(ValueError):
    """The event's canonical bytes are larger than MAX_EVENT_BYTES."""


class Service(StrEnum):
    """The services that own event types and emit events."""

    CONTROL_PLANE_API = "control-plane-api"
    POLICY_ENGINE = "policy-engine"
    ARTIFACT_COMPILER = "artifact-compiler"
    TREASURY_API = "treasury-api"
    COMPLIANCE_ENGINE = "compliance-engine"
    ORCHESTRATOR = "venture-orchestrator"
    AGENT_RUNTIME = "agent-runtime"
    EVENT_RELAY = "event-relay"
    LLM_GATEWAY = "llm-gateway"
    EGRESS_PROXY = "egress-proxy"
    TOOL_GATEWAY = "tool-gateway"


class EventEnvelopeV1(ExternalModel):
    """One event of a workflow.

    `seq`, `prev_event_hash` and `this_event_hash` are absent until the event is appended. They are
    no part of the canonical bytes, since the hash is made over those.
    """

    event_id: Id
    """Names the event: an event appended twice with one id is one event."""

    event_type: EventType
    """What happened, and the version of the payload that says so."""

    trace_id: Id
    """The trace all of this belongs to, across services: W3C Trace Context's 16 bytes."""

    workflow_id: Id
    """The workflow whose chain the event extends; for an object outside workflows, its uid."""

    task_id: Id | None = None
    """The task within the workflow, where the event is about one."""

    policy_bundle_id: Id | None = None
    """The policy bundle that governed what happened, where one did."""

    source_service: Service
    """Who says so."""

    payload: dict[EventKey, EventValue]
    """What happened, as the event type's model has it. It never holds personal data."""

    created_at: UtcTime
    """When it happened, by the clock of the service that says so."""

    seq: Annotated[int, Field(ge=FIRST_SEQ, le=MAX_SEQ)] | None = None
    """The event's number within its workflow, counted from 1 without gaps."""

    prev_event_hash: Sha256Hex | None = None
    """The hash of the workflow's event before this one; absent for the first."""

    this_event_hash: Sha256Hex | None = None
    """SHA-256 over the hash before, the number, and the canonical bytes."""

    @model_validator(mode="after")
    def _check_chain(self) -> Self:
        if self.seq is None:
            if self.prev_event_hash is not None or self.this_event_hash is not None:
                raise ValueError("an event with hashes has a seq")
            return self
        if self.this_event_hash is None:
            raise ValueError("an event with a seq has a this_event_hash")
        if self.this_event_hash != self._hash().hex():
            raise ValueError("this_event_hash is not the hash of the event")
        return self

    def canonical_bytes(self) -> bytes:
        """Return the bytes that are stored and hashed: RFC 8785 JSON without the chain's fields.

        Raises EventTooLargeError.
        """
        fields = self.model_dump(mode="json", exclude=_CHAIN_FIELDS)
        canonical = _CANONICAL.encode(fields).encode()
        if len(canonical) > MAX_EVENT_BYTES:
            raise EventTooLargeError(
                f"the event has {len(canonical)} bytes, more than {MAX_EVENT_BYTES}"
            )
        return canonical

    def _hash(self) -> bytes:
        assert self.seq is not None  # noqa: S101 - for the type checker; the validator looked
        prev = None if self.prev_event_hash is None else bytes.fromhex(self.prev_event_hash)
        return event_hash(prev, self.seq, self.canonical_bytes())


def recorded_event(
    canonical: bytes, *, seq: int, prev: bytes | None, this: bytes
) -> EventEnvelopeV1:
    """Parse an event as the record holds it; ValidationError where the hash is not the event's."""
    fields: dict[str, Any] = json.loads(canonical)
    fields |= _chain_fields(seq, prev, this)
    return EventEnvelopeV1.model_validate_json(json.dumps(fields))


def recorded_json(canonical: bytes, *, seq: int, prev: bytes | None, this: bytes) -> bytes:
    """Return the whole envelope as JSON, chain included, without parsing the canonical bytes.

    This is what consumers receive; `EventEnvelopeV1.model_validate_json` reads and checks it.
    """
    chain = _CANONICAL.encode(_chain_fields(seq, prev, this)).encode()
    return canonical[:-1] + b"," + chain[1:]


def workflow_of(canonical: bytes) -> str | None:
    """Return the workflow of an event from its canonical bytes; None where it is not there."""
    found = _WORKFLOW_SUFFIX.fullmatch(canonical[-WORKFLOW_SUFFIX_BYTES:])
    return None if found is None else found[1].decode()


def _chain_fields(seq: int, prev: bytes | None, this: bytes) -> dict[str, object]:
    return {
        "seq": seq,
        "prev_event_hash": None if prev is None else prev.hex(),
        "this_event_hash": this.hex(),
    }


class TaskType(StrEnum):
    """The kinds of work a task can be."""

    ANALYZE = "analyze"
    EXECUTE_TOOL = "execute_tool"
    APPROVE = "approve"
    RESEARCH = "research"
    RECONCILE = "reconcile"
    VALIDATE = "validate"
    REPORT = "report"


Units = Annotated[int, Field(ge=0, le=2**53 - 1)]


class TaskBudget(ExternalModel):
    """What a task may use. EAU are the economic units by which agents' work is measured."""

    eau_cap: Units
    """The most the task may use, in EAU."""

    cash_cap_cents: Units
    """The most the task may spend, in cents of its workflow's currency."""

    eau_commit_30d: Units
    """What is committed for the next 30 days, in EAU."""

    eau_tail_p95: Units
    """What the task may come to use in 95 of 100 cases, in EAU."""


class TaskEnvelopeV1(ExternalModel):
    """One piece of work as it is handed to an agent."""

    schema_version: Literal["v1"] = "v1"
    """The version of this envelope."""

    task_id: Id
    """Names the task; the key of its idempotence."""

    workflow_id: Id
    """The workflow it belongs to."""

    trace_id: Id
    """The trace it belongs to."""

    parent_task_id: Id | None = None
    """The task that asked for this one, where one did."""

    agent_role: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    """The role of the policy bundle that the agent takes."""

    tool_allowlist_id: Id
    """The list of tools the agent may call."""

    policy_bundle_id: Id
    """The policy bundle that governs the task."""

    task_type: TaskType
    """What kind of work it is."""

    budget: TaskBudget
    """What it may use."""

    ttl_seconds: Annotated[int, Field(ge=10, le=3600)] = 300
    """How long the task may take before it counts as lost, in seconds."""

    retry_limit: Annotated[int, Field(ge=0, le=5)] = 3
    """How often it may be tried again."""
