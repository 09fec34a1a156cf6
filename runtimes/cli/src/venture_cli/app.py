"""The program: its commands, and how each of them ends."""

from typing import Annotated, Any, override

import typer

from venture_cli.commands import (
    accounts,
    approvals,
    artifacts,
    audit,
    builds,
    deadletters,
    events,
    freezes,
    login,
    looks,
    money,
    nouns,
    policy,
    record,
    report,
    version,
    workflows,
)
from venture_cli.domain.artifact import ARTIFACT
from venture_cli.domain.workflow import WORKFLOW
from venture_cli.errors import CliError, ExitCode
from venture_cli.parameters import PlainGroup, make_plain
from venture_cli.program import program_name


class VentureGroup(PlainGroup):
    """Ends every command with an exit code of ours, and says why."""

    @override
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError:
            raise
        except KeyboardInterrupt:
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except Exception as error:
            if ctx.params.get("debug"):
                _trace(error)
            failure = error if isinstance(error, CliError) else _explain(error)
            _print(failure)
            raise typer.Exit(failure.code) from None


def _explain(error: Exception) -> CliError:
    # Explaining imports what only a command that talks to a cluster needs.
    from venture_cli.explain import explain

    return explain(error)


def _print(failure: CliError) -> None:
    from venture_cli.views.failures import print_failure

    print_failure(failure)


def _trace(error: Exception) -> None:
    from venture_cli.views.failures import print_traceback

    print_traceback(error)


app = typer.Typer(
    cls=VentureGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Build deliverables with Venture: documents in, signed artifacts out.",
)
artifact = typer.Typer(no_args_is_help=True, help="Build, read and verify artifacts.")
app.add_typer(artifact, name=ARTIFACT.name)
builds.register(artifact)
nouns.register(artifact, ARTIFACT)
artifacts.register(artifact)
looks.register(artifact)
work = typer.Typer(no_args_is_help=True, help="Have work done in steps, and stay in command of it.")
app.add_typer(work, name=WORKFLOW.name)
workflows.register(work)
nouns.register(work, WORKFLOW)
proofs = typer.Typer(no_args_is_help=True, help="Prove what happened from the signed log.")
app.add_typer(proofs, name="audit")
audit.register(proofs)
losses = typer.Typer(no_args_is_help=True, help="Go on when the record's database has forgotten.")
app.add_typer(losses, name="record")
record.register(losses)
happenings = typer.Typer(no_args_is_help=True, help="Follow and look up what happened.")
app.add_typer(happenings, name="events")
events.register(happenings)
given_up = typer.Typer(no_args_is_help=True, help="Events that a consumer gave up.")
happenings.add_typer(given_up, name="dlq")
deadletters.register(given_up)
bundles = typer.Typer(no_args_is_help=True, help="Check and try policy bundles.")
app.add_typer(bundles, name="policy")
policy.register(bundles)
books = typer.Typer(no_args_is_help=True, help="Fund wallets, and see what is spent.")
app.add_typer(books, name="money")
money.register(books)
people = typer.Typer(no_args_is_help=True, help="Say who may sign in to founders' API.")
app.add_typer(people, name="account")
accounts.register(people)
login.register(app)
approvals.register(app)
freezes.register(app)
report.register(app)
version.register(app)
make_plain(app)


@app.callback()
def root(
    *,
    debug: Annotated[
        bool,
        typer.Option("--debug", envvar="VENTURE_DEBUG", help="Show the traceback of a failure."),
    ] = False,
    version_wanted: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the version of this program.",
            is_eager=True,
            callback=version.print_version,
        ),
    ] = False,
) -> None:
    """Build deliverables with Venture: documents in, signed artifacts out."""
    del debug, version_wanted  # the first is read from the context when a command fails


def main() -> None:
    """Run the program with the arguments of this process."""
    app(prog_name=program_name())
