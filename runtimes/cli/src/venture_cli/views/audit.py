"""What the verification of a log or of one event looks like."""

import base64
import time
from typing import TYPE_CHECKING, Any, Final

from venture_cli.errors import CliError, ExitCode
from venture_cli.views.objects import print_facts
from venture_cli.views.structured import print_data
from venture_cli.views.terminal import LiveLine, Shown, err, out

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from venture_core.events.checkpoint import Checkpoint
    from venture_core.events.prove import EventProof
    from venture_core.events.verify import Finding, Report

    from venture_cli.domain.choices import Format

_EVIDENCE: Final = "Keep this bundle as evidence, and export again from a copy of the database."
_AGAIN: Final = "Get the bundle again as it was written; nothing is said about the log."
_NEXT: Final[dict[str, str]] = {
    "converted": _AGAIN,
    "unknown-key": "Ask, by another way, whether the log has this key now; then give both keys.",
    "retired-key": "Compare the policy's sizes by another way; others may have a retired key.",
    "other-log": "Give the key or the policy of this log, if this is the log you mean.",
    "no-quorum": "Ask the log for a bundle whose last checkpoint its witnesses have cosigned.",
}
_UNNAMED: Final = (
    "the log's name is the bundle's own word, since a key in PEM has none: --origin NAME or "
    "--policy FILE says which log you mean"
)
_QUIET_SECONDS: Final = 5.0
"""How often a line says how far it is where there is no terminal to draw on."""


class AuditProgress(Shown[LiveLine]):
    """Shows how many entries are done; used as a context manager around the work."""

    def __init__(self, doing: str = "verifying", done: str = "verified") -> None:
        super().__init__(_live)
        self._doing = doing
        self._done = done
        self._next_line = time.monotonic() + _QUIET_SECONDS

    def show(self, done: int, total: int) -> None:
        """Show that so many entries are done."""
        if self.live is not None:
            self.live.show(self._doing, completed=done, total=total)
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _QUIET_SECONDS
            err().print(f"{self._done} {done:,} of {total:,} entries")


def print_report(
    paths: Sequence[Path], report: Report, form: Format | None, *, unnamed: bool = False
) -> None:
    """Print what a verification found; CliError (verification failed) unless all was right.

    `unnamed`: nothing but the bundle itself says which log it is.
    """
    if form is not None:
        print_data(_report_data(report), form)
    elif report.ok:
        out().print((f"{', '.join(map(str, paths))} is verified", "bold green"))
        print_facts(_report_facts(report))
        out().print(_statement(report))
    if report.finding is not None:
        raise CliError(
            f"{report.finding.kind}: {report.finding.message}",
            ExitCode.VERIFICATION_FAILED,
            details=_finding_details(report, report.finding),
            next_step=_NEXT.get(report.finding.kind, _EVIDENCE),
        )
    if unnamed:
        err().print(("note: ", "bold"), _UNNAMED)


def print_consistency(path: Path, old: Checkpoint, new: Checkpoint, form: Format | None) -> None:
    """Print that a log was proven to have only grown."""
    if form is not None:
        data = {
            "verified": True,
            "origin": new.origin,
            "oldSize": old.size,
            "size": new.size,
            "root": base64.b64encode(new.root).decode(),
            "signedAt": _time(new.signed_at),
        }
        print_data(data, form)
        return
    out().print((f"{path} is verified", "bold green"))
    facts = {
        "log": new.origin,
        "entries": f"{old.size:,} then, {new.size:,} now",
        "root": base64.b64encode(new.root).decode(),
        "signed at": _time(new.signed_at) or "not said",
    }
    print_facts(facts)
    out().print(
        f"The log of {new.size:,} entries begins with the log of {old.size:,} entries: none of "
        "those was changed or removed. What the entries say, only a bundle shows."
    )


def print_saved(path: Path | None, form: Format | None) -> None:
    """Print where the last checkpoint was saved (`path` None: on standard output)."""
    if path is not None and form is None:
        err().print(("saved ", "bold"), path, ": give it to the next audit as --checkpoint")


