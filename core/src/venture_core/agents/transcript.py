"""What an agent and its model have said so far: kept in S3, so that another attempt goes on there.

The tool-gateway keeps it for the agent, under the name of its attempt. It holds what was said and
what tools returned, and no token or key: an agent has none that it could say.
"""

from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, JsonValue, StringConstraints, ValidationError

from venture_core.agents.assignment import AgentModel

if TYPE_CHECKING:
    from uuid import UUID

MAX_TRANSCRIPT_BYTES: Final = 1_000_000
"""As JSON; a conversation that needs more is ended."""
MAX_MESSAGES: Final = 400
WORKSPACES: Final = "workspaces"
"""The folder of all workflows' files in the bucket."""
_FOLDER: Final = ".transcripts"
"""No path of a file that an agent may name begins with a dot."""


class Transcript(AgentModel):
    """A conversation, as the model's API has it."""

    messages: Annotated[tuple[dict[str, JsonValue], ...], Field(max_length=MAX_MESSAGES)]
    """From the task's instructions on."""
    turns: Annotated[int, Field(ge=0, le=1000)] = 0
    """How many times the model answered."""
    repairs: Annotated[int, Field(ge=0, le=1000)] = 0
    """How often its answer was sent back."""
    denials: Annotated[int, Field(ge=0, le=1000)] = 0
    """How many of its calls were denied."""
    ended: Annotated[str, StringConstraints(pattern=r"^([A-Z][A-Za-z0-9]{0,63})?$")] = ""
    """How the conversation ended; empty: it may go on."""


class InvalidTranscriptError(ValueError):
    """The bytes are no transcript."""


def parse_transcript(data: bytes) -> Transcript:
    """Read a transcript. Raises InvalidTranscriptError, whose text quotes nothing."""
    try:
        return Transcript.model_validate_json(data)
    except ValidationError as error:
        raise InvalidTranscriptError(
            f"it is no transcript ({error.error_count()} errors)"
        ) from None


def transcript_key(workflow_uid: UUID, task: str, attempt: int) -> str:
    """Return where the transcript of an attempt is in the bucket."""
    return f"{transcript_folder(workflow_uid, task)}{attempt}.json"


def transcript_folder(workflow_uid: UUID, task: str) -> str:
    """Return where the transcripts of a task are, with a slash at its end."""
    return f"{WORKSPACES}/{workflow_uid}/{_FOLDER}/{task}/"
