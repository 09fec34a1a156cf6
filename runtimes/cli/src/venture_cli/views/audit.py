"""What the verification of a log or of one event looks like."""

import base64
import time
from typing import TYPE_CHECKING, Any, Final, Self

from venture_cli.errors import CliError, ExitCode
from venture_cli.views.objects import print_facts
from venture_cli.views.structured import print_data
from venture_cli.views.terminal import LiveLine, err, is_plain, out

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from venture_core.events.checkpoint import Checkpoint
    from venture_core.events.prove import EventProof
    from venture_core.events.verify import Finding, Report

    from venture_cli.domain.choices import Format

_QUIET_SECONDS: Final = 5.0
"""How often a line says how far it is where there is no terminal to draw on."""


class AuditProgress:
    """Shows how many entries are done; used as a context manager around the work."""

    def __init__(self, doing: str = "verifying", done: str = "verified") -> None:
        self._doing = doing
        self._done = done
        self._next_line = time.monotonic() + _QUIET_SECONDS
        self._live = None if is_plain() else _live()

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, done: int, total: int) -> None:
        """Show that so many entries are done."""
        if self._live is not None:
            self._live.show(self._doing, completed=done, total=total)
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _QUIET_SECONDS
            err().print(f"{self._done} {done:,} of {total:,} entries")


def print_report(path: Path, report: Report, form: Format | None) -> None:
    """Print what a verification found; CliError (verification failed) unless all was right."""
    if form is not None:
        print_data(_report_data(report), form)
    elif report.ok:
        out().print((f"{path} is verified", "bold green"))
        print_facts(_report_facts(report))
    if report.finding is not None:
        raise CliError(
            f"{report.finding.kind}: {report.finding.message}",
            ExitCode.VERIFICATION_FAILED,
            details=_finding_details(report, report.finding),
            next_step="Keep this bundle as evidence, and export again from a copy of the database.",
        )


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
        "checkpoints": report.checkpoints,
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
        "log": report.origin,
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
