"""venture audit verify: whether a log, or one event, is what was signed."""

from pathlib import Path
from typing import Annotated

import typer

from venture_cli.options import NONE_GIVEN, OutputFormat

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
    group.command("verify")(verify)


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
