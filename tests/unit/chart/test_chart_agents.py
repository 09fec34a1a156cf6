"""Agents in the chart: how the operator is told to run them, and whom they reach."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from chartmanifests import (
    COMPONENT,
    WORK,
    Json,
    Render,
    matches,
    named,
    of_kind,
    operator_env,
    policies_of,
    workloads,
)
from venture_operator.domain.agentsettings import AgentSettings
from venture_operator.domain.references import Reference
from venture_operator.kinds.workflow.agentjob import agent_job

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

ON = ("agents.enabled=true", "llmGateway.enabled=true", "toolGateway.enabled=true")
SERVICES = {"egress-proxy", "llm-gateway", "tool-gateway", "treasury-api"}


@pytest.fixture
def manifests(render_chart: Render) -> list[Json]:
    return render_chart("ci/dev.yaml")


def settings(manifests: list[Json]) -> AgentSettings:
    return AgentSettings.model_validate_json(operator_env(manifests)["VENTURE_AGENTS"]["value"])


def pod_labels(manifests: list[Json]) -> dict[str, str]:
    job = agent_job(
        Reference("Workflow", "team", "launch", "5d1ff6c8-5a53-4f4c-8d8a-6f3f1c1b0f5e"),
        name="launch-research",
        namespace=WORK,
        timeout_seconds=60,
        settings=settings(manifests),
        hosts={},
    )
    labels: dict[str, str] = job["spec"]["template"]["metadata"]["labels"]
    return labels


@pytest.mark.parametrize("example", ["ci/production.yaml", "ci/namespaced.yaml"])
def test_they_are_off_unless_asked_for(render_chart: Render, example: str) -> None:
    plain = render_chart(example)
    assert "VENTURE_AGENTS" not in operator_env(plain)
    assert {each["metadata"]["name"] for each in policies_of(plain, WORK)} <= {
        "venture-closed",
        "venture-compile",
    }
    # The gateways alone start none.
    gateways = {"postgres.logins.llm-gateway", "postgres.logins.tool-gateway"}
    login = '{"existingSecret": "own", "existingSecretKey": "url"}'
    logins = [f"{each}={login}" for each in gateways] if "production" in example else []
    both = render_chart(example, sets=(*ON[1:], *logins))
    assert "VENTURE_AGENTS" not in operator_env(both)


def test_the_operator_calls_services_that_are_there(manifests: list[Json]) -> None:
    given = settings(manifests)
    urls = {
        given.llm_gateway_url,
        given.egress_proxy_url,
        given.tool_gateway_url,
        given.treasury_url,
    }
    hosts = {f"venture-{each}.venture-system.svc" for each in SERVICES}
    assert {urlsplit(url).hostname for url in urls} == hosts
    for url in urls:
        assert urlsplit(url).scheme == "https"
        service = named(manifests, "Service", (urlsplit(url).hostname or "").split(".")[0])
        assert [each["port"] for each in service["spec"]["ports"]] == [443]
    # Each has a certificate for the name by which it is called, of an authority that agents trust.
    serving = json.loads(operator_env(manifests)["VENTURE_SERVING"]["value"])
    assert hosts <= {name for names in serving["servers"].values() for name in names}
    assert given.authorities_config_map == serving["config_map"]
    assert named(manifests, "ConfigMap", given.authorities_config_map, WORK)


def test_their_account_has_no_right_and_no_token(manifests: list[Json]) -> None:
    account = named(manifests, "ServiceAccount", settings(manifests).service_account)
    assert account["metadata"]["namespace"] == WORK
    assert account["automountServiceAccountToken"] is False
    for binding in of_kind(manifests, "RoleBinding", "ClusterRoleBinding"):
        for subject in binding["subjects"]:
            assert (subject["name"], subject.get("namespace")) != (
                account["metadata"]["name"],
                WORK,
            )


def test_they_reach_the_services_that_decide_and_nothing_else(manifests: list[Json]) -> None:
    labels = pod_labels(manifests)
    about = [
        each
        for each in policies_of(manifests, WORK)
        if matches(each["spec"]["podSelector"], labels)
    ]
    assert {each["metadata"]["name"] for each in about} == {"venture-closed", "venture-agent"}
    assert all(each["spec"]["ingress"] == [] for each in about)
    reached = set()
    for rule in (rule for each in about for rule in each["spec"]["egress"]):
        assert rule["ports"] == [{"protocol": "TCP", "port": 8443}]
        (peer,) = rule["to"]
        namespace = peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        assert namespace == "venture-system"
        reached.add(peer["podSelector"]["matchLabels"][COMPONENT])
        pods = [each["spec"]["template"]["metadata"]["labels"] for each in workloads(manifests)]
        assert len([each for each in pods if matches(peer["podSelector"], each)]) == 1
    assert reached == SERVICES


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_those_services_let_them_in(manifests: list[Json], service: str) -> None:
    policy = named(manifests, "NetworkPolicy", f"venture-{service}")
    (served,) = [each for each in policy["spec"]["ingress"] if each["ports"][0]["port"] == 8443]
    labels = pod_labels(manifests)
    assert [
        peer
        for peer in served["from"]
        if matches(peer.get("namespaceSelector", {}), {"kubernetes.io/metadata.name": WORK})
        and matches(peer["podSelector"], labels)
    ]


def test_the_preflight_starts_their_image(manifests: list[Json], render_chart: Render) -> None:
    def containers(rendered: list[Json]) -> dict[str, str]:
        pod = named(rendered, "Job", "venture-preflight")["spec"]["template"]["spec"]
        return {each["name"]: each["image"] for each in pod["containers"]}

    assert containers(manifests)["agents"] == settings(manifests).image
    assert "agents" not in containers(render_chart("ci/production.yaml"))


def test_their_jobs_are_as_the_values_say(render_chart: Render) -> None:
    image = {"registry": "own.test", "tag": "v2", "pullPolicy": "Always"}
    manifests = render_chart(
        "ci/dev.yaml",
        sets=(
            *(f"agents.image.{key}={json.dumps(value)}" for key, value in image.items()),
            "agents.resources.limits.cpu=2",
            'agents.nodeSelector={"pool": "agents"}',
            'global.imagePullSecrets=[{"name": "pull"}]',
        ),
    )
    given = settings(manifests)
    assert given.image == "own.test/venture-agent-runtime:v2"
    assert given.image_pull_policy == "Always"
    assert given.image_pull_secrets == ("pull",)
    assert given.resources["limits"]["cpu"] == "2"
    assert given.scheduling == {"nodeSelector": {"pool": "agents"}}


@pytest.mark.parametrize(
    ("sets", "sentence"),
    [
        (
            ("toolGateway.enabled=false",),
            "Set toolGateway.enabled to true: it is the only way of agents to files",
        ),
        (
            ("llmGateway.enabled=false",),
            "Set llmGateway.enabled to true: it is the only way of agents to language",
        ),
        (
            ('global.imageRegistry=""', 'image.registry="r.test"'),
            "(or agents.image.registry) to the registry that holds venture-agent-runtime.",
        ),
    ],
)
def test_what_they_need_is_named(
    helm_template: Callable[..., subprocess.CompletedProcess[str]],
    sets: tuple[str, ...],
    sentence: str,
) -> None:
    refused = helm_template("ci/dev.yaml", sets=sets)
    assert refused.returncode != 0
    assert sentence in refused.stderr
