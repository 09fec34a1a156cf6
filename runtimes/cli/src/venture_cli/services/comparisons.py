"""What changed between two of what people name: by their documents, and by their pages."""

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from venture_core.canonical import sha256_hex

from venture_cli.domain.comparing import compare
from venture_cli.domain.documents import check_document
from venture_cli.domain.parts import divide
from venture_cli.domain.stretches import stretches
from venture_cli.errors import CliError
from venture_cli.services.previews import show_pages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from venture_core.artifacts.ir import Document
    from venture_core.artifacts.viewing.look import Page

    from venture_cli.domain.comparing import Change
    from venture_cli.services.previews import Choice
    from venture_cli.services.session import Session
    from venture_cli.services.things import Thing

MAX_BYTES: Final = 512 * 1024 * 1024
"""Of the pages of one side, which are held in memory."""


@dataclass(frozen=True, slots=True)
class PageChange:
    """A page that does not look as it did. None: it was not there, or is there no more."""

    before: Page | None
    after: Page | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed."""

    changes: tuple[Change, ...] | None
    """By the documents; None where one of them is not known, or they are of different kinds."""
    pages: tuple[PageChange, ...] | None
    """By the pages, in their order; None where they were not looked at."""
    beside: tuple[tuple[str, str, str], ...]
    """What else differs between two builds: what it is, as it was, and as it is."""


async def compare_things(
    session: Session, before: Thing, after: Thing, choice: Choice, *, pictures: bool
) -> Comparison:
    """Compare documents where both are known, else pages; pages too where they are wanted.

    CliError where neither can be compared.
    """
    changes = _by_documents(before, after, choice.assets)
    pages = None
    if changes is None or pictures:
        sides = [await _pages(session, each, choice) for each in (before, after)]
        pages = tuple(_by_pages(*sides))
    return Comparison(changes, pages, _beside(before, after))


def _by_documents(
    before: Thing, after: Thing, assets: Mapping[str, bytes]
) -> tuple[Change, ...] | None:
    old, new = _document(before), _document(after)
    if old is None or new is None or old.kind != new.kind:
        return None
    sides = (
        divide(each, _digests(thing, each, assets)) for thing, each in ((before, old), (after, new))
    )
    return tuple(compare(*sides))


def _document(thing: Thing) -> Document | None:
    # Comparing takes the digests of pictures that are known, and asks for none.
    return None if thing.source is None else check_document(thing.source, None, thing.said)


def _digests(thing: Thing, document: Document, assets: Mapping[str, bytes]) -> dict[str, str]:
    carried = {**assets, **document.inline_assets()}
    pinned = thing.source.pinned_assets() if thing.source else {}
    return {name: sha256_hex(data) for name, data in carried.items()} | pinned


async def _pages(session: Session, thing: Thing, choice: Choice) -> list[Page]:
    pages: list[Page] = []
    held = 0

    def keep(page: Page) -> None:
        nonlocal held
        held += len(page.png)
        if held > MAX_BYTES:
            raise CliError(
                f"the pages of {thing.said} have more than {MAX_BYTES} bytes",
                next_step="Compare fewer of them with --pages.",
            )
        pages.append(page)

    await show_pages(session, thing, choice, keep)
    return pages


def _by_pages(before: list[Page], after: list[Page]) -> Iterator[PageChange]:
    # The same pixels are the same bytes: one program has written both.
    keys = ([sha256_hex(page.png) for page in pages] for pages in (before, after))
    for olds, news in stretches(*keys):
        for i, j in zip_longest(olds, news):
            yield PageChange(None if i is None else before[i], None if j is None else after[j])


def _beside(before: Thing, after: Thing) -> tuple[tuple[str, str, str], ...]:
    facts = [_facts(each) for each in (before, after)]
    return tuple(
        (name, facts[0][name], facts[1][name])
        for name in facts[0]
        if name in facts[1] and facts[0][name] != facts[1][name]
    )


def _facts(thing: Thing) -> dict[str, str]:
    build = thing.build
    if build is None:
        return {}
    facts = {"target": str(build.spec.target)}
    if build.status.artifact is not None:
        facts["digest"] = f"sha256:{build.status.artifact.sha256}"
    return facts
