"""Who may speak to whom, by the chart's network policies."""

from __future__ import annotations

import pytest
from chartmanifests import (
    COMPONENT,
    WORK,
    Json,
    Render,
    components_that_reach,
    matches,
    named,
    of_kind,
    policies_of,
    workloads,
)


def test_one_network_policy_covers_each_pod_both_ways(manifests: list[Json]) -> None:
    policies = policies_of(manifests, "venture-system")
    for workload in workloads(manifests):
        labels = workload["spec"]["template"]["metadata"]["labels"]
        covering = [one for one in policies if matches(one["spec"]["podSelector"], labels)]
        assert len(covering) == 1, workload["metadata"]["name"]
        assert sorted(covering[0]["spec"]["policyTypes"]) == ["Egress", "Ingress"]
    assert len(policies) == len(workloads(manifests))


def test_compile_jobs_reach_s3_and_dns_only(render_chart: Render) -> None:
    dns = {
        "to": [
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
        ],
        "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
    }

    def egress(values: str) -> list[Json]:
        policy = named(render_chart(values), "NetworkPolicy", "venture-compile")
        assert policy["metadata"]["namespace"] == WORK
        assert policy["spec"]["ingress"] == []
        rules: list[Json] = policy["spec"]["egress"]
        return rules

    s3 = named(render_chart("ci/dev.yaml"), "StatefulSet", "venture-s3")
    namespace = {"matchLabels": {"kubernetes.io/metadata.name": "venture-system"}}
    development = {
        "to": [{"namespaceSelector": namespace, "podSelector": s3["spec"]["selector"]}],
        "ports": [{"protocol": "TCP", "port": 7070}],
    }
    assert egress("ci/dev.yaml") == [development, dns]
    production = {
        "to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}],
        "ports": [{"protocol": "TCP", "port": 443}],
    }
    assert egress("ci/production.yaml") == [production, dns]


def test_s3_in_development_admits_those_who_use_it_and_compile_jobs(
    render_chart: Render,
) -> None:
    policy = named(render_chart("ci/dev.yaml"), "NetworkPolicy", "venture-s3")
    (rule,) = policy["spec"]["ingress"]
    *ours, compile_jobs = rule["from"]
    component = "app.kubernetes.io/component"
    admitted = [each["podSelector"]["matchLabels"][component] for each in ours]
    assert len(admitted) == len(set(admitted))
    assert set(admitted) == components_with(render_chart("ci/dev.yaml"), "VENTURE_S3_ENDPOINT")
    assert compile_jobs == {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": WORK}},
        "podSelector": {
            "matchLabels": {
                "app.kubernetes.io/managed-by": "venture",
                "venture.parpour.dev/job": "compile",
            }
        },
    }


def test_the_data_plane_calls_nobody(render_chart: Render) -> None:
    policies = of_kind(render_chart("ci/dev.yaml"), "NetworkPolicy")
    for name in ("venture-postgres", "venture-nats", "venture-valkey", "venture-s3"):
        (policy,) = [one for one in policies if one["metadata"]["name"] == name]
        assert "egress" not in policy["spec"]
        assert len(policy["spec"]["ingress"]) == 1


@pytest.mark.parametrize(
    ("endpoint", "port"), [("postgres", 5432), ("nats", 4222), ("valkey", 6379)]
)
def test_who_has_an_endpoint_s_url_reaches_it_and_nobody_else(
    render_chart: Render, endpoint: str, port: int
) -> None:
    manifests = render_chart("ci/dev.yaml")
    (rule,) = named(manifests, "NetworkPolicy", f"venture-{endpoint}")["spec"]["ingress"]
    admitted = {peer["podSelector"]["matchLabels"][COMPONENT] for peer in rule["from"]}
    variable = {"valkey": "VENTURE_REDIS_URL"}.get(endpoint, f"VENTURE_{endpoint.upper()}_URL")
    assert admitted == components_with(manifests, variable)
    assert admitted == components_that_reach(manifests, port)


def components_with(manifests: list[Json], variable: str) -> set[str]:
    return {
        workload["spec"]["template"]["metadata"]["labels"][COMPONENT]
        for workload in workloads(manifests)
        for container in workload["spec"]["template"]["spec"]["containers"]
        if variable in {one["name"] for one in container.get("env", [])}
    }


def test_network_policies_can_be_left_to_someone_else(render_chart: Render) -> None:
    manifests = render_chart("ci/dev.yaml", sets=("networkPolicy.enabled=false",))
    assert not policies_of(manifests, "venture-system")
    # Those around Jobs are no choice: Jobs run on what people wrote.
    assert {each["metadata"]["name"] for each in policies_of(manifests, WORK)} == {
        "venture-closed",
        "venture-compile",
        "venture-agent",
    }
