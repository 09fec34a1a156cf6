"""The pages of what people name: of the file that was made, else drawn from its document."""

import asyncio
import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from venture_core.artifacts.targets import TARGETS
from venture_core.artifacts.viewing.look import VIEWABLE, UnviewableError
from venture_core.artifacts.viewing.scenes import drawn_pages

from venture_cli.errors import CliError, ExitCode
from venture_cli.services.artifacts import fetch
from venture_cli.services.files import with_theme
from venture_cli.services.rendering import draft, rendered
from venture_cli.services.things import unread_error
from venture_cli.services.viewing import look_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from venture_core.artifacts.target import Draft
    from venture_core.artifacts.viewing.look import Look, Page

    from venture_cli.domain.documents import Source
    from venture_cli.services.session import Session
    from venture_cli.services.things import Thing


class Origin(enum.StrEnum):
    """What the pages are of."""

    FILE = "file"
    """The file that was made: what readers see."""
    DOCUMENT = "document"
    """A file that was made of the document just now: what readers would see."""
    PLAN = "plan"
    """The plan of a file that its program lays out: where everything stands, by our own fonts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the command line adds to what was named."""

    look: Look
    target: str | None = None
    theme: Path | None = None
    """Laid under the document."""
    assets: Mapping[str, bytes] = field(default_factory=dict)
    keys: list[Path] = field(default_factory=list)


async def show_pages(
    session: Session, thing: Thing, choice: Choice, on_page: Callable[[Page], None]
) -> Origin:
    """Draw the pages that are wanted; `on_page` sees each as it comes.

    A file of the cluster is looked at once it is verified. CliError where there is nothing to see.
    """
    if (data := await _file(session, thing, choice)) is not None:
        await look_at(data, choice.look, on_page, what=thing.said)
        return Origin.FILE
    if thing.source is None:
        raise unread_error(thing)
    target = choice.target or thing.source.target(None)
    source = with_theme(thing.source, choice.theme)
    made = draft(source, choice.assets, target=target, origin=thing.said)
    if made.media_type in VIEWABLE:
        data = await asyncio.to_thread(rendered, made)
        await look_at(data, choice.look, on_page, what=thing.said)
        return Origin.DOCUMENT
    await _draw(made, thing, choice.look, on_page, target)
    return Origin.PLAN


async def _file(session: Session, thing: Thing, choice: Choice) -> bytes | None:
    """Return the bytes that can be looked at as they are, if there are any."""
    build = thing.build
    if build is None or not thing.is_ready or choice.target or choice.theme:
        return thing.data
    artifact = build.status.artifact
    if thing.body is None or artifact is None or artifact.media_type not in VIEWABLE:
        return None
    return (await fetch(session, thing.body, choice.keys)).data


async def _draw(
    made: Draft, thing: Thing, look: Look, on_page: Callable[[Page], None], target: str
) -> None:
    drawing = made.drawing()
    if drawing is None:
        raise CliError(
            f"{thing.said} has no pages: a {target} is laid out by the program that opens it",
            ExitCode.USAGE,
            next_step=_elsewhere(thing.source, target),
        )
    pages = drawn_pages(drawing, look)
    try:
        while (page := await asyncio.to_thread(next, pages, None)) is not None:
            on_page(page)
    except UnviewableError as error:
        message = f"{thing.said} cannot be looked at: {error}"
        raise CliError(message, ExitCode.USAGE) from None


def _elsewhere(source: Source | None, target: str) -> str:
    """Return how else a document can be looked at."""
    kind = str(source and source.ir and source.ir.get("kind"))
    others = [each.name for each in TARGETS if kind in each.compilers and each.name != target]
    if others:
        return f"Look at it with --target {others[0]}."
    return "Build it, and open the file."
