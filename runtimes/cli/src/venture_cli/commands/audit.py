"""venture audit export, prove, verify: whether a log, or one event, is what was signed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from venture_cli.commands import auditkeys
from venture_cli.options import (
    NONE_GIVEN,
    EventId,
    LogKeys,
    LogOrigin,
    OutputFormat,
    PolicyFile,
    ResultFormat,
    WorkflowId,
    clustered,
)

if TYPE_CHECKING:
    from datetime import timedelta

    from venture_cli.services.session import Session

BundlePaths = Annotated[
    list[Path],
    typer.Argument(
        metavar="BUNDLE...",
        help="Audit bundles (folders or archives) that follow one another, or one .tlog-proof or "
        ".tlog-consistency.",
    ),
]
KeptCheckpoint = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint",
        metavar="FILE",
        help="A signed checkpoint kept from before: the bundles must hold the same history.",
    ),
]
SaveCheckpoint = Annotated[
    str | None,
    typer.Option(
        "--save-checkpoint",
        metavar="FILE",
        help="Where to save the last checkpoint once all is verified: the next audit starts there.",
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict/--no-strict",
        help="Whether each line is an event in its one form, with an id of its own; without it "
        "verification is faster by a third.",
    ),
]
MaxAge = Annotated[
    str | None,
    typer.Option(
        "--max-age",
        metavar="AGE",
        help="Refuse a last checkpoint signed longer ago than this: 90s, 5m, 36h, 30d.",
    ),
]


def register(group: typer.Typer) -> None:
    """Add the commands of this module."""
    group.command("export")(export)
    group.command("prove")(prove)
    group.command("verify")(verify)
    auditkeys.register(group)


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
    bundles: BundlePaths,
    *,
    keys: LogKeys = NONE_GIVEN,
    policy: PolicyFile = None,
    origin: LogOrigin = None,
    checkpoint: KeptCheckpoint = None,
    save_checkpoint: SaveCheckpoint = None,
    max_age: MaxAge = None,
    strict: Strict = True,
    form: OutputFormat = None,
) -> None:
    """Verify BUNDLE offline, with public keys alone, and name the first entry that is wrong.

    Hash chains, Merkle tree and signatures prove that nothing was changed, removed or inserted up
    to the last checkpoint; not whether the log grew since. Several bundles are verified as one log.
    """
    from venture_cli.services import audit as service
    from venture_cli.services.files import save
    from venture_cli.services.trust import Trust
    from venture_cli.views.audit import (
        AuditProgress,
        print_consistency,
        print_proof,
        print_report,
        print_saved,
    )

    _refuse_odd(keys, policy, form)
    longest = None if max_age is None else _age(max_age)
    trust = Trust(keys, policy, origin)
    first, *more = bundles
    if more and any(service.is_proof(each) or service.is_consistency(each) for each in bundles):
        raise typer.BadParameter("a proof is verified by itself", param_hint="BUNDLE...")
    if service.is_proof(first):
        if checkpoint or save_checkpoint or longest:
            raise typer.BadParameter("a proof brings its checkpoint", param_hint="--checkpoint")
        print_proof(first, service.verify_proof_file(first, trust), form)
        return
    if service.is_consistency(first):
        if checkpoint is None:
            raise typer.BadParameter("what did the log grow from?", param_hint="--checkpoint")
        old, signed = service.verify_consistency_file(first, checkpoint, trust)
        if longest is not None:
            service.check_age(signed.checkpoint.signed_at, longest)
        note: bytes | None = signed.source
        print_consistency(first, old, signed.checkpoint, form)
    else:
        with AuditProgress() as progress:
            report = service.verify_bundle_files(
                bundles, trust, checkpoint, progress.show, strict=strict
            )
        if longest is not None and report.ok:
            service.check_age(report.signed_at, longest)
        print_report(bundles, report, form, unnamed=trust.takes_name_from_files())
        note = report.note
    if save_checkpoint is not None and note is not None:
        print_saved(save(note, save_checkpoint, "checkpoint"), form)


def _refuse_odd(keys: list[str], policy: Path | None, form: str | None) -> None:
    if bool(keys) == (policy is not None):
        raise typer.BadParameter("give the log's keys, or a policy", param_hint="--key, --policy")
    if form == "name":
        raise typer.BadParameter("a verification has no name", param_hint="-o")


def _age(text: str) -> timedelta:
    from venture_cli.domain.durations import parse_age

    try:
        return parse_age(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--max-age") from None
