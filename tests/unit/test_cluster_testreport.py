"""What `make test` says in the end, and the short and the long form of tests."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import soaking

REPOSITORY = Path(__file__).resolve().parents[2]
CLUSTER = REPOSITORY / "hack" / "cluster"
JUNIT = """<testsuites><testsuite>
<testcase classname="tests.unit.test_a" name="test_quick" time="0.01"/>
<testcase classname="tests.unit.test_a" name="test_slow[one]" time="12.5"/>
<testcase classname="tests.unit.test_b" name="test_no" time="0.2"><failure>no</failure></testcase>
<testcase classname="tests.unit.test_b" name="test_broken" time="0"><error>no</error></testcase>
<testcase classname="tests.unit.test_b" name="test_not_here" time="0"><skipped/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(CLUSTER))
    return importlib.import_module("testreport")


def test_a_tier_is_told_in_a_line(report: Any, tmp_path: Path) -> None:
    (tmp_path / "unit.xml").write_text(JUNIT)
    result = report.read("unit", tmp_path / "unit.xml", seconds=61.4, ok=False)
    assert " ".join(result.line().split()) == "unit 1:01 of 5:00 2 passed, 2 failed, 1 skipped"


def test_a_run_ends_with_its_slowest_tests_and_the_sum(report: Any, tmp_path: Path) -> None:
    (tmp_path / "unit.xml").write_text(JUNIT)
    unit = report.read("unit", tmp_path / "unit.xml", seconds=400, ok=True)
    api = report.TierResult(
        "api",
        3.0,
        True,
        40,
        0,
        0,
        tuple(report.Case("api", f"tests/api/test_c::test_{n}", n / 10) for n in range(40)),
    )
    lines = report.summary([unit, api]).splitlines()
    assert lines[-1] == "42 passed, 2 failed, 1 skipped"
    (over,) = [line for line in lines if "over its budget" in line]
    assert over.startswith("unit")
    slowest = lines[lines.index("the 20 slowest tests") + 1 : -2]
    assert len(slowest) == 20
    assert slowest[0].split() == ["12.5", "s", "tests/unit/test_a::test_slow[one]"]
    assert slowest[1].endswith("test_39")


def test_a_run_that_died_has_failed(report: Any, tmp_path: Path) -> None:
    result = report.read("unit", tmp_path / "absent.xml", seconds=1, ok=True)
    assert not result.ok


def test_failures_are_shown_in_full_and_nothing_before_them(report: Any) -> None:
    told = "..F..\n=== warnings ===\n==== FAILURES ====\n__ test_a __\nE  no\n=== short ===\nFAILED"
    assert report.failures(told) == told[told.index("==== FAILURES") :]
    assert report.failures("INTERNALERROR> gone") == "INTERNALERROR> gone"


def test_the_documented_budgets_are_those_of_the_runs(report: Any) -> None:
    text = (REPOSITORY / "docs" / "contributing.md").read_text()
    rows = re.findall(r"^\| (\w+) \| (\d+) \|", text, re.MULTILINE)
    assert {name: int(minutes) for name, minutes in rows} == report.BUDGET_MINUTES


def test_a_soak_runs_what_searches_and_nothing_else() -> None:
    crashes, merkle = "integration/record/test_record_crashes.py", "unit/test_event_merkle.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *(crashes, merkle)],
        cwd=REPOSITORY / "tests",
        env=os.environ | {"VENTURE_TEST_PROFILE": "soak"},
        capture_output=True,
        text=True,
        check=False,
    )
    chosen = [line for line in done.stdout.splitlines() if "::" in line]
    assert f"tests/{crashes}::test_nothing_is_lost_doubled_or_reordered" in chosen, done.stderr
    properties = [line for line in chosen if line.startswith(f"tests/{merkle}::")]
    assert 0 < len(properties) == (REPOSITORY / "tests" / merkle).read_text().count("@given(")


def test_an_unknown_profile_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENTURE_TEST_PROFILE", "long")
    with pytest.raises(ValueError, match="'long', not short or soak"):
        soaking.profile()


def test_a_soak_tries_more_and_goes_on_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENTURE_TEST_PROFILE", "short")
    assert (soaking.examples(300), soaking.seconds(short=45, soak=900)) == (300, 45)
    assert soaking.times(short=2, soak=20) == 2
    monkeypatch.setenv("VENTURE_TEST_PROFILE", "soak")
    assert (soaking.examples(300), soaking.seconds(short=45, soak=900)) == (9000, 900)
    assert soaking.times(short=2, soak=20) == 20
