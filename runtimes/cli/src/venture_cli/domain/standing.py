"""Where an object of any kind stands, read from its conditions as kstatus would.

Objects are read as the cluster holds them, without their types: one that a program of another
version wrote, or that is damaged, still stands somewhere, and importing the types takes longer than
asking the cluster.
"""

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

type Body = Mapping[str, Any]

PENDING: Final = "Pending"
_NOT_SEEN: Final = "the operator has not looked at it yet"


class State(enum.Enum):
    """The four answers that matter to whoever waits."""

    RUNNING = "running"
    SUSPENDED = "suspended"
    READY = "ready"
    STALLED = "stalled"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an object stands and why."""

    state: State
    phase: str
    """The phase for people; `Pending` until the operator has looked at this generation."""
    reason: str
    message: str

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens unless a person acts."""
        return self.state in (State.READY, State.STALLED)

    def sentence(self) -> str:
        """Return it in one line: `Compiling: attempt 1 compiles the document`."""
        reason = "" if self.reason == self.phase else f" ({self.reason})"
        return f"{self.phase}{reason}" + (f": {self.message}" if self.message else "")


def standing(body: Body) -> Standing:
    """Return where the object stands; a status about an older generation counts as running."""
    observed = at(body, "status", "observedGeneration")
    conditions = {name: _condition(body, name) for name in ("Ready", "Stalled")}
    ready = conditions["Ready"]
    if not ready or observed != at(body, "metadata", "generation"):
        return Standing(State.RUNNING, PENDING, PENDING, _NOT_SEEN)
    if ready.get("status") == "True":
        state = State.READY
    elif conditions["Stalled"].get("status") == "True":
        state = State.STALLED
    else:
        state = State.SUSPENDED if at(body, "spec", "suspend") is True else State.RUNNING
    phase = text_at(body, "status", "phase") or PENDING
    return Standing(state, phase, str(ready.get("reason", "")), str(ready.get("message", "")))


def at(body: Any, *path: str) -> Any:  # noqa: ANN401  as JSON has it
    """Return the value at a path, None where there is none."""
    for name in path:
        if not isinstance(body, dict):
            return None
        body = body.get(name)
    return body


def text_at(body: Any, *path: str) -> str:  # noqa: ANN401
    """Return the value at a path as text, empty where there is none."""
    value = at(body, *path)
    return "" if value is None else str(value)


def items_at(body: Any, *path: str) -> list[Any]:  # noqa: ANN401
    """Return the list at a path, empty where there is none."""
    value = at(body, *path)
    return value if isinstance(value, list) else []


def _condition(body: Body, kind: str) -> dict[str, Any]:
    found = items_at(body, "status", "conditions")
    return next((each for each in found if at(each, "type") == kind), {})
