"""What changed between two artifacts, as people and programs read it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from venture_cli.domain.changewords import as_data, headline, line
from venture_cli.views.structured import print_data
from venture_cli.views.terminal import out

if TYPE_CHECKING:
    from pathlib import Path

    from venture_cli.domain.choices import DataFormat
    from venture_cli.domain.comparing import Change
    from venture_cli.services.comparisons import Comparison, PageChange

MAX_DETAILS: Final = 30
"""Details of a part that are printed for people."""


@dataclass(frozen=True, slots=True)
class PageShown:
    """A page that changed, and the file that shows it, where one was wanted."""

    change: PageChange
    file: Path | None


def print_comparison(
    comparison: Comparison, pages: list[PageShown], form: DataFormat | None
) -> None:
    """Print what changed."""
    if form is not None:
        print_data(_data(comparison, pages), form)
        return
    for name, before, after in comparison.beside:
        out().print((name, "bold"), f": {before} → {after}")
    for change in comparison.changes or ():
        _print_change(change)
    for page in pages:
        out().print((_page_words(page.change), "bold"))
        if page.file is not None:
            out().print(f"  {page.file}")
    if not (comparison.changes or pages):
        out().print(_nothing(comparison))


def _print_change(change: Change) -> None:
    out().print((headline(change), "bold"))
    for detail in change.details[:MAX_DETAILS]:
        out().print(f"  {line(detail)}")
    if (more := len(change.details) - MAX_DETAILS) > 0:
        out().print(f"  and {more} more")


def _page_words(change: PageChange) -> str:
    if change.after is None:
        return f"page {change.before.number if change.before else 0} is gone"
    if change.before is None:
        return f"page {change.after.number} is new"
    moved = change.before.number != change.after.number
    was = f", was page {change.before.number}," if moved else ""
    return f"page {change.after.number}{was} looks otherwise"


def _nothing(comparison: Comparison) -> str:
    if comparison.changes is None:
        return "no page looks otherwise"
    if any(name == "digest" for name, *_ in comparison.beside):
        return "the documents say the same: other tools, gates or targets made other bytes of them"
    return "the documents say the same"


def _data(comparison: Comparison, pages: list[PageShown]) -> dict[str, Any]:
    changes = comparison.changes
    return {
        "by": "pages" if changes is None else "documents",
        "beside": [{"what": w, "before": b, "after": a} for w, b, a in comparison.beside],
        "changes": None if changes is None else [as_data(each) for each in changes],
        "pages": None if comparison.pages is None else [_page_data(each) for each in pages],
    }


def _page_data(page: PageShown) -> dict[str, Any]:
    before, after = page.change.before, page.change.after
    return {
        "before": None if before is None else before.number,
        "after": None if after is None else after.number,
        "file": None if page.file is None else str(page.file),
    }


def save_pages(comparison: Comparison, folder: Path | None) -> list[PageShown]:
    """Save the pages that changed side by side, where a folder is given."""
    changes = comparison.pages or ()
    if folder is None:
        return [PageShown(each, None) for each in changes]
    from venture_cli.services.files import make_folder, save
    from venture_cli.services.sidebyside import side_by_side

    make_folder(folder)
    shown = []
    for each in changes:
        page, end = (each.after, "") if each.after else (each.before, "-gone")
        name = f"page-{page.number if page else 0:03}{end}.png"
        shown.append(PageShown(each, save(side_by_side(each), str(folder / name), name)))
    return shown
