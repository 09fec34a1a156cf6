"""Settings: one way to read them, which names what is wrong and never shows a value."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import Field, SecretStr
from venture_core.settings.dataplane import (
    NatsEndpoint,
    PostgresEndpoint,
    RedisEndpoint,
    S3Endpoint,
    with_parameters,
)
from venture_core.settings.programs import LogSettings, ProcessSettings
from venture_core.settings.reading import EXIT_SETTINGS, SOURCES, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

PASSWORD = "hunter2-never-shown"  # noqa: S105  nobody's
DATABASE = f"postgresql://venture:{PASSWORD}@db.example.com/venture"
PROGRAMS = (
    "venture-operator",
    "venture-sequencer",
    "venture-event-relay",
    "venture-projector",
    "venture-archiver",
    "venture-confirmer",
    "venture-migrate",
    "venture-preflight",
)

type Refused = Callable[[type[LogSettings]], list[str]]


class Teapot(ProcessSettings, PostgresEndpoint, S3Endpoint):
    """Settings of a program that there is not."""

    sorts: tuple[str, ...] = ()
    strength: int = Field(default=1, ge=1, le=5)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("VENTURE_"):
            monkeypatch.delenv(name)


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    def run(settings_type: type[LogSettings]) -> list[str]:
        with pytest.raises(SystemExit) as ended:
            read_settings("teapot", settings_type)
        assert ended.value.code == EXIT_SETTINGS
        return capsys.readouterr().err.splitlines()

    return run


def _set(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"VENTURE_{name.upper()}", value)


S3 = {
    "s3_endpoint": "https://s3.example.com",
    "s3_region": "eu-central-1",
    "s3_bucket": "venture",
    "s3_access_key_id": "key",
    "s3_secret_access_key": "secret",
}


def test_each_missing_setting_is_named(refused: Refused) -> None:
    lines = refused(Teapot)
    assert "teapot: VENTURE_POD_NAME: is missing" in lines
    assert "teapot: VENTURE_POSTGRES_URL: is missing" in lines
    assert "teapot: VENTURE_S3_BUCKET: is missing" in lines


def test_what_is_missing_is_named_with_where_it_comes_from(
    monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    sources = {"VENTURE_POSTGRES_URL": "key uri of Secret venture-db"}
    monkeypatch.setenv(SOURCES, json.dumps(sources))
    expected = "teapot: VENTURE_POSTGRES_URL: is missing (from key uri of Secret venture-db)"
    assert expected in refused(Teapot)


def test_wrong_values_are_named_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    _set(monkeypatch, **S3, pod_name="teapot-0", postgres_url=f"mysql://me:{PASSWORD}@db")
    _set(monkeypatch, strength="9", http_port=PASSWORD)
    lines = refused(Teapot)
    assert PASSWORD not in "\n".join(lines)
    assert {line.split(":")[1].strip() for line in lines} == {
        "VENTURE_POSTGRES_URL",
        "VENTURE_STRENGTH",
        "VENTURE_HTTP_PORT",
    }


def test_json_that_cannot_be_read_is_named_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    _set(monkeypatch, **S3, pod_name="teapot-0", postgres_url=DATABASE, sorts=f'["{PASSWORD}')
    assert refused(Teapot) == ["teapot: VENTURE_SORTS: is not the JSON that it has to be"]


def test_s3_wants_keys_or_the_identity_of_the_workload(
    monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    keyless = {name: value for name, value in S3.items() if "key" not in name}
    _set(monkeypatch, **keyless, pod_name="teapot-0", postgres_url=DATABASE)
    assert refused(Teapot) == [
        "teapot: VENTURE_S3_ACCESS_KEY_ID: is missing",
        "teapot: VENTURE_S3_SECRET_ACCESS_KEY: is missing",
    ]
    _set(monkeypatch, s3_credentials="WorkloadIdentity")
    assert read_settings("teapot", Teapot).s3().access_key_id is None


def test_a_private_authority_makes_postgres_verify_the_servers_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = tmp_path / "ca.crt"
    authority.write_text("-----BEGIN CERTIFICATE-----\n")
    _set(monkeypatch, postgres_url=DATABASE, postgres_ca_file=str(authority))
    url = read_settings("teapot", PostgresEndpoint).postgres_url.get_secret_value()
    assert parse_qs(urlsplit(url).query) == {
        "sslmode": ["verify-full"],
        "sslrootcert": [str(authority)],
    }


def test_what_a_url_says_itself_stays() -> None:
    url = SecretStr("postgresql://u@h/d?sslmode=verify-ca")
    added = with_parameters(url, sslmode="verify-full", sslrootcert="/a b")
    assert added.get_secret_value() == "postgresql://u@h/d?sslmode=verify-ca&sslrootcert=/a%20b"


def test_a_private_authority_of_redis_goes_with_an_encrypted_url(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, refused: Refused
) -> None:
    authority = tmp_path / "ca.crt"
    authority.write_text("")
    _set(monkeypatch, redis_url="redis://h:6379/0", redis_ca_file=str(authority))

    class Settings(LogSettings, RedisEndpoint):
        pass

    (line,) = refused(Settings)
    assert "rediss://" in line
    _set(monkeypatch, redis_url="rediss://h:6380/0")
    url = read_settings("teapot", RedisEndpoint).redis_url.get_secret_value()
    assert url == f"rediss://h:6380/0?ssl_ca_certs={authority}"


def test_an_authority_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    class Settings(LogSettings, NatsEndpoint):
        pass

    _set(monkeypatch, nats_url="nats://h:4222", nats_ca_file="/nowhere/ca.crt")
    assert refused(Settings) == ["teapot: VENTURE_NATS_CA_FILE: there is no such file"]
    _set(monkeypatch, nats_ca_file="")
    assert read_settings("teapot", NatsEndpoint).nats_tls() is None


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_program_prints_a_password_when_settings_lack(program: str) -> None:
    settings = {
        "VENTURE_POSTGRES_URL": DATABASE,
        "VENTURE_NATS_URL": f"nats://venture:{PASSWORD}@nats.example.com",
        "VENTURE_S3_SECRET_ACCESS_KEY": PASSWORD,
        "VENTURE_LOG_LEVEL": "LOUD",
    }
    command = [str(Path(sys.executable).parent / program)]
    done = subprocess.run(
        command, env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
    assert PASSWORD not in done.stdout + done.stderr
    assert "VENTURE_LOG_LEVEL" in done.stderr
    assert done.returncode == EXIT_SETTINGS, done.stderr
