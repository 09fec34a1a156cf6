"""The commands that every kind has: list, get, wait, delete, and what its spec can be asked."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from venture_cli.domain.noun import Control
from venture_cli.errors import CliError, ExitCode
from venture_cli.options import (
    DEFAULT_TIMEOUT,
    NONE_GIVEN,
    AllNamespaces,
    ListFormat,
    OutputFormat,
    TimeLimit,
    Wait,
    checked_name,
    checked_phase,
    clustered,
    seconds,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from venture_cli.domain.noun import Body, Noun
    from venture_cli.services.session import Session


def register(group: typer.Typer, noun: Noun) -> None:
    """Add the common commands for a kind."""
    group.command("get")(getting(noun))
    group.command("list")(listing(noun))
    group.command("wait")(_wait(noun))
    if Control.RETRY in noun.controls:
        group.command("retry")(_retry(noun))
    if Control.SUSPEND in noun.controls:
        group.command("suspend", help=f"Hold {noun.one}s back; {noun.held}.")(
            changing(noun, {"suspend": True}, "suspended")
        )
        group.command("resume", help=f"Let suspended {noun.one}s go on.")(
            changing(noun, {"suspend": False}, "resumed")
        )
    if Control.SHUTDOWN in noun.controls:
        group.command("stop")(_stop(noun))
    group.command("delete")(_delete(noun))


def name_argument(noun: Noun) -> Any:  # noqa: ANN401  an annotation
    """Return the annotation of an argument that names one object."""
    help_text = f"The {noun.resource.kind}: NAME or {_short(noun)}/NAME."
    return Annotated[str, typer.Argument(parser=checked_name(noun), metavar="NAME", help=help_text)]


def names_argument(noun: Noun) -> Any:  # noqa: ANN401  an annotation
    """Return the annotation of an argument that names several objects."""
    help_text = f"{noun.resource.kind}s, NAME or {_short(noun)}/NAME."
    return Annotated[
        list[str], typer.Argument(parser=checked_name(noun), metavar="NAME...", help=help_text)
    ]


def _short(noun: Noun) -> str:
    return noun.aliases[0] if noun.aliases else noun.resource.plural


def getting(noun: Noun) -> Callable[..., None]:
    """Return the command that shows one object."""

    async def get(session: Session, name: str, *, form: OutputFormat = None) -> None:
        from venture_cli.services.objects import get_object
        from venture_cli.views.objects import print_object

        client, namespace = await session.place()
        print_object(await get_object(client, noun, namespace, name), noun, form)

    get.__doc__ = f"Show one {noun.one}: where it stands, and what is known of it."
    return clustered(get, name=name_argument(noun))


def listing(noun: Noun) -> Callable[..., None]:
    """Return the command that lists the objects of a namespace."""

    async def list_(
        session: Session,
        *,
        everywhere: AllNamespaces = False,
        phase: str | None = None,
        form: Annotated[
            ListFormat | None,
            typer.Option("--output", "-o", "--format", help="Print this on standard output."),
        ] = None,
    ) -> None:
        from venture_cli.services.objects import list_objects, tabulate
        from venture_cli.views.objects import print_objects, print_table

        client, here = await session.place()
        namespace = None if everywhere else here
        if form is None or form == "wide":
            table = await tabulate(client, noun, namespace, phase)
            print_table(table, noun, namespace=namespace, wide=form == "wide")
        else:
            bodies = await list_objects(client, noun, namespace, phase)
            print_objects(bodies, noun, form, as_list=True)

    list_.__doc__ = f"List the {noun.one}s of a namespace."
    phases = Annotated[
        str | None,
        typer.Option(
            "--phase",
            parser=checked_phase(noun),
            metavar="PHASE",
            help=f"Only those in this phase: {', '.join(noun.phases)}.",
            hidden=not noun.phases,
        ),
    ]
    return clustered(list_, phase=phases)


def _wait(noun: Noun) -> Callable[..., None]:
    async def wait(
        session: Session,
        name: str,
        *,
        time_limit: TimeLimit = DEFAULT_TIMEOUT,
        form: OutputFormat = None,
    ) -> None:
        from venture_cli.services.objects import get_object
        from venture_cli.views.objects import print_finished

        limit = seconds(time_limit)
        client, namespace = await session.place()
        body = await get_object(client, noun, namespace, name)
        print_finished(await followed(session, noun, body, limit), noun, form)

    wait.__doc__ = f"Wait until a {noun.one} is ready, or say why it is not."
    return clustered(wait, name=name_argument(noun))


async def followed(session: Session, noun: Noun, body: Body, limit: float) -> Body:
    """Wait until an object is ready, and show how it gets there. CliError where it does not."""
    from venture_cli.services.objects import follow
    from venture_cli.views.progress import Progress

    with Progress() as progress:
        return await follow(session, noun, body, limit, progress.show)


def _retry(noun: Noun) -> Callable[..., None]:
    async def retry(
        session: Session,
        names: list[str] = NONE_GIVEN,
        *,
        every: Annotated[
            bool, typer.Option("--all", help="All of the namespace that stalled.")
        ] = False,
        reasons: Annotated[
            list[str],
            typer.Option(
                "--reason",
                metavar="REASON",
                help="With --all: only those that stalled for this reason, such as Timeout. "
                "May be repeated.",
            ),
        ] = NONE_GIVEN,
        everywhere: AllNamespaces = False,
        waits: Wait = True,
        time_limit: TimeLimit = DEFAULT_TIMEOUT,
        form: OutputFormat = None,
    ) -> None:
        """Do it once more, past the cache and after a failure.

        One is waited for; several, and --all, are only started.
        """
        from venture_cli.services.objects import change_spec
        from venture_cli.views.objects import print_finished, print_started

        if bool(names) is every:
            raise typer.BadParameter("either names or --all", param_hint="NAME...")
        if not every and (reasons or everywhere):
            raise typer.BadParameter("goes with --all", param_hint="--reason, -A")
        limit = seconds(time_limit)
        client, namespace = await session.place()
        again = noun.once_more(datetime.now(UTC).isoformat(timespec="microseconds"))
        if every:
            await _retry_stalled(session, noun, None if everywhere else namespace, reasons, again)
            return
        for name in names:
            body = await change_spec(client, noun, namespace, name, again)
            if waits and len(names) == 1:
                print_finished(await followed(session, noun, body, limit), noun, form)
            else:
                print_started(body, noun, form)

    return clustered(retry, names=names_argument(noun))


async def _retry_stalled(
    session: Session, noun: Noun, namespace: str | None, reasons: list[str], again: Body
) -> None:
    from venture_cli.services.objects import change_all, list_stalled
    from venture_cli.views.objects import print_done
    from venture_cli.views.terminal import err

    client = await session.client()
    stalled = await list_stalled(client, noun, namespace, reasons)

    def tell(body: Body) -> None:
        name, owner = body["metadata"]["name"], body["metadata"]["namespace"]
        print_done(name if namespace else f"{owner}/{name}", "retried")

    failures = await change_all(client, noun, stalled, again, tell)
    if not stalled:
        why = f" for {' or '.join(reasons)}" if reasons else ""
        err().print(f"no {noun.one} stalled{why}")
    if failures:
        message = f"{len(failures)} of {len(stalled)} could not be retried"
        raise CliError(message, ExitCode.FAILURE, details=tuple(failures))


def changing(noun: Noun, spec: Body, verb: str) -> Callable[..., None]:
    """Return the command that asks something of objects through their spec."""

    async def change(session: Session, names: list[str]) -> None:
        from venture_cli.services.objects import change_spec
        from venture_cli.views.objects import print_done

        client, namespace = await session.place()
        for name in names:
            await change_spec(client, noun, namespace, name, spec)
            print_done(name, verb)

    return clustered(change, names=names_argument(noun))


def _stop(noun: Noun) -> Callable[..., None]:
    async def stop(
        session: Session,
        names: list[str],
        *,
        now: Annotated[
            bool, typer.Option("--now", help="End what runs, too, instead of letting it finish.")
        ] = False,
    ) -> None:
        from venture_cli.services.objects import change_spec
        from venture_cli.views.objects import print_done

        client, namespace = await session.place()
        for name in names:
            shutdown = {"shutdown": "Terminate" if now else "Stop"}
            await change_spec(client, noun, namespace, name, shutdown)
            print_done(name, "stopping")

    stop.__doc__ = f"End {noun.one}s: start nothing more, and let what runs finish."
    return clustered(stop, names=names_argument(noun))


def _delete(noun: Noun) -> Callable[..., None]:
    async def delete(session: Session, names: list[str]) -> None:
        from venture_cli.services.objects import delete_object
        from venture_cli.views.objects import print_done

        client, namespace = await session.place()
        for name in names:
            await delete_object(client, noun, namespace, name)
            print_done(name, "deleted")

    delete.__doc__ = f"Delete {noun.one}s with what runs for them. Results stay in the store."
    return clustered(delete, names=names_argument(noun))
