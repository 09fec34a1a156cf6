"""What each tool takes: strict, bounded."""

from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_CONTENT: Final = 256 * 1024
MAX_READ_BYTES: Final = 256 * 1024

type Path = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,63}){0,7}$",
        max_length=255,
    ),
]
"""Of a file in the workspace: at most eight names, none of which begins with a dot."""


class Arguments(BaseModel):
    """Base of what tools take."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


class Read(Arguments):
    """Which file is to be read."""

    path: Path


class Write(Arguments):
    """What a file is to hold."""

    path: Path
    content: Annotated[str, StringConstraints(max_length=MAX_CONTENT)]


class Publish(Arguments):
    """What happened."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    body: Annotated[str, StringConstraints(max_length=4000)] = ""


class Call(BaseModel):
    """A call of a tool."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    callId: UUID = Field(strict=False)  # noqa: N815  as agents say it
    """Names the call within its task: the same again is done once."""
    arguments: Annotated[dict[str, Any], Field(max_length=16)]
