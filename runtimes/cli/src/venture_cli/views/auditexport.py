"""What was taken out of the log."""

from typing import TYPE_CHECKING

from venture_cli.errors import CliError, ExitCode
from venture_cli.program import hint
from venture_cli.views.objects import print_facts
from venture_cli.views.structured import print_data
from venture_cli.views.terminal import err, out

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from venture_core.events.prove import EventProof

    from venture_cli.domain.choices import Format
    from venture_cli.services.auditexport import Exported


def print_exported(path: Path, exported: Exported, form: Format | None) -> None:
    """Print what a bundle holds; CliError where the database contradicts the log beside it."""
    manifest = exported.manifest
    pending = max(exported.log_size - manifest.size, 0)
    if form == "name":
        out().print(path)
    elif form is not None:
        data = {
            "bundle": str(path),
            "origin": manifest.origin,
            "first": manifest.first,
            "size": manifest.size,
            "entries": manifest.entries,
            "laterEntries": pending,
            "archives": [each.uri for each in exported.archives],
            "faults": list(exported.faults),
        }
        print_data(data, form)
    else:
        out().print((f"saved {path}", "bold"))
        last = manifest.size - 1
        facts = {
            "log": manifest.origin,
            "entries": f"{manifest.entries:,}, log index {manifest.first:,} to {last:,}",
            "later entries": f"{pending:,}, not in the bundle",
        }
        if exported.archives:
            facts["archived before"] = ", ".join(each.uri for each in exported.archives)
        print_facts(facts)
        verify = hint("audit", "verify", str(path), "--policy", "FILE")
        err().print(("next: ", "bold"), verify)
    if exported.faults:
        raise CliError(
            "the database holds what contradicts the log and has no place in a bundle",
            ExitCode.VERIFICATION_FAILED,
            details=exported.faults,
            next_step="Somebody wrote past the record's own functions: look at these rows.",
        )


def print_proven(event_id: UUID, proof: EventProof, path: Path | None, form: Format | None) -> None:
    """Print where a proof was saved (`path` None: on standard output)."""
    if path is None:
        # Standard output holds the proof and nothing else.
        return
    if form == "name":
        out().print(path)
    elif form is not None:
        data = {"proof": str(path), "eventId": str(event_id), "logIndex": proof.log_index}
        print_data(data, form)
    else:
        out().print((f"saved {path}", "bold"))
        print_facts({"event": str(event_id), "log index": str(proof.log_index)})
        verify = hint("audit", "verify", str(path), "--policy", "FILE")
        err().print(("next: ", "bold"), verify)
