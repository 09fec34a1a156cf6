"""How much work tables and selectors may be: little text can ask for very much of it.

A cell may say that it covers others, and a table is as wide as its cells make it. A selector looks
at every ancestor or sibling for each of its parts, and all combinations of them where none fits.
"""

import re
from collections import Counter
from math import comb
from typing import TYPE_CHECKING, Final

from venture_core.artifacts.paged.markup import LINE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

MAX_COLUMNS: Final = 200
MAX_PLACES: Final = 100_000
"""Of all tables: columns by rows, whether anything stands there or not."""
MAX_LOOKS: Final = 5_000_000
"""How often all selectors together look at an element, at most; two seconds."""
_NAMES: Final = re.compile("[.#]?[A-Za-z0-9_-]+")


def wide_tables(body: Element) -> Iterator[tuple[str, str]]:
    """Say what was expected and what is wrong, where tables have too many places."""
    places = 0
    for table in body.iter("table"):
        columns, rows = _size(table)
        if columns > MAX_COLUMNS:
            found = f"line {table.get(LINE)}: cells of the table cover {columns} or more"
            yield f"at most {MAX_COLUMNS} columns in a table", found
            return
        places += columns * rows
    if places > MAX_PLACES:
        expected = f"at most {MAX_PLACES} places in all tables together, which are rows by columns"
        yield expected, f"there are {places}"


def _size(table: Element) -> tuple[int, int]:
    """Return how many columns and rows a table has, its cells being as large as they say.

    It stops counting above `MAX_COLUMNS`.
    """
    widest = rows = 0
    for group in table:
        widest = max(widest, sum(int(column.get("span", "1")) for column in group.iter("col")))
        reaching: list[tuple[int, int]] = []
        for row in group if group.tag != "colgroup" else ():
            rows += 1
            taken = sum(width for width, _ in reaching)
            reaching = [(width, left - 1) for width, left in reaching if left > 1]
            for cell in row:
                width, height = int(cell.get("colspan", "1")), int(cell.get("rowspan", "1"))
                taken += width
                if height > 1:
                    reaching.append((width, height - 1))
            widest = max(widest, taken)
            if widest > MAX_COLUMNS:
                return widest, rows
    return widest, rows


def dear_selectors(selectors: Sequence[str], body: Element) -> Iterator[tuple[str, str]]:
    """Say what was expected and what is wrong, where selectors look at elements too often."""
    shape = _Shape(body)
    looks = [(shape.looks(selector), selector) for selector in selectors]
    if sum(count for count, _ in looks) > MAX_LOOKS:
        _, dearest = max(looks)
        yield (
            "selectors with fewer ancestors (a space) and siblings (~) in them",
            f"they look at elements more than {MAX_LOOKS:,} times, most of all {dearest[:60]!r}",
        )


class _Shape:
    """How deep and how wide a document is, and how often it has which names."""

    def __init__(self, body: Element) -> None:
        self._depth = self._siblings = 0
        self._named: Counter[str] = Counter()
        level = [body]
        while level:
            self._depth += 1
            self._siblings = max(self._siblings, *map(len, level), 0)
            level = [child for element in level for child in element]
            for element in level:
                self._named.update(_names(element))

    def looks(self, selector: str) -> int:
        """Return how often a selector looks at an element, at most."""
        words = selector.split(" ")
        siblings = words.count("~")
        joined = siblings + words.count(">") + words.count("+")
        ancestors = len(words) - 1 - 2 * joined
        ways = comb(self._depth, min(ancestors, self._depth // 2))
        ways *= comb(self._siblings, min(siblings, self._siblings // 2))
        # weasyprint looks only at elements that have the names in the last part.
        names = _NAMES.findall(words[-1].partition(":")[0])
        return ways * min(self._named[name] for name in (*names, "*"))


def _names(element: Element) -> Iterator[str]:
    yield "*"
    yield element.tag
    for name in element.get("class", "").split():
        yield f".{name}"
    if identity := element.get("id"):
        yield f"#{identity}"
