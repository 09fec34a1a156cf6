"""Laying HTML out by weasyprint, and writing it as a tagged PDF.

Nothing is read but assets, no font of the machine is seen, and nothing in the file comes from a
clock, from a place in memory or from the machine's zlib.
"""

import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, override

from venture_core.artifacts.layouts import LayoutError
from venture_core.artifacts.native import require_pango
from venture_core.artifacts.paged import budget
from venture_core.artifacts.paged.cutting import cut_large_here
from venture_core.artifacts.paged.fonts import show_only_ours
from venture_core.artifacts.paged.markup import html_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from xml.etree.ElementTree import Element

MAX_PAGES: Final = 2000
_OPTIONS: Final = {"pdf_variant": "pdf/ua-1"}
"""Tagged, with what PDF/UA asks for."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages that are laid out."""

    native: Any
    """weasyprint's own document."""

    def to_pdf(self) -> bytes:
        """Write them as a PDF with bookmarks, tags and properties."""
        from venture_core.artifacts.paged.finishing import finish

        data: bytes = self.native.write_pdf(finisher=finish, **_OPTIONS)
        return data


def lay_out(root: Element, css: str, assets: Mapping[str, bytes]) -> Pages:
    """Lay a document out. `assets` holds every picture that it names.

    Takes seconds of CPU for hundreds of pages. Raises `MissingLibraryError` where Pango is not
    installed, `LayoutError` for more than `MAX_PAGES`, for a layout that multiplies itself, for
    letters of no size, and for anything that would be fetched.
    """
    require_pango()
    show_only_ours()
    weasyprint = _weasyprint()
    from venture_core.artifacts.paged.fetching import Assets

    fetcher, fonts = Assets(assets), weasyprint.text.fonts.FontConfiguration()
    source = weasyprint.HTML(string=html_bytes(root).decode(), url_fetcher=fetcher)
    sheet = weasyprint.CSS(string=css, url_fetcher=fetcher, font_config=fonts)
    with _few_pages(), budget.in_proportion(root):
        native = source.render(font_config=fonts, stylesheets=[sheet], **_OPTIONS)
    if fetcher.refused:
        raise LayoutError(f"the pages ask for {fetcher.refused[0][:200]}, which is no asset")
    return Pages(native)


@cache
def _weasyprint() -> Any:  # noqa: ANN401 - it is not typed
    """Import weasyprint, and have fonts cut by libraries that are pinned, in the same way always.

    The machine's HarfBuzz, which it prefers and asks for, does it a little otherwise each year.
    What it sets for all who open pictures, that one cut off counts as whole, is taken back.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import weasyprint
    from fontTools.ttLib import TTFont
    from PIL import ImageFile
    from weasyprint.pdf import fonts

    ImageFile.LOAD_TRUNCATED_IMAGES = False
    budget.watch()
    fonts.harfbuzz_subset = None
    fonts.Font._fonttools_subset = cut_large_here(fonts.Font._fonttools_subset)
    fonts.TTFont = partial(TTFont, recalcTimestamp=False)
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    return weasyprint


class _PageCounter(logging.Handler):
    """Stops weasyprint when it begins too many pages: some input would have it never end."""

    def __init__(self) -> None:
        super().__init__()
        self._pages = 0

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if "Page" in record.getMessage():
            self._pages += 1
            if self._pages > MAX_PAGES:
                raise LayoutError(f"the document has more than {MAX_PAGES} pages")


@contextmanager
def _few_pages() -> Iterator[None]:
    progress, counter = logging.getLogger("weasyprint.progress"), _PageCounter()
    before = (progress.level, progress.propagate)
    progress.setLevel(logging.INFO)
    progress.propagate = False
    progress.addHandler(counter)
    try:
        yield
    finally:
        progress.removeHandler(counter)
        progress.setLevel(before[0])
        progress.propagate = before[1]
