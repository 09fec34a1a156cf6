"""What the child of a task says, whatever its kind."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pydantic import JsonValue
    from venture_crds.v1alpha1.workflowstatus import TaskTranscript


@dataclass(frozen=True, slots=True)
class Asked:
    """What people are asked to approve, and who did."""

    digest: str
    required: int
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Working:
    """It is at work, or waits."""

    message: str = ""
    """What it waits for, or how far it is."""
    reason: str | None = None
    """What it waits for, in a word."""
    since: datetime | None = None
    """When it began to run, where that bounds its time."""
    due: datetime | None = None
    """When it is to be looked at, whatever happens until then."""
    asked: Asked | None = None
    """What people are asked, where it waits for them."""


@dataclass(frozen=True, slots=True)
class Done:
    """It ended well."""

    output: Mapping[str, JsonValue]
    at: datetime
    transcript: TaskTranscript | None = None
    """What was said until then, of an agent."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It ended, and there is no output."""

    reason: str
    message: str = field(repr=False)
    at: datetime | None = None
    may_pass: bool = False
    """Whether another attempt may come out better."""
    transcript: TaskTranscript | None = None


@dataclass(frozen=True, slots=True)
class Exhausted:
    """Its budget was too small to go on: with more, another attempt takes up where it was."""

    at: datetime
    transcript: TaskTranscript | None = None


type Outcome = Working | Done | Failed | Exhausted
