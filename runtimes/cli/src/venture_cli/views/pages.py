"""What becomes of pages: saved in a folder, or shown on the terminal."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from venture_cli.services.files import make_folder, save
from venture_cli.services.previews import Origin
from venture_cli.views import graphics
from venture_cli.views.structured import print_data
from venture_cli.views.terminal import err, out

if TYPE_CHECKING:
    from venture_core.artifacts.viewing.look import Page

    from venture_cli.domain.choices import Format

_WORDS: Final = {
    Origin.FILE: "",
    Origin.DOCUMENT: "made here of the document",
    Origin.PLAN: "drawn from the document as its file is planned; the program that opens the file "
    "may draw it a little otherwise",
}


class Viewer(Protocol):
    """Takes pages as they come."""

    def show(self, page: Page) -> None:
        """Take a page."""
        ...

    def finish(self, origin: Origin) -> None:
        """Say what there was."""
        ...


def viewer(folder: str | None, name: str, form: Format | None) -> Viewer:
    """Return what takes the pages: the terminal, where nothing else was asked for and it can."""
    how = graphics.spoken() if folder is None and form is None else None
    if how is not None:
        return _OnTerminal(how)
    return _Saved(Path(folder or f"{name}-pages"), form)


@dataclass(slots=True)
class _Saved:
    folder: Path
    form: Format | None
    pages: list[tuple[int, str]] = field(default_factory=list)
    count: int = 0

    def show(self, page: Page) -> None:
        make_folder(self.folder)
        path = self.folder / f"page-{page.number:03}.png"
        save(page.png, str(path), path.name)
        self.pages.append((page.number, str(path)))
        self.count = page.count

    def finish(self, origin: Origin) -> None:
        if self.form == "name":
            for _, path in self.pages:
                out().print(path)
        elif self.form is not None:
            pages = [{"page": number, "file": path} for number, path in self.pages]
            print_data({"of": str(origin), "count": self.count, "pages": pages}, self.form)
        else:
            out().print(
                (f"saved {_numbered(len(self.pages), self.count)} in {self.folder}", "bold")
            )
            _say(origin)


@dataclass(slots=True)
class _OnTerminal:
    how: graphics.Protocol
    shown: int = 0
    count: int = 0

    def show(self, page: Page) -> None:
        columns = min(graphics.COLUMNS, shutil.get_terminal_size().columns)
        out().print_block(graphics.sequence(self.how, page.png, columns))
        if page.count > 1:
            out().print((f"{page.number} of {page.count}", "dim"))
        self.shown, self.count = self.shown + 1, page.count

    def finish(self, origin: Origin) -> None:
        if self.shown < self.count:
            err().print(_numbered(self.shown, self.count))
        _say(origin)


def _say(origin: Origin) -> None:
    if words := _WORDS[origin]:
        err().print(words)


def _numbered(shown: int, count: int) -> str:
    pages = "1 page" if count == 1 else f"{count} pages"
    return pages if shown == count else f"{shown} of {pages}"
