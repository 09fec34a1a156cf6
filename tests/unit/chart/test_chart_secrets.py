"""Logins, keys and credentials: who holds which, which are made, and which stay."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from chartmanifests import Json, Render, containers, named, of_kind
from surroundings import CHART

SECRET_VARIABLES = re.compile("(POSTGRES|NATS|REDIS)_URL$|ACCESS_KEY|SECRET_KEY|PASSWORD$|AUTH$")


def test_no_secret_stands_in_a_manifest_other_than_a_secret(manifests: list[Json]) -> None:
    secret_values = {
        str(value)
        for secret in of_kind(manifests, "Secret")
        for value in (secret.get("stringData", {}) | secret.get("data", {})).values()
    }
    others = [one for one in manifests if one["kind"] != "Secret"]
    text = yaml.safe_dump_all(others, width=10**6)
    assert not [value for value in secret_values if value.strip() in text]
    for name, container in containers(manifests):
        for variable in container.get("env", []):
            if SECRET_VARIABLES.search(variable["name"]):
                assert "secretKeyRef" in variable.get("valueFrom", {}), (name, variable["name"])


def test_the_migration_has_a_login_of_its_own(render_chart: Render) -> None:
    manifests = render_chart("ci/production.yaml")
    (container,) = [one for name, one in containers(manifests) if name.endswith("/migrate")]
    variable = next(one for one in container["env"] if one["name"] == "VENTURE_POSTGRES_URL")
    reference = variable["valueFrom"]["secretKeyRef"]
    assert (reference["name"], reference["key"]) == ("venture-db-owner", "uri")


def test_every_program_logs_in_as_itself(manifests: list[Json]) -> None:
    for variable in ("VENTURE_POSTGRES_URL", "VENTURE_NATS_URL"):
        used: dict[tuple[str, str], set[str]] = {}
        for name, container in containers(manifests):
            for one in container.get("env", []):
                if one["name"] == variable:
                    reference = one["valueFrom"]["secretKeyRef"]
                    key = (reference["name"], reference["key"])
                    used.setdefault(key, set()).add(name.partition("/")[2])
        owner = {"migrate", "preflight"}
        for key, programs in used.items():
            shared_broker = key == ("venture-nats", "url")
            assert len(programs) == 1 or programs == owner or shared_broker, (key, programs)


def test_the_nats_server_maps_requests_away_from_streams(render_chart: Render) -> None:
    from venture_core.messaging.subjects import SERVICE_MAPPINGS

    config = named(render_chart("ci/dev.yaml"), "ConfigMap", "venture-nats")["data"]["nats.conf"]
    (block,) = re.findall(r"mappings \{\n(.*?)\n\}", config, re.DOTALL)
    assert dict(re.findall(r'"(\S+)": "(\S+)"', block)) == SERVICE_MAPPINGS


def test_urls_in_the_values_go_to_secrets_of_the_release(render_chart: Render) -> None:
    manifests = render_chart("ci/namespaced.yaml")
    values = yaml.safe_load((CHART / "ci" / "namespaced.yaml").read_text())
    for endpoint in ("nats", "redis"):
        secret = named(manifests, "Secret", f"venture-{endpoint}")
        assert secret["stringData"] == {"url": values[endpoint]["url"]}


def test_the_logins_of_an_external_database_are_made_from_its_address(
    render_chart: Render,
) -> None:
    manifests = render_chart("ci/namespaced.yaml")
    made = named(manifests, "Secret", "venture-migrate")["stringData"]
    for program in ("operator", "sequencer", "relay", "projector", "auditor", "recovery"):
        secret = named(manifests, "Secret", f"venture-login-{program}")
        assert secret["metadata"]["labels"]["venture.parpour.dev/login"] == program
        url = secret["stringData"]["postgres-url"]
        # The migration gives the login the same password that its program gets.
        assert url == made[f"{program}.postgres-url"]
        assert url == (
            f"postgresql://venture_system_venture_{program}:"
            f"{secret['stringData']['postgres-password']}"
            "@postgres.example.com:5432/venture?sslmode=require"
        )


def test_the_login_of_recovery_is_for_people_and_may_be_left_out(render_chart: Render) -> None:
    for example in ("ci/dev.yaml", "ci/namespaced.yaml"):
        manifests = render_chart(example)
        secret = named(manifests, "Secret", "venture-login-recovery")
        assert set(secret["stringData"]) == {"postgres-password", "postgres-url"}
        assert migration_logins(manifests)["recovery"] == {
            "roles": ["venture_recovery"],
            "own": True,
        }
        assert "venture-login-recovery" not in json.dumps(of_kind(manifests, "Deployment"))
    assert "recovery" not in migration_logins(render_chart("ci/production.yaml"))
    given = 'postgres.logins.recovery={"existingSecret": "duty"}'
    logins = migration_logins(render_chart("ci/production.yaml", sets=(given,)))
    assert logins["recovery"] == {"roles": ["venture_recovery"], "own": False}


def migration_logins(manifests: list[Json]) -> Json:
    (container,) = [one for name, one in containers(manifests) if name.endswith("/migrate")]
    (text,) = [one["value"] for one in container["env"] if one["name"] == "VENTURE_LOGINS"]
    logins: Json = json.loads(text)
    return logins


def test_existing_secrets_are_used_and_none_is_made(render_chart: Render) -> None:
    manifests = render_chart("ci/production.yaml")
    assert not of_kind(manifests, "StatefulSet", "PersistentVolumeClaim")
    assert not [each for each in of_kind(manifests, "Secret") if has_data(each)]
    (container,) = [one for name, one in containers(manifests) if name.endswith("/preflight")]
    references = {
        variable["name"]: (reference["name"], reference["key"])
        for variable in container["env"]
        if (reference := variable.get("valueFrom", {}).get("secretKeyRef"))
    }
    assert references == {
        "VENTURE_POSTGRES_URL": ("venture-db-owner", "uri"),
        "VENTURE_NATS_URL": ("venture-nats-preflight", "url"),
        "VENTURE_REDIS_URL": ("venture-redis-user", "url"),
        "VENTURE_S3_ACCESS_KEY_ID": ("venture-s3-user", "accessKeyId"),
        "VENTURE_S3_SECRET_ACCESS_KEY": ("venture-s3-user", "secretAccessKey"),
    }


def has_data(secret: Json) -> bool:
    return bool(secret.get("stringData") or secret.get("data"))


GENERATED_KEYS = (
    ("venture-signing-key", "signing-key.pem"),
    ("venture-checkpoint-key", "checkpoint-key.pem"),
)


@pytest.mark.parametrize("retain", [True, False])
def test_volumes_and_their_credentials_stay_or_go_together(
    render_chart: Render, *, retain: bool
) -> None:
    manifests = render_chart("ci/dev.yaml", sets=(f"dataPlane.retain={json.dumps(retain)}",))
    for stateful in of_kind(manifests, "StatefulSet"):
        policy = stateful["spec"]["persistentVolumeClaimRetentionPolicy"]
        assert policy["whenDeleted"] == ("Retain" if retain else "Delete")
    for secret in of_kind(manifests, "Secret"):
        annotations = secret["metadata"].get("annotations", {})
        if not has_data(secret):
            assert not annotations, "what the operator fills goes with the release"
            continue
        if "helm.sh/hook" in annotations:
            assert "hook-succeeded" in annotations["helm.sh/hook-delete-policy"]
            continue
        kept = annotations.get("helm.sh/resource-policy")
        signing = secret["metadata"]["name"] in {name for name, _ in GENERATED_KEYS}
        assert kept == ("keep" if retain or signing else None)


def test_founders_tokens_are_signed_by_a_key_for_es256(render_chart: Render) -> None:
    from base64 import b64decode

    from venture_core.identity.founder import FounderKey

    secret = named(render_chart("ci/dev.yaml"), "Secret", "venture-founder-key")
    assert FounderKey(b64decode(secret["data"]["founder-key.pem"])).kid


@pytest.mark.parametrize(("name", "key"), GENERATED_KEYS)
def test_the_generated_keys_are_ed25519(render_chart: Render, name: str, key: str) -> None:
    from base64 import b64decode

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    secret = named(render_chart("ci/dev.yaml"), "Secret", name)
    pem = b64decode(secret["data"][key])
    assert isinstance(load_pem_private_key(pem, password=None), Ed25519PrivateKey)


def test_generated_credentials_begin_with_a_letter_and_differ(render_chart: Render) -> None:
    secrets = of_kind(render_chart("ci/dev.yaml"), "Secret")
    generated = [
        secret["stringData"][key]
        for secret in secrets
        for key in ("password", "superuser-password", "accessKeyId", "secretAccessKey")
        if key in secret.get("stringData", {})
    ]
    logins = [
        secret["stringData"][key]
        for secret in secrets
        for key in ("postgres-password", "nats-password")
        if key in secret.get("stringData", {})
    ]
    assert len(set(generated)) == 6
    assert len({*generated, *logins}) == 6 + len(logins)
    generated += logins
    for credential in generated:
        assert re.fullmatch(r"[a-z][A-Za-z0-9]{39}", credential)
