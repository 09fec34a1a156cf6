"""What events of the record look like."""

import json
from typing import TYPE_CHECKING, Any, Final, Self

from venture_core.events.checkpoint import Checkpoint, CheckpointError
from venture_core.events.types import REGISTRY

from venture_cli.domain.table import NONE, row
from venture_cli.views.objects import print_facts
from venture_cli.views.structured import print_data, print_line
from venture_cli.views.terminal import err, out

if TYPE_CHECKING:
    from types import TracebackType

    from venture_core.record.reading import RecordedEvent
    from venture_core.record.replay import StreamState

    from venture_cli.domain.choices import Format

_WIDTHS: Final = (9, 24, max(len(each.name) for each in REGISTRY), 36 + len("/9999"))
"""Of log index, time, type, and workflow with its seq."""


class EventLines:
    """Prints events one by one: each on one line, for json too."""

    def __init__(self, form: Format | None) -> None:
        self._form = form
        self._begun = False

    def show(self, event: RecordedEvent) -> None:
        """Print one event; before the first for people, what the columns are."""
        if not event.is_sound:
            err().print((f"log index {event.log_index}: {_fault(event)}", "red"))
        if event.canonical is None:
            return
        if self._form == "json":
            print_line(_data(event))
        elif self._form == "yaml":
            out().print("---")
            print_data(_data(event), self._form)
        elif self._form == "name":
            out().print(event.event_id)
        else:
            if not self._begun:
                out().print(_columns("LOG-INDEX", "TIME", "TYPE", "WORKFLOW/SEQ", "ABOUT"))
            self._begun = True
            at = f"{event.appended_at:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
            chain = f"{event.workflow_id}/{event.seq}"
            about = _summary(event)
            out().print(_columns(str(event.log_index), at, event.event_type, chain, about))


def _columns(*cells: str) -> str:
    """Return the cells in columns; lines that are still to come cannot be looked at for widths."""
    *padded, last = row(*cells)
    return "".join(f"{cell:<{wide}}  " for cell, wide in zip(padded, _WIDTHS, strict=True)) + last


def print_lost(error: BaseException) -> None:
    """Print that the connection is lost, and that it is being made again."""
    err().print(f"lost the record, trying again: {str(error) or type(error).__name__}")


def print_event(event: RecordedEvent, checkpoint: str | None, form: Format | None) -> None:
    """Print all that is known of one event."""
    if form == "name":
        out().print(event.event_id)
    elif form is not None:
        print_data(_data(event) | {"sound": event.is_sound, "checkpoint": checkpoint}, form)
    else:
        out().print((event.event_type or NONE, "bold"))
        print_facts(_facts(event, checkpoint))
        if event.canonical is not None:
            payload = json.dumps(_parsed(event).get("payload"), indent=2, ensure_ascii=False)
            for line in payload.split("\n"):
                out().print(f"  {line}")
    if not event.is_sound:
        err().print((f"this event is not what was logged: {_fault(event)}", "red"))


def print_replayed(state: StreamState, form: Format | None) -> None:
    """Print what the stream holds after a replay."""
    if form in {"json", "yaml"}:
        data = {
            "messages": state.messages,
            "lastLogIndex": state.last_log_index,
            "logSize": state.log_size,
            "missing": state.missing,
        }
        print_data(data, form)
    else:
        last = "nothing" if state.last_log_index is None else f"log index {state.last_log_index}"
        out().print(f"the stream holds {state.messages:,} messages, the last one {last}")


class ReplayProgress:
    """Says how far the stream is, once for each change; a context manager around the wait."""

    def __init__(self) -> None:
        self._shown = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return

    def show(self, state: StreamState) -> None:
        """Show how many events are missing, unless none is."""
        if state.missing not in {0, self._shown}:
            err().print(f"{state.missing:,} of {state.log_size:,} events are not in the stream yet")
        self._shown = state.missing


def _facts(event: RecordedEvent, checkpoint: str | None) -> dict[str, str]:
    envelope = _parsed(event) if event.canonical is not None else {}
    return {
        "event": str(event.event_id or NONE),
        "workflow": f"{event.workflow_id}, event {event.seq}",
        "trace": str(envelope.get("trace_id", NONE)),
        "source": str(envelope.get("source_service", NONE)),
        "created": str(envelope.get("created_at", NONE)),
        "log index": NONE if event.log_index is None else str(event.log_index),
        "hash": event.hash.hex() if event.hash else NONE,
        "hash before": event.prev.hex() if event.prev and any(event.prev) else NONE,
        "covered by": _covering(checkpoint),
    }


def _covering(checkpoint: str | None) -> str:
    if checkpoint is None:
        return "no checkpoint yet"
    try:
        parsed = Checkpoint.parse(checkpoint.split("\n\n")[0] + "\n")
    except CheckpointError as error:
        return f"a damaged checkpoint: {error}"
    return f"the checkpoint of {parsed.size:,} entries of {parsed.origin}"


def _data(event: RecordedEvent) -> dict[str, Any]:
    return {
        "logIndex": event.log_index,
        "appendedAt": event.appended_at.isoformat(),
        "event": _parsed(event) if event.canonical is not None else None,
    }


def _parsed(event: RecordedEvent) -> dict[str, Any]:
    """Return the envelope; what was tampered with need not be JSON any more."""
    try:
        envelope: dict[str, Any] = json.loads(event.envelope())
    except ValueError:
        return {"unreadable": repr(event.canonical)}
    return envelope


def _summary(event: RecordedEvent) -> str:
    """Return what the event is about, in a few words."""
    payload = _parsed(event).get("payload") or {}
    about = "/".join(str(payload[name]) for name in ("namespace", "name") if name in payload)
    words = [about, *(str(payload[name]) for name in ("reason", "message") if payload.get(name))]
    return "  ".join(word for word in words if word)


def _fault(event: RecordedEvent) -> str:
    if event.canonical is None:
        return "the record does not hold this event: it was archived, or taken away"
    return "its bytes do not have the hash that was logged"
