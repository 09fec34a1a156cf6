"""The llm-gateway in the chart: who reaches it, whom it reaches, what it may do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from chartmanifests import WORK, Json, Render, named, of_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "venture-llm-gateway"
ON = ("llmGateway.enabled=true",)
LOGIN = 'postgres.logins.llm-gateway={"existingSecret": "own", "existingSecretKey": "url"}'
KEYS = ('llmGateway.existingSecret="llm-keys"', 'llmGateway.priceTableKey="prices.json"')


@pytest.fixture
def manifests(render_chart: Render) -> list[Json]:
    return render_chart("ci/production.yaml", sets=(*ON, *KEYS, LOGIN))


def container(manifests: list[Json]) -> Json:
    (found,) = named(manifests, "Deployment", NAME)["spec"]["template"]["spec"]["containers"]
    return dict(found)


def rules(manifests: list[Json], kind: str) -> Iterator[tuple[str, str, str]]:
    for role in of_kind(manifests, kind):
        if role["metadata"]["labels"].get("app.kubernetes.io/component") != "llm-gateway":
            continue
        for rule in role["rules"]:
            assert len(rule["apiGroups"]) == len(rule["resources"]) == 1
            for verb in rule["verbs"]:
                yield rule["apiGroups"][0], rule["resources"][0], verb


def test_it_is_off_unless_asked_for(render_chart: Render) -> None:
    assert not [
        each
        for each in render_chart("ci/production.yaml")
        if each["metadata"]["name"].startswith(NAME)
    ]


def test_agents_reach_it_and_nobody_else(manifests: list[Json]) -> None:
    policy = named(manifests, "NetworkPolicy", NAME)["spec"]
    (served,) = [each for each in policy["ingress"] if each["ports"][0]["port"] == 8443]
    (peer,) = served["from"]
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": WORK}
    assert peer["podSelector"]["matchLabels"]["venture.parpour.dev/job"] == "agent"


def test_it_reaches_providers_where_the_values_say(render_chart: Render) -> None:
    def blocks(*sets: str) -> list[Json]:
        policy = named(render_chart("ci/dev.yaml", sets=(*ON, *sets)), "NetworkPolicy", NAME)
        peers = [each for rule in policy["spec"]["egress"] for each in rule.get("to", [])]
        return [each["ipBlock"] for each in peers if "ipBlock" in each]

    (public,) = blocks()
    assert "169.254.0.0/16" in public["except"]
    proxy = [{"to": [{"ipBlock": {"cidr": "192.0.2.7/32"}}]}]
    assert blocks(f"llmGateway.egress={json.dumps(proxy)}") == [{"cidr": "192.0.2.7/32"}]


def test_it_may_verify_callers_and_see_freezes_and_nothing_else(manifests: list[Json]) -> None:
    assert set(rules(manifests, "ClusterRole")) == {
        ("authentication.k8s.io", "tokenreviews", "create"),
        *(("venture.parpour.dev", "freezes", verb) for verb in ("get", "list", "watch")),
    }
    assert set(rules(manifests, "Role")) == {
        ("", "pods", verb) for verb in ("get", "list", "watch")
    }
    (role,) = [
        each
        for each in of_kind(manifests, "Role")
        if each["metadata"]["labels"].get("app.kubernetes.io/component") == "llm-gateway"
    ]
    assert role["metadata"]["namespace"] == WORK


def test_it_has_its_keys_prices_and_token_as_files(manifests: list[Json]) -> None:
    made = container(manifests)
    settings = {each["name"]: each.get("value") for each in made["env"]}
    assert settings["VENTURE_PROVIDER_KEYS"] == "/etc/venture/keys"
    assert settings["VENTURE_PRICE_TABLE_FILE"] == "/etc/venture/keys/prices.json"
    assert settings["VENTURE_TREASURY_URL"] == "https://venture-treasury-api.venture-system.svc"
    mounts = {each["name"]: each["mountPath"] for each in made["volumeMounts"]}
    assert mounts["keys"] == "/etc/venture/keys"
    spec = named(manifests, "Deployment", NAME)["spec"]["template"]["spec"]
    volumes = {each["name"]: each for each in spec["volumes"]}
    assert volumes["keys"]["secret"]["secretName"] == "llm-keys"
    (source,) = volumes["tokens"]["projected"]["sources"]
    assert source["serviceAccountToken"]["audience"] == "venture-treasury"
    token = f"{mounts['tokens']}/{source['serviceAccountToken']['path']}"
    assert settings["VENTURE_TREASURY_TOKEN_FILE"] == token
    # Calls under way are settled within what the pod has to end.
    assert int(settings["VENTURE_STOP_SECONDS"]) < spec["terminationGracePeriodSeconds"]


def test_without_keys_it_plays_scripts(render_chart: Render) -> None:
    made = container(render_chart("ci/dev.yaml", sets=ON))
    assert not {each["name"] for each in made["env"]} & {
        "VENTURE_PROVIDER_KEYS",
        "VENTURE_PRICE_TABLE_FILE",
    }
    assert "keys" not in {each["name"] for each in made["volumeMounts"]}
