"""Changes in plain words, and as data."""

import json
import re
from typing import TYPE_CHECKING, Any, Final

from venture_cli.domain.comparing import WHOLE

if TYPE_CHECKING:
    from venture_cli.domain.comparing import Change, Detail, Path

MAX_SHOWN: Final = 60
"""Characters of a value."""
_AROUND: Final = 20
"""Characters that stay before the first that differs."""
_INNER_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SAID: Final = ("text", "title", "header", "label", "name")
_ITEMS: Final = {"series": "series", "categories": "category", "entries": "entry", "rows": "row"}


def headline(change: Change) -> str:
    """Return what happened to a part, as `slide 3 “Costs” is new`."""
    if change.noun == WHOLE:
        return WHOLE
    number = change.after or change.before
    name = f"{change.noun} {number}" + (f" “{_cut(change.title)}”" if change.title else "")
    if change.before is None:
        return f"{name} is new"
    if change.after is None:
        return f"{name} is gone"
    was = f", was {change.noun} {change.before}" if change.before != change.after else ""
    return f"{name}{was}{', moved' if change.moved else ''}"


def line(detail: Detail) -> str:
    """Return what happened to a field, as `bullet 2: “£1M” → “£2M”`."""
    where = place(detail.path)
    if detail.before is None:
        return f"{where}: new {_value(detail.after)}"
    if detail.after is None:
        return f"{where}: no more {_value(detail.before)}"
    if isinstance(detail.before, str) and isinstance(detail.after, str):
        before, after = _around(detail.before, detail.after)
        return f"{where}: “{before}” → “{after}”"
    return f"{where}: {_value(detail.before)} → {_value(detail.after)}"


def place(path: Path) -> str:
    """Return a path as people say it: `table, row 3, cell 2`."""
    words: list[str] = []
    for step in path:
        if isinstance(step, str):
            words.append(_INNER_CAPITAL.sub(" ", step).lower())
        elif words and words[-1].split(" ")[-1].isdigit():
            words.append(f"cell {step}")
        elif words:
            words[-1] = f"{_item(words[-1])} {step}"
    if len(words) > 1 and words[-1] == "text":
        words.pop()
    return ", ".join(words)


def _item(many: str) -> str:
    return _ITEMS.get(many) or many.removesuffix("s")


def _value(value: Any) -> str:  # noqa: ANN401  JSON
    if isinstance(value, dict):
        said = next((value[field] for field in _SAID if isinstance(value.get(field), str)), None)
        value = said or json.dumps(value, ensure_ascii=False)
    elif isinstance(value, list):
        value = " | ".join(map(_value, value))
        return _cut(value)
    return f"“{_cut(value)}”" if isinstance(value, str) else json.dumps(value)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _around(before: str, after: str) -> tuple[str, str]:
    """Cut two long texts so that the first characters that differ are seen."""
    if max(len(before), len(after)) <= MAX_SHOWN:
        return before, after
    pairs = zip(before, after, strict=False)
    differ = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(before), len(after)))
    start = max(0, differ - _AROUND)
    lead = "…" if start else ""
    return lead + _cut(before[start:]), lead + _cut(after[start:])


def as_data(change: Change) -> dict[str, Any]:
    """Return a change for programs."""
    details = [
        {"at": list(each.path), "before": each.before, "after": each.after}
        for each in change.details
    ]
    return {
        "part": change.noun,
        "title": change.title,
        "before": change.before,
        "after": change.after,
        "moved": change.moved,
        "details": details,
    }
