"""venture artifact build: a build from its start to a verified artifact."""

from typing import TYPE_CHECKING, Annotated

import typer

from venture_cli.commands.nouns import followed
from venture_cli.domain.artifact import ARTIFACT
from venture_cli.options import (
    DEFAULT_TIMEOUT,
    NONE_GIVEN,
    Assets,
    Document,
    Keys,
    OutputFile,
    ResultFormat,
    SkippedGates,
    TargetName,
    TimeLimit,
    Wait,
    clustered,
    seconds,
)

if TYPE_CHECKING:
    from venture_cli.services.session import Session


def register(group: typer.Typer) -> None:
    """Add the commands of this module."""
    group.command("build")(build)


@clustered
async def build(
    session: Session,
    file: Document,
    *,
    name: Annotated[
        str | None, typer.Option("--name", help="The build's name. Default: from FILE.")
    ] = None,
    target: Annotated[
        TargetName | None,
        typer.Option("--target", help="The format to make. Default: what the document is for."),
    ] = None,
    out: OutputFile = None,
    assets: Assets = NONE_GIVEN,
    skipped_gates: SkippedGates = NONE_GIVEN,
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete a build of that name first.")
    ] = False,
    waits: Wait = True,
    time_limit: TimeLimit = DEFAULT_TIMEOUT,
    keys: Keys = NONE_GIVEN,
    form: ResultFormat = None,
) -> None:
    """Build FILE in the cluster, wait, and with -o download and verify the artifact.

    FILE is checked first, so that a mistake in it costs no round trip. A build of the same name
    that asks for the same is taken over, not repeated. Ctrl-C ends the waiting, not the build.
    """
    from venture_cli.domain.documents import check_document, read_source
    from venture_cli.domain.plan import BuildOptions, plan_build
    from venture_cli.services.artifacts import fetch
    from venture_cli.services.builds import start_build
    from venture_cli.services.files import read_assets, read_document_file, save
    from venture_cli.views.objects import print_finished, print_started
    from venture_cli.views.results import print_saved

    if out is not None and not waits:
        raise typer.BadParameter("there is nothing to save without waiting", param_hint="-o")
    limit = seconds(time_limit)
    options = BuildOptions(
        name=name,
        namespace=session.given_namespace,
        target=target,
        skipped_gates=tuple(skipped_gates),
        assets=read_assets(assets),
    )
    source = read_source(read_document_file(file), file)
    check_document(source, {*options.assets, *source.pinned_assets()}, file)
    _, default_namespace = await session.place()
    plan = plan_build(source, options, origin=file, default_namespace=default_namespace)
    body = await start_build(session, plan, replace=replace)
    if not waits:
        print_started(body, ARTIFACT, form)
        return
    finished = await followed(session, ARTIFACT, body, limit)
    if out is None:
        print_finished(finished, ARTIFACT, form)
        return
    fetched = await fetch(session, finished, keys)
    print_saved(finished, fetched.verified, save(fetched.data, out, fetched.file_name), form)
