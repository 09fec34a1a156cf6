"""Every alert has a section that says what to do, and leads there if told where the page is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from surroundings import REPOSITORY

if TYPE_CHECKING:
    from chartmanifests import Json, Render

PAGE = (REPOSITORY / "docs" / "runbooks.md").read_text()
BASE = "https://docs.example.com/runbooks"
TURNED_ON = ("metrics.alerts.enabled=true", f'metrics.alerts.runbooks="{BASE}"')


def alerts(render: Render) -> list[Json]:
    manifests = render("ci/production.yaml", sets=TURNED_ON)
    (found,) = [one for one in manifests if one["kind"] == "PrometheusRule"]
    return [rule for group in found["spec"]["groups"] for rule in group["rules"]]


def test_there_is_a_section_for_every_alert_in_their_order(render_chart: Render) -> None:
    sections = re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)
    assert sections == [rule["alert"] for rule in alerts(render_chart)]


def test_an_alert_leads_to_its_section(render_chart: Render) -> None:
    for rule in alerts(render_chart):
        assert rule["annotations"]["runbook_url"] == f"{BASE}#{rule['alert'].lower()}"


def test_the_tests_that_it_names_are_there() -> None:
    files = (REPOSITORY / "tests").rglob("test_*.py")
    defined = {name for each in files for name in re.findall(r"def (test_\w+)\(", each.read_text())}
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 20
    assert named <= defined