def print_proof(path: Path, proven: tuple[EventProof, Checkpoint], form: Format | None) -> None:
    """Print an event that was proven to be in a log."""
    proof, checkpoint = proven
    facts = {
        "log": checkpoint.origin,
        "log index": str(proof.log_index),
        "seq": str(proof.seq),
        "hash": proof.event_hash.hex(),
        "in the tree of": f"{checkpoint.size:,} entries",
        "event": proof.canonical.decode(errors="replace"),
    }
    if form is None:
        out().print((f"{path} is verified", "bold green"))
        print_facts(facts)
        return
    data = {
        "verified": True,
        "origin": checkpoint.origin,
        "logIndex": proof.log_index,
        "seq": proof.seq,
        "eventHash": proof.event_hash.hex(),
        "size": checkpoint.size,
        "root": base64.b64encode(checkpoint.root).decode(),
        "event": proof.canonical.decode(errors="replace"),
    }
    print_data(data, form)


def _statement(report: Report) -> str:
    """Say what was proven, and what was not."""
    when = "" if report.signed_at is None else f", which it signed at {_time(report.signed_at)}"
    before = (
        ""
        if report.first == 0
        else f" Of the {report.first:,} entries before, only that they were these is proven."
    )
    form = "" if report.strict else " That each line is an event was not looked at."
    return (
        f"Proven: these entries are the log as it was signed up to {report.size:,} entries{when}, "
        f"by the keys above; none was changed, removed or inserted.{before} Not proven: whether "
        f"the log grew since, and whether what it says is true.{form}"
    )


def _time(moment: datetime | None) -> str | None:
    return (
        None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
    )


def _report_facts(report: Report) -> dict[str, str]:
    root = "" if report.root is None else base64.b64encode(report.root).decode()
    return {
        "log": report.origin,
        "entries": f"{report.entries:,}, log index {report.first:,} to {report.size - 1:,}"
        if report.entries
        else "none",
        "workflows": f"{report.workflows:,}",
        "checkpoints": f"{report.checkpoints:,}",
        "root": root,
        "signed at": _time(report.signed_at) or "not said",
        **{f"key {number}": key for number, key in enumerate(report.signers, start=1)},
    }


def _report_data(report: Report) -> dict[str, Any]:
    return {
        "verified": report.ok,
        "origin": report.origin,
        "first": report.first,
        "size": report.size,
        "entries": report.entries,
        "workflows": report.workflows,
        "bundles": report.bundles,
        "strict": report.strict,
        "checkpoints": report.checkpoints,
        "signedAt": _time(report.signed_at),
        "timedFrom": report.timed_from,
        "signers": list(report.signers),
        "root": None if report.root is None else base64.b64encode(report.root).decode(),
        "finding": None if report.finding is None else _finding_data(report.finding),
    }


def _finding_data(finding: Finding) -> dict[str, Any]:
    data = {
        "kind": str(finding.kind),
        "message": finding.message,
        "logIndex": finding.log_index,
        "lastLogIndex": finding.last_log_index,
        "otherLogIndex": finding.other_log_index,
        "workflowId": finding.workflow_id,
        "seq": finding.seq,
        "eventId": finding.event_id,
        "checkpointSize": finding.checkpoint_size,
    }
    return {name: value for name, value in data.items() if value is not None}


def _finding_details(report: Report, finding: Finding) -> tuple[str, ...]:
    facts = {
        "log": report.origin or None,
        "event": finding.event_id,
        "workflow": finding.workflow_id,
        "seq": finding.seq,
        "log index": finding.log_index,
        "last log index": finding.last_log_index,
        "other log index": finding.other_log_index,
        "checkpoint size": finding.checkpoint_size,
        "entries right before it": report.entries,
    }
    return tuple(f"{label}: {value}" for label, value in facts.items() if value is not None)


def _live() -> LiveLine:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    text = TextColumn("{task.description}", markup=False)
    return LiveLine(text, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
