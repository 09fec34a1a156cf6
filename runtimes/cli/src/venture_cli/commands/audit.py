"""venture audit export, prove, verify: whether a log, or one event, is what was signed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from venture_cli.options import (
    NONE_GIVEN,
    EventId,
    OutputFormat,
    ResultFormat,
    WorkflowId,
    clustered,
)

if TYPE_CHECKING:
    from venture_cli.services.session import Session

BundlePath = Annotated[
    Path,
    typer.Argument(
        metavar="BUNDLE", help="An audit bundle (a folder or archive), or an event's .tlog-proof."
    ),
]
LogKeys = Annotated[
    list[str],
    typer.Option(
        "--key",
        metavar="KEY",
        help="A public key of the log: a verifier key, or a file with such lines or a PEM. "
        "May be repeated.",
    ),
]
KeptCheckpoint = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint",
        metavar="FILE",
        help="A signed checkpoint kept from before: the bundle must hold the same history.",
    ),
]


def register(group: typer.Typer) -> None:
    """Add the commands of this module."""
    group.command("export")(export)
    group.command("prove")(prove)
    group.command("verify")(verify)


@clustered
async def export(
    session: Session,
    *,
    out: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="BUNDLE",
            help="Where to write it: a new folder, or an archive if its name ends in .tar.",
        ),
    ],
    workflow: WorkflowId = None,
    form: ResultFormat = None,
) -> None:
    """Write the log up to its last signature as a bundle that is verified anywhere.

    It holds events, checkpoints, the Merkle tree's edge and the keys that the log claims, as the
    database has them, right or wrong: `venture audit verify` says which. With --workflow it is the
    stretch from that workflow's first event to the signature after its last, and what others did
    meanwhile is in it, too.
    """
    from venture_cli.services.auditexport import export as write
    from venture_cli.views.audit import AuditProgress
    from venture_cli.views.auditexport import print_exported

    with AuditProgress("exporting", "exported") as progress:
        exported = await write(session, out, workflow, progress.show)
    print_exported(out, exported, form)


@clustered
async def prove(
    session: Session,
    event: EventId,
    *,
    out: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to save the proof: a file, a folder, or - for standard output.",
        ),
    ],
    form: ResultFormat = None,
) -> None:
    """Save the proof that an event is in the signed log: a small text that holds the event."""
    from venture_core.events.prove import PROOF_SUFFIX

    from venture_cli.services.auditexport import prove as make
    from venture_cli.services.files import save
    from venture_cli.views.auditexport import print_proven

    proof = await make(session, event)
    path = save(proof.text().encode(), out, f"{event}{PROOF_SUFFIX}")
    print_proven(event, proof, path, form)


def verify(
    bundle: BundlePath,
    *,
    keys: LogKeys = NONE_GIVEN,
    checkpoint: KeptCheckpoint = None,
    form: OutputFormat = None,
) -> None:
    """Verify BUNDLE offline, with the public key alone, and name the first entry that is wrong.

    Hash chains, Merkle tree and signatures prove that nothing was changed, removed or inserted.
    """
    from venture_cli.services.audit import is_proof, verify_bundle_file, verify_proof_file
    from venture_cli.views.audit import AuditProgress, print_proof, print_report

    if not keys:
        raise typer.BadParameter("which key signs the log?", param_hint="--key")
    if form == "name":
        raise typer.BadParameter("a verification has no name", param_hint="-o")
    if is_proof(bundle):
        if checkpoint is not None:
            raise typer.BadParameter("a proof brings its checkpoint", param_hint="--checkpoint")
        print_proof(bundle, verify_proof_file(bundle, keys), form)
        return
    with AuditProgress() as progress:
        report = verify_bundle_file(bundle, keys, checkpoint, progress.show)
    print_report(bundle, report, form)
