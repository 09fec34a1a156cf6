"""Every program gets the settings that it requires, and none that it does not know."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings
from chartmanifests import (
    COMPONENT,
    Json,
    Render,
    components_that_reach,
    containers,
    named,
    of_kind,
    operator_env,
)

SOURCES = "VENTURE_SETTING_SOURCES"
"""What the reading of settings itself takes: where each comes from."""


def test_the_operator_gets_every_setting_it_requires(manifests: list[Json]) -> None:
    from venture_operator.settings import OperatorSettings

    env = operator_env(manifests)
    for name, field in OperatorSettings.model_fields.items():
        if field.is_required():
            assert str(field.validation_alias or f"VENTURE_{name.upper()}") in env
    known = {
        str(field.validation_alias or f"VENTURE_{name.upper()}")
        for name, field in OperatorSettings.model_fields.items()
    }
    assert env.keys() - {SOURCES} <= known


def servers() -> list[tuple[str, type[BaseSettings]]]:
    from venture_control_plane_api.settings import ControlPlaneSettings
    from venture_egress_proxy.settings import EgressProxySettings
    from venture_policy_engine.settings import PolicyEngineSettings
    from venture_treasury_api.settings import TreasurySettings
    from venture_webhooks.settings import WebhookSettings

    return [
        ("control-plane-api", ControlPlaneSettings),
        ("egress-proxy", EgressProxySettings),
        ("policy-engine", PolicyEngineSettings),
        ("treasury-api", TreasurySettings),
        ("webhooks", WebhookSettings),
    ]


@pytest.mark.parametrize(("server", "settings"), servers())
def test_a_server_gets_every_setting_it_requires(
    render_chart: Render, server: str, settings: type[BaseSettings]
) -> None:
    manifests = render_chart("ci/production.yaml")
    (container,) = [one for each, one in containers(manifests) if each.endswith(f"/{server}")]
    given = {variable["name"] for variable in container["env"]}
    fields = settings.model_fields.items()
    names = {
        str(field.validation_alias or f"VENTURE_{name.upper()}"): field.is_required()
        for name, field in fields
    }
    required = {name for name, needed in names.items() if needed}
    assert required | {"VENTURE_TLS_CERTIFICATE_FILE"} <= given - {SOURCES} <= names.keys()


def from_a_secret(variable: Json) -> str:
    """Return what a Secret might hold for a setting."""
    schemes = {"VENTURE_POSTGRES_URL": "postgresql", "VENTURE_NATS_URL": "nats"}
    scheme = schemes.get(variable["name"])
    return f"{scheme}://from.elsewhere" if scheme else "from elsewhere"


def record_processes() -> list[tuple[str, type[BaseSettings]]]:
    from venture_record.settings import ProjectorSettings, RelaySettings, SequencerSettings

    return [
        ("sequencer", SequencerSettings),
        ("relay", RelaySettings),
        ("projector", ProjectorSettings),
    ]


def test_the_record_s_processes_get_every_setting_they_require(manifests: list[Json]) -> None:
    for component, settings in record_processes():
        (container,) = [
            one for name, one in containers(manifests) if name == f"venture-{component}/{component}"
        ]
        given = {variable["name"] for variable in container["env"]}
        fields = settings.model_fields
        required = {f"VENTURE_{name.upper()}" for name in fields if fields[name].is_required()}
        assert required <= given - {SOURCES} <= {f"VENTURE_{name.upper()}" for name in fields}


def test_the_record_s_processes_take_the_settings(
    manifests: list[Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in the manifest is what the process can read, but for what Secrets hold."""
    for component, settings in record_processes():
        deployment = named(manifests, "Deployment", f"venture-{component}")
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        for variable in container["env"]:
            if variable["name"].endswith("_CA_FILE"):
                continue  # there in the pod only
            monkeypatch.setenv(variable["name"], variable.get("value", from_a_secret(variable)))
        settings()


def test_checkpoint_keys_of_a_rotation_are_mounted(render_chart: Render) -> None:
    deployment = named(render_chart("ci/production.yaml"), "Deployment", "venture-sequencer")
    pod = deployment["spec"]["template"]["spec"]
    env = {one["name"]: one.get("value") for one in pod["containers"][0]["env"]}
    assert env["VENTURE_CHECKPOINT_ORIGIN"] == "venture.example.com/record"
    assert env["VENTURE_CHECKPOINT_KEY_FILE"] == "/etc/venture/keys/key-2.pem"
    further = json.loads(env["VENTURE_CHECKPOINT_FURTHER_KEY_FILES"] or "")
    assert further == ["/etc/venture/keys/key-1.pem"]
    secrets = [volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume]
    assert secrets == ["venture-checkpoints", "venture-db-ca"]


def test_the_preflight_gets_every_setting_it_requires(manifests: list[Json]) -> None:
    from venture_core.preflight.settings import PreflightSettings

    (container,) = [one for name, one in containers(manifests) if name.endswith("/preflight")]
    given = {variable["name"] for variable in container["env"]}
    fields = PreflightSettings.model_fields
    required = {f"VENTURE_{name.upper()}" for name in fields if fields[name].is_required()}
    keys = {"VENTURE_S3_ACCESS_KEY_ID", "VENTURE_S3_SECRET_ACCESS_KEY"}
    known = {f"VENTURE_{name.upper()}" for name in fields}
    assert required | keys <= given - {SOURCES} <= known


@pytest.mark.parametrize("program", ["archiver", "confirmer"])
def test_both_halves_come_with_a_retention_and_get_their_settings(
    program: str, render_chart: Render, monkeypatch: pytest.MonkeyPatch
) -> None:
    from venture_record.settings import ArchiverSettings

    assert of_kind(render_chart("ci/dev.yaml"), "CronJob") == []
    manifests = render_chart("ci/dev.yaml", sets=("record.retention.months=3",))
    named(manifests, "CronJob", f"venture-{program}")
    (container,) = [one for name, one in containers(manifests) if name.endswith(f"/{program}")]
    given = {variable["name"] for variable in container["env"]}
    known = {f"VENTURE_{name.upper()}" for name in ArchiverSettings.model_fields}
    assert given - {SOURCES} <= known
    for variable in container["env"]:
        monkeypatch.setenv(variable["name"], variable.get("value", from_a_secret(variable)))
    assert ArchiverSettings().retention_months == 3
    for endpoint, port in (("postgres", 5432), ("s3", 7070)):
        (rule,) = named(manifests, "NetworkPolicy", f"venture-{endpoint}")["spec"]["ingress"]
        labels = [peer["podSelector"]["matchLabels"] for peer in rule["from"]]
        assert program in {each.get(COMPONENT) for each in labels}
        assert program in components_that_reach(manifests, port)


def test_the_migration_gets_the_settings_that_it_knows(
    manifests: list[Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    from venture_core.record.migrate import MigrateSettings

    (container,) = [one for name, one in containers(manifests) if name.endswith("/migrate")]
    given = {variable["name"] for variable in container["env"]}
    known = {f"VENTURE_{name.upper()}" for name in MigrateSettings.model_fields}
    assert {"VENTURE_POSTGRES_URL", "VENTURE_LOGINS"} <= given <= known
    for variable in container["env"]:
        if not variable["name"].endswith("_CA_FILE"):
            monkeypatch.setenv(variable["name"], variable.get("value", from_a_secret(variable)))
    assert "venture_relay" in MigrateSettings().logins["relay"].roles
