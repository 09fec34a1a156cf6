"""venture artifact preview, diff: what an artifact looks like, and what changed of it."""

from pathlib import Path  # noqa: TC003  typer reads it
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from venture_cli.domain.artifact import ARTIFACT
from venture_cli.options import (
    NONE_GIVEN,
    Assets,
    Keys,
    ResultFormat,
    TargetName,
    Theme,
    checked_name,
    checked_pages,
    clustered,
)

if TYPE_CHECKING:
    from venture_cli.services.session import Session

DEFAULT_WIDTH = 1600
COMPARED_WIDTH = 1200
_THING = "A file that exists (a document, or a PDF or picture), else a build."
Pages = Annotated[
    str | None,
    typer.Option("--pages", metavar="PAGES", help="Only these pages, such as 2 or 1-3,7."),
]
Target = Annotated[
    TargetName | None,
    typer.Option("--target", help="Look at the document in this format instead of its own."),
]
DataFormat = Literal["json", "yaml"]


def register(group: typer.Typer) -> None:
    """Add the commands of this module."""
    group.command("preview")(preview)
    group.command("diff")(diff)


@clustered
async def preview(
    session: Session,
    what: Annotated[str, typer.Argument(metavar="NAME|FILE", help=_THING)],
    *,
    out: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Save the pages there. Default: show them, where the terminal can; else "
            "NAME-pages.",
        ),
    ] = None,
    pages: Pages = None,
    width: Annotated[
        int, typer.Option("--width", metavar="PIXELS", min=16, max=4096, help="Of each page.")
    ] = DEFAULT_WIDTH,
    target: Target = None,
    theme: Theme = None,
    assets: Assets = NONE_GIVEN,
    keys: Keys = NONE_GIVEN,
    form: ResultFormat = None,
) -> None:
    """Show the pages of an artifact, or save them as PNG: at most 200.

    A PDF or a picture is shown as it is, once it is verified; a deck as it was planned. What has no
    artifact yet, or is a document, is made here first, whatever its gates say.
    """
    from venture_core.artifacts.viewing.look import Look

    from venture_cli.services.files import read_assets
    from venture_cli.services.previews import Choice, show_pages
    from venture_cli.services.things import find
    from venture_cli.views.pages import viewer

    look = Look(width, checked_pages(pages))
    thing = await find(session, what, checked_name(ARTIFACT))
    choice = Choice(look=look, target=target, theme=theme, assets=read_assets(assets), keys=keys)
    shown = viewer(out, thing.name, form)
    origin = await show_pages(session, thing, choice, shown.show)
    shown.finish(origin)


@clustered
async def diff(
    session: Session,
    before: Annotated[str, typer.Argument(metavar="BEFORE", help=_THING)],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="What it became.")],
    *,
    pictures: Annotated[
        Path | None,
        typer.Option(
            "--pictures",
            metavar="FOLDER",
            help="Save pages that look otherwise there, before and after side by side.",
        ),
    ] = None,
    pages: Pages = None,
    target: Target = None,
    assets: Assets = NONE_GIVEN,
    keys: Keys = NONE_GIVEN,
    form: Annotated[
        DataFormat | None,
        typer.Option("--output", "-o", "--format", help="Print this on standard output."),
    ] = None,
) -> None:
    """Say what changed between two builds, documents or files: slide by slide, sheet by sheet.

    Documents are compared where both are known, else the pages of the files. Whether anything
    changed is no matter of the exit code.
    """
    from venture_core.artifacts.viewing.look import Look

    from venture_cli.services.comparisons import compare_things
    from venture_cli.services.files import read_assets
    from venture_cli.services.previews import Choice
    from venture_cli.services.things import find
    from venture_cli.views.differences import print_comparison, save_pages

    look = Look(COMPARED_WIDTH, checked_pages(pages))
    choice = Choice(look=look, target=target, assets=read_assets(assets), keys=keys)
    parse = checked_name(ARTIFACT)
    old, new = await find(session, before, parse), await find(session, after, parse)
    found = await compare_things(session, old, new, choice, pictures=pictures is not None)
    print_comparison(found, save_pages(found, pictures), form)
