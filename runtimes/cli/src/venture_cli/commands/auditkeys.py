"""venture audit key, policy, consistency: what an auditor keeps from one audit to the next."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from venture_cli.options import (
    NONE_GIVEN,
    LogKeys,
    LogOrigin,
    OutputFormat,
    ResultFormat,
    clustered,
)

if TYPE_CHECKING:
    from venture_cli.services.session import Session

KeptCheckpoint = Annotated[
    Path, typer.Argument(metavar="CHECKPOINT", help="A signed checkpoint kept from before.")
]
SavedTo = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Where to save it: a file, a folder, or - for standard output.",
    ),
]


def register(group: typer.Typer) -> None:
    """Add the commands of this module."""
    group.command("key")(key)
    group.command("policy")(policy)
    group.command("consistency")(consistency)


@clustered
async def key(
    session: Session,
    *,
    keys: LogKeys = NONE_GIVEN,
    origin: LogOrigin = None,
    form: OutputFormat = None,
) -> None:
    """Show the keys of the log, and the fingerprint of each, to be compared by another way.

    Without --key those that the record claims, with the sizes that each signed. With --key the
    given ones, with no cluster: where the log's own key is kept, that is what to compare with.
    """
    from venture_cli.services.auditkeys import keys_of
    from venture_cli.views.auditkeys import print_keys

    print_keys(await keys_of(session, keys, origin), form, is_claim=not keys)


@clustered
async def policy(
    session: Session,
    *,
    out: SavedTo,
    keys: LogKeys = NONE_GIVEN,
    origin: LogOrigin = None,
) -> None:
    """Save whom to trust, as a file for `venture audit verify --policy`.

    Without --key it trusts the keys that the record claims, each for the sizes it signed: compare
    their fingerprints by another way once (`venture audit key`). With --key it trusts the given.
    """
    from venture_core.events.policy import policy_text

    from venture_cli.services.auditkeys import keys_of
    from venture_cli.services.files import save
    from venture_cli.views.auditkeys import print_policy

    found = await keys_of(session, keys, origin)
    path = save(policy_text(found).encode(), out, "log.policy")
    print_policy(path, found, is_claim=not keys)


@clustered
async def consistency(
    session: Session,
    checkpoint: KeptCheckpoint,
    *,
    out: SavedTo,
    form: ResultFormat = None,
) -> None:
    """Save the proof that the log only grew since CHECKPOINT: a small text, with a new checkpoint.

    `venture audit verify FILE --checkpoint CHECKPOINT` verifies it, without the events.
    """
    from venture_core.events.consistency import CONSISTENCY_SUFFIX

    from venture_cli.services.auditkeys import prove_growth
    from venture_cli.services.files import save
    from venture_cli.views.auditkeys import print_growth

    proof = await prove_growth(session, checkpoint)
    path = save(proof.text().encode(), out, f"{checkpoint.stem}{CONSISTENCY_SUFFIX}")
    print_growth(path, checkpoint, proof, form)
