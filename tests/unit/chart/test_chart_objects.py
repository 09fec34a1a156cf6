"""What the chart renders besides its programs, over every example of values."""

from __future__ import annotations

import json
import tomllib

import yaml
from chartmanifests import EXAMPLES, Json, Render, matches, named, of_kind, workloads
from surroundings import CHART, REPOSITORY


def test_examples_cover_development_production_and_namespaces() -> None:
    assert EXAMPLES == ["ci/dev.yaml", "ci/namespaced.yaml", "ci/production.yaml"]


def test_the_development_example_is_what_values_dev_turns_on(render_chart: Render) -> None:
    def shape(values: str) -> set[tuple[str, str]]:
        rendered = render_chart(values)
        return {(one["kind"], one["metadata"]["name"]) for one in rendered}

    assert shape("ci/dev.yaml") == shape("values-dev.yaml")


def test_services_and_budgets_select_pods_of_the_release(manifests: list[Json]) -> None:
    pods = [one["spec"]["template"]["metadata"]["labels"] for one in workloads(manifests)]
    for service in of_kind(manifests, "Service"):
        assert [one for one in pods if service["spec"]["selector"].items() <= one.items()]
    for budget in of_kind(manifests, "PodDisruptionBudget"):
        assert [one for one in pods if matches(budget["spec"]["selector"], one)]


def test_a_single_replica_has_no_disruption_budget(render_chart: Render) -> None:
    assert not of_kind(render_chart("ci/namespaced.yaml"), "PodDisruptionBudget")
    budgets = of_kind(render_chart("ci/production.yaml"), "PodDisruptionBudget")
    names = {budget["metadata"]["name"] for budget in budgets}
    assert names == {
        "venture",
        "venture-control-plane-api",
        "venture-egress-proxy",
        "venture-policy-engine",
        "venture-relay",
        "venture-sequencer",
        "venture-treasury-api",
        "venture-webhooks",
    }
    assert {budget["spec"]["maxUnavailable"] for budget in budgets} == {1}


def test_a_service_monitor_only_on_demand(render_chart: Render) -> None:
    assert not of_kind(render_chart("ci/production.yaml"), "ServiceMonitor")
    monitored = render_chart(
        "ci/production.yaml",
        sets=('metrics.serviceMonitor={"enabled": true, "labels": {"release": "prometheus"}}',),
    )
    (monitor,) = of_kind(monitored, "ServiceMonitor")
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    scraped = {
        service["metadata"]["name"]
        for service in of_kind(monitored, "Service")
        if matches(monitor["spec"]["selector"], service["metadata"]["labels"])
    }
    assert scraped == {
        "venture-metrics",
        "venture-control-plane-api-metrics",
        "venture-egress-proxy-metrics",
        "venture-policy-engine-metrics",
        "venture-treasury-api-metrics",
        "venture-webhooks-metrics",
        "venture-sequencer-metrics",
        "venture-relay-metrics",
        "venture-projector-metrics",
    }


def test_definitions_are_installed_kept_or_left_out(render_chart: Render) -> None:
    keep = "helm.sh/resource-policy"
    for definition in of_kind(render_chart("ci/production.yaml"), "CustomResourceDefinition"):
        assert definition["metadata"]["annotations"][keep] == "keep"
    for definition in of_kind(render_chart("ci/dev.yaml"), "CustomResourceDefinition"):
        assert keep not in definition["metadata"].get("annotations", {})
    assert not of_kind(render_chart("ci/namespaced.yaml"), "CustomResourceDefinition")


def test_extra_objects_are_rendered_as_templates(render_chart: Render) -> None:
    extra = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "{{ .Release.Name }}-extra"},
    }
    manifests = render_chart("ci/dev.yaml", sets=(f"extraObjects=[{json.dumps(extra)}]",))
    assert named(manifests, "ConfigMap", "venture-extra")


def test_the_chart_has_the_version_of_the_workspace() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == project["version"]
