"""What an agent is assigned to: who it is to every service, and what it is to do.

The operator decides it before the agent's Job exists, and it never changes. Services read it from
the record by the name of the Job that their caller's pod belongs to; the agent gets the same as a
file. Nothing that an agent says about itself counts.
"""

from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from venture_core.canonical import canonical_json

MAX_ASSIGNMENT_BYTES: Final = 640 * 1024
"""The canonical JSON of an assignment; a Secret can hold it."""
MAX_INSTRUCTIONS: Final = 64 * 1024
MAX_SCRIPT_BYTES: Final = 256 * 1024
ASSIGNMENT_FILE: Final = "assignment.json"
"""The file in the agent's input folder."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=253)]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Cents = Annotated[int, Field(ge=0, le=2**53 - 1)]


class AgentModel(BaseModel):
    """Base of every message: strict, immutable, no unknown fields, camelCase in JSON."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    def to_json(self) -> bytes:
        """Return the canonical JSON."""
        return canonical_json(self.model_dump(mode="json", by_alias=True, exclude_none=True))


class Requester(AgentModel):
    """Who asked for the workflow; for their groups too."""

    user: Annotated[str, StringConstraints(min_length=1, max_length=253)]
    groups: Annotated[tuple[Annotated[str, Field(max_length=253)], ...], Field(max_length=100)] = ()


class AssignedModel(AgentModel):
    """The language model that the agent asks."""

    provider: Annotated[str, StringConstraints(pattern=r"^(Anthropic|OpenAI|Scripted)$")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Limits(AgentModel):
    """How long an agent may go on."""

    max_turns: Annotated[int, Field(ge=1, le=100)]
    """How many times its model may answer."""
    max_tokens: Annotated[int, Field(ge=1, le=64_000)]
    """The most tokens of one answer."""
    timeout_seconds: Annotated[int, Field(ge=10, le=86_400)]
    """After so long from its start it is ended."""


class AgentAssignment(AgentModel):
    """One attempt of one agent task."""

    namespace: Name
    """The namespace of the Workflow."""
    workflow: Name
    workflow_uid: UUID
    """Also the id of the workflow in events."""
    trace_id: UUID
    task: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
    task_id: UUID
    """The id of the task in events: `venture_core.events.types.task.task_id`."""
    attempt: Annotated[int, Field(ge=1, le=1_000_000)]
    after: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    """The tasks that it depends on, through others too: what they were given it may use."""
    requester: Requester | None = None
    role: Name
    """The role of the bundle: what the agent may do."""
    bundle_hash: Digest
    baseline_hash: Digest | None = None
    model: AssignedModel
    tools: Annotated[tuple[Annotated[str, Field(max_length=64)], ...], Field(max_length=32)] = ()
    """What its task lets it ask for; the role must have them too."""
    limits: Limits
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    llm_cap_cents: Cents
    """The most that its model may cost in this attempt."""
    instructions: Annotated[str, StringConstraints(min_length=1, max_length=MAX_INSTRUCTIONS)]
    """What to do, with all values filled in."""
    output_schema: dict[str, JsonValue] | None = None
    """What its answer has to meet (`venture_core.workflows.schemas`); None: any text."""
    script: JsonValue = None
    """The conversation that the provider Scripted replays; None for any other provider."""

    @model_validator(mode="after")
    def _scripted(self) -> Self:
        if (self.script is not None) != (self.model.provider == "Scripted"):
            raise ValueError("a script is for the provider Scripted, which needs it")
        return self


def parse_assignment(data: bytes) -> AgentAssignment:
    """Read an assignment. Raises ValidationError, whose text shows no values."""
    return AgentAssignment.model_validate_json(data)
