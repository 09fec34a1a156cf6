"""What a run of tests comes to: counts, time against the budget, the slowest tests, failures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

BUDGET_MINUTES = {"check": 1, "unit": 5, "schema": 3, "api": 1, "integration": 16, "e2e": 17}
"""What each part may take on two cores when everything it needs is built."""
_SLOWEST_SHOWN = 20
_FAILURES = re.compile(r"^=+ (?:FAILURES|ERRORS) =+$", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """One test that ran: its tier, its name, its time with that of the fixtures it was first at."""

    tier: str
    name: str
    seconds: float


@dataclass(frozen=True)
class TierResult:
    """What came of one tier."""

    tier: str
    seconds: float
    ok: bool
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    cases: tuple[Case, ...] = ()

    def line(self) -> str:
        """Tell it in one line."""
        counts = f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"
        return f"{self.tier:<12}{clock(self.seconds):>7} of {_budget(self.tier):>6}   {counts}"


def clock(seconds: float) -> str:
    """Write a time as minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def within_budget(what: str, seconds: float) -> str:
    """Say how a time compares with the budget of a part."""
    over = seconds > BUDGET_MINUTES[what] * 60
    return f"{clock(seconds)} of {_budget(what)}{', over its budget' if over else ''}"


def _budget(what: str) -> str:
    return clock(BUDGET_MINUTES[what] * 60) if what in BUDGET_MINUTES else "-"


def read(tier: str, junit: Path, *, seconds: float, ok: bool) -> TierResult:
    """Read what pytest wrote; a run that died before it wrote anything has failed."""
    if not junit.exists():
        return TierResult(tier, seconds, ok=False)
    cases, failed, skipped = [], 0, 0
    for case in ElementTree.parse(junit).getroot().iter("testcase"):  # noqa: S314 - our own
        name = f"{case.get('classname', '').replace('.', '/')}::{case.get('name', '')}"
        cases.append(Case(tier, name, float(case.get("time", "0"))))
        failed += any(case.find(word) is not None for word in ("failure", "error"))
        skipped += case.find("skipped") is not None
    passed = len({one.name for one in cases}) - failed - skipped
    return TierResult(tier, seconds, ok, passed, failed, skipped, tuple(cases))


def failures(log: str) -> str:
    """Return what pytest says of failures, in full; all of its output when it died before that."""
    found = _FAILURES.search(log)
    return log[found.start() :] if found else log


def summary(results: Sequence[TierResult]) -> str:
    """Tell a whole run: each tier against its budget, the slowest tests, and the sum last."""
    slowest = sorted(
        (case for result in results for case in result.cases), key=lambda case: -case.seconds
    )[:_SLOWEST_SHOWN]
    lines = ["", f"{'tier':<12}{'took':>7}    {'budget':>6}"]
    lines += [
        result.line() + (" (over its budget)" if _is_over(result) else "") for result in results
    ]
    lines += ["", f"the {len(slowest)} slowest tests"]
    lines += [f"{case.seconds:>7.1f} s  {case.name}" for case in slowest]
    passed, failed, skipped = (
        sum(getattr(result, what) for result in results) for what in ("passed", "failed", "skipped")
    )
    return "\n".join([*lines, "", f"{passed} passed, {failed} failed, {skipped} skipped"])


def _is_over(result: TierResult) -> bool:
    budget = BUDGET_MINUTES.get(result.tier)
    return budget is not None and result.seconds > budget * 60
