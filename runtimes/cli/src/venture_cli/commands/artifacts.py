"""venture artifact download, verify, events, logs, render: what was built, or would be."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from venture_cli.domain.artifact import ARTIFACT
from venture_cli.options import (
    NONE_GIVEN,
    Assets,
    BuildName,
    Document,
    Follow,
    Keys,
    OutputFile,
    OutputFormat,
    ResultFormat,
    Since,
    SkippedGates,
    TargetName,
    Theme,
    TypePattern,
    checked_name,
    clustered,
    since_moment,
)

if TYPE_CHECKING:
    from venture_cli.services.session import Session


def register(group: typer.Typer) -> None:
    """Add the commands of this module."""
    group.command("download")(download)
    group.command("verify")(verify)
    group.command("events")(events)
    group.command("logs")(logs)
    group.command("render")(render)


@clustered
async def download(
    session: Session,
    name: BuildName,
    *,
    out: OutputFile = None,
    provenance: Annotated[
        Path | None,
        typer.Option("--provenance", metavar="FILE", help="Save the signed statement here."),
    ] = None,
    keys: Keys = NONE_GIVEN,
    form: ResultFormat = None,
) -> None:
    """Download the artifact of a build. It is saved only if digest and signature hold."""
    from venture_cli.services.artifacts import fetch
    from venture_cli.services.files import save
    from venture_cli.services.objects import get_object
    from venture_cli.views.results import print_saved

    client, namespace = await session.place()
    build = await get_object(client, ARTIFACT, namespace, name)
    fetched = await fetch(session, build, keys)
    path = save(fetched.data, out or ".", fetched.file_name)
    if provenance is not None:
        save(fetched.envelope, str(provenance), f"{fetched.file_name}.intoto.json")
    print_saved(build, fetched.verified, path, form)


@clustered
async def verify(
    session: Session,
    what: Annotated[
        str,
        typer.Argument(metavar="NAME|FILE", help="A file that exists, else a build."),
    ],
    *,
    provenance: Annotated[
        Path | None,
        typer.Option(
            "--provenance",
            metavar="FILE",
            help="The signed statement about the file. Default: that of a build of these bytes.",
        ),
    ] = None,
    keys: Keys = NONE_GIVEN,
    form: OutputFormat = None,
) -> None:
    """Verify digest and signature of a build's artifact, or of a file.

    With --key and --provenance a file is verified offline.
    """
    from venture_cli.services.artifacts import fetch, verify_file
    from venture_cli.services.files import is_file, read_artifact, read_envelope
    from venture_cli.services.objects import get_object
    from venture_cli.views.results import print_verified

    if is_file(what):
        envelope = None if provenance is None else read_envelope(provenance)
        verified = await verify_file(session, read_artifact(Path(what)), envelope, keys)
    elif provenance is not None:
        raise typer.BadParameter(f"there is no file {what}", param_hint="NAME|FILE")
    else:
        client, namespace = await session.place()
        build = await get_object(client, ARTIFACT, namespace, checked_name(ARTIFACT)(what))
        verified = (await fetch(session, build, keys)).verified
    print_verified(what, verified, form)


@clustered
async def events(
    session: Session,
    name: BuildName,
    *,
    pattern: TypePattern = "*",
    since: Since = None,
    follow: Follow = False,
    form: OutputFormat = None,
) -> None:
    """Print the events of a build, in their order. Whoever may see the build may see them.

    With --follow it goes on until Ctrl-C, or until the build is deleted. With -o json each event is
    one line.
    """
    from venture_cli.domain.eventfilter import EventFilter
    from venture_cli.services.buildevents import BuildEvents
    from venture_cli.views.events import EventLines, print_lost

    _, namespace = await session.place()
    reader = BuildEvents(
        await session.content(),
        EventFilter(type_pattern=pattern),
        since=since_moment(since),
        on_event=EventLines(form).show,
        on_lost=print_lost,
    )
    await reader.run(namespace, name, follow=follow)


@clustered
async def logs(session: Session, name: BuildName) -> None:
    """Print what the newest Job of a build has logged: its last 5,000 lines.

    Jobs go some time after they end, and a build from the cache has none.
    """
    from venture_cli.views.logs import print_log

    _, namespace = await session.place()
    content = await session.content()
    print_log(await content.log(namespace, name))


def render(
    file: Document,
    *,
    out: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="Where to save the artifact: a file, a folder, or - for standard output.",
        ),
    ],
    target: Annotated[
        TargetName | None,
        typer.Option("--target", help="The format to make. Default: what the document is for."),
    ] = None,
    theme: Theme = None,
    assets: Assets = NONE_GIVEN,
    skipped_gates: SkippedGates = NONE_GIVEN,
    form: ResultFormat = None,
) -> None:
    """Compile FILE on this machine, without a cluster, to the very bytes that the Job makes.

    A PDF of a DocSpec or an HtmlSpec is set by the Pango of this machine, and may differ.
    """
    from venture_cli.domain.documents import read_source
    from venture_cli.domain.names import artifact_file_name, name_from_file
    from venture_cli.services.files import read_assets, read_document_file, save, with_theme
    from venture_cli.services.rendering import render as compile_locally
    from venture_cli.views.results import print_rendered

    source = with_theme(read_source(read_document_file(file), file), theme)
    wanted = source.target(target)
    artifact = compile_locally(
        source, read_assets(assets), target=wanted, skipped_gates=skipped_gates, origin=file
    )
    path = save(
        artifact.data,
        out,
        artifact_file_name(name_from_file(file) or "artifact", artifact.media_type),
    )
    print_rendered(artifact, path, form)
