"""The table of refusals as docs/reference/refusals.md shows it.

`python -m refusalpage` (with tests/support on the path) writes it; a test compares.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from refusals import Guard
from refusedwords import WORDS
from refusedwork import WORK
from surroundings import REPOSITORY

if TYPE_CHECKING:
    from refusals import Refusal

PAGE: Final = REPOSITORY / "docs" / "reference" / "refusals.md"
HEAD: Final = """\
# What is refused

What people try with kubectl, who refuses it, and in which words; then the same while every webhook
is away. This page is the table by which `tests/integration/test_refusals.py` tries each line at a
real API server, with the chart's roles and policies, the webhooks and the operator.

- **rights**: RBAC. The role `edit` writes Workflows, MoneyIntents and ArtifactBuilds only.
- **webhook**: ours, by the bundle that governs.
- **admission policy**: the API server itself, by policies that the chart brings.
- **definition**: the API server itself, by the kind's schema.
- **operator**: the object is taken and nothing comes of it. The reason stands in its conditions;
  whose words count, in the status of what they were said to.
"""
ROW: Final = "| {} | {} | {} |"


def page() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for kind, rows in groupby((*WORK, *WORDS), key=lambda each: each.act.kind):
        parts += [f"\n## {kind}\n", ROW.format("tried", "refused by", "while webhooks are away")]
        parts += [ROW.format("---", "---", "---"), *map(_row, rows)]
    return "\n".join(parts) + "\n"


def _row(refusal: Refusal) -> str:
    away = refusal.away()
    same = (away.guard, away.words) == (refusal.guard, refusal.words)
    return ROW.format(refusal.tries, _said(refusal), "the same" if same else _said(away))


def _said(refusal: Refusal) -> str:
    if refusal.guard is Guard.OPERATOR and refusal.reason != "Given":
        return f"{refusal.guard}, `{refusal.reason}`"
    if refusal.guard is Guard.OPERATOR:
        return f"{refusal.guard}: does not count"
    return f"{refusal.guard}: {_escaped(refusal.words)}"


def _escaped(words: str) -> str:
    for name in ("namespace", "frozen"):
        words = words.replace(f"<{name}>", "NAMESPACE")
    return f"`{words.strip()}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
