"""The dashboard and the alerts speak of metrics that exist."""

from __future__ import annotations

import importlib
import json
import re
from typing import TYPE_CHECKING

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase
from venture_crds.v1alpha1.artifactbuild import BuildReason
from venture_crds.v1alpha1.reasons import CommonReason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chartmanifests import Json, Render

METRIC_MODULES = (
    "venture_operator.metrics",
    "venture_core.record.metrics",
    "venture_core.messaging.metrics",
    "venture_core.http.metrics",
    "venture_core.treasury.metrics",
    "venture_egress_proxy.metrics",
    "venture_llm_gateway.metrics",
    "venture_policy_engine.metrics",
)
SUFFIXES = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}
TURNED_ON = (
    'metrics.alerts={"enabled": true, "labels": {"release": "prometheus"}}',
    "metrics.dashboard.enabled=true",
)
WAITS = {
    BuildReason.SUSPENDED,
    BuildReason.QUEUED,
    BuildReason.COMPILING,
    BuildReason.WAITING_FOR_POD,
    BuildReason.RETRYING,
    BuildReason.THEME_NOT_FOUND,
    BuildReason.TOOLCHAIN_MISMATCH,
}
METRIC = re.compile(r"venture_[a-z0-9_]+")
LABELS = re.compile(r"\b(?:by|without) \(([^)]*)\)|\{([^{}]*)\}")
ENDS_OF_BUILDS = {each for each in BuildReason if each not in WAITS} | {
    CommonReason.POLICY_DENIES,
    CommonReason.UNREADABLE,
    CommonReason.NAME_TAKEN,
}
FROM_PROMETHEUS = {"le", "namespace", "pod"}


@pytest.fixture(scope="module")
def series() -> dict[str, set[str]]:
    """Every series that our processes can expose, and its labels."""
    found: dict[str, set[str]] = {}
    for module in METRIC_MODULES:
        for metric in vars(importlib.import_module(module)).values():
            if isinstance(metric, MetricWrapperBase):
                (described,) = metric.describe()
                for suffix in SUFFIXES[described.type]:
                    found[described.name + suffix] = set(metric._labelnames)
    return found


@pytest.fixture
def monitored(render_chart: Render) -> list[Json]:
    return render_chart("ci/production.yaml", sets=TURNED_ON)


def dashboard(manifests: list[Json]) -> Json:
    (found,) = [
        one
        for one in manifests
        if one["kind"] == "ConfigMap" and one["metadata"]["labels"].get("grafana_dashboard") == "1"
    ]
    loaded: Json = json.loads(found["data"]["venture.json"])
    return loaded


def rules(manifests: list[Json]) -> list[Json]:
    (found,) = [one for one in manifests if one["kind"] == "PrometheusRule"]
    return [rule for group in found["spec"]["groups"] for rule in group["rules"]]


def expressions(manifests: list[Json]) -> Iterator[str]:
    for rule in rules(manifests):
        yield rule["expr"]
    for panel in dashboard(manifests)["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]


def test_neither_is_made_unless_asked_for(render_chart: Render) -> None:
    for values in ("ci/dev.yaml", "ci/namespaced.yaml"):
        kinds = [one["kind"] for one in render_chart(values)]
        assert "PrometheusRule" not in kinds
        assert not [
            one
            for one in render_chart(values)
            if "grafana_dashboard" in one["metadata"].get("labels", {})
        ]


def test_every_metric_named_is_one_that_a_process_exposes(
    monitored: list[Json], series: dict[str, set[str]]
) -> None:
    named = {name for each in expressions(monitored) for name in METRIC.findall(each)}
    assert len(named) > 20
    assert named <= series.keys()


def test_every_label_named_is_one_of_the_expression_s_metrics(
    monitored: list[Json], series: dict[str, set[str]]
) -> None:
    for expression in expressions(monitored):
        known = FROM_PROMETHEUS.union(*(series[name] for name in METRIC.findall(expression)))
        for grouped, selected in LABELS.findall(expression):
            names = {name.strip() for name in grouped.split(",")} if grouped else set()
            names |= {re.split("[=!~]", each)[0].strip() for each in selected.split(",") if each}
            assert names <= known, expression


def test_every_alert_says_what_it_means_and_how_grave_it_is(monitored: list[Json]) -> None:
    alerts = rules(monitored)
    assert len({rule["alert"] for rule in alerts}) == len(alerts)
    for rule in alerts:
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"].keys() == {"summary", "description"}
        templated = re.findall(r"\$labels\.(\w+)", yaml.safe_dump(rule["annotations"]))
        for label in templated:
            assert label in rule["expr"], rule["alert"]


def test_panels_do_not_overlap(monitored: list[Json]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard(monitored)["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_nobody_is_alerted_of_what_authors_got_wrong_or_of_what_ended_well(
    monitored: list[Json],
) -> None:
    (rule,) = [each for each in rules(monitored) if each["alert"] == "VentureBuildsFailing"]
    assert 'kind="ArtifactBuild"' in rule["expr"], "Workflows that are done are no builds that fail"
    (quiet,) = re.findall(r'reason!~"([^"]*)"', rule["expr"])
    alarming = {each for each in (*BuildReason, *CommonReason) if not re.fullmatch(quiet, each)}
    assert alarming & ENDS_OF_BUILDS == {
        BuildReason.NOT_REPRODUCIBLE,
        BuildReason.OUT_OF_MEMORY,
        BuildReason.TIMEOUT,
        BuildReason.JOB_DELETED,
        BuildReason.POD_LOST,
        BuildReason.POD_DISRUPTED,
        BuildReason.POD_FAILED,
        BuildReason.COMPILER_CRASHED,
        BuildReason.RESULT_REFUSED,
        BuildReason.TRANSFER_FAILED,
        BuildReason.UPLOAD_MISSING,
        BuildReason.UPLOAD_MISMATCH,
        CommonReason.NAME_TAKEN,
    }
