"""What the preflight shows of its settings, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from pydantic import SecretStr
from venture_core.preflight.run import Endpoint, Report
from venture_core.preflight.settings import PreflightSettings, address, split_servers

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = {
    "VENTURE_POSTGRES_URL": "postgresql://user:p%40ss@db.test:5432/venture?sslpassword=quiet",
    "VENTURE_NATS_URL": "nats://user:n1@a.test:4222,nats://user:n2@b.test:4222",
    "VENTURE_REDIS_URL": "rediss://user:r1@cache.test:6380/0",
    "VENTURE_S3_ENDPOINT": "https://s3.test",
    "VENTURE_S3_REGION": "eu-central-1",
    "VENTURE_S3_BUCKET": "artifacts",
    "VENTURE_S3_ACCESS_KEY_ID": "AKID",
    "VENTURE_S3_SECRET_ACCESS_KEY": "s3secret",
    "VENTURE_PREFLIGHT_DEADLINE_SECONDS": "60",
}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> PreflightSettings:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return PreflightSettings()


def test_each_endpoint_trusts_its_own_authorities(
    settings: PreflightSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One settings class inherits them all."""
    (tmp_path / "ca.crt").touch()
    assert "ca.crt" not in settings.redis_url.get_secret_value()
    for name in ("POSTGRES", "REDIS"):
        monkeypatch.setenv(f"VENTURE_{name}_CA_FILE", str(tmp_path / "ca.crt"))
    trusting = PreflightSettings()
    file = quote(str(tmp_path / "ca.crt"))
    assert f"sslrootcert={file}" in trusting.postgres_url.get_secret_value()
    assert f"ssl_ca_certs={file}" in trusting.redis_url.get_secret_value()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p@db.test:5432/venture?password=x", "db.test:5432/venture"),
        ("nats://u:p@a.test:4222,nats://u:p@b.test:4222", "a.test:4222, b.test:4222"),
        ("postgresql://u:p@a.test:1,b.test:2/venture", "a.test:1,b.test:2/venture"),
        ("redis://cache.test", "cache.test"),
    ],
)
def test_an_address_shows_no_credentials(url: str, shown: str) -> None:
    assert address(SecretStr(url)) == shown


def test_a_comma_separates_urls_or_hosts_of_one_url() -> None:
    assert split_servers(SecretStr("nats://a,nats://b")) == ("nats://a", "nats://b")
    assert split_servers(SecretStr("postgresql://a,b/x")) == ("postgresql://a,b/x",)


def test_every_form_of_a_secret_is_known(settings: PreflightSettings) -> None:
    assert settings.secrets() >= {
        "p%40ss",
        "p@ss",
        "sslpassword=quiet",
        "n1",
        "n2",
        "r1",
        "AKID",
        "s3secret",
    }


async def test_a_report_blots_secrets_out(
    settings: PreflightSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    async def probe() -> str:
        return ""

    endpoint = Endpoint("postgres", address(settings.postgres_url), probe)
    url = ENVIRONMENT["VENTURE_POSTGRES_URL"]
    Report(settings.secrets()).line(endpoint, f"cannot log in to {url} with p@ss or s3secret")
    expected = "postgres at db.test:5432/venture: cannot log in to *** with *** or ***\n"
    assert capsys.readouterr().out == expected


def run(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "venture_core.preflight"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_missing_setting_is_named() -> None:
    result = run({})
    assert result.returncode == 2
    assert sorted(line.split(":")[1].strip() for line in result.stderr.splitlines()) == sorted(
        ENVIRONMENT
    )
    assert not result.stdout


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("VENTURE_POSTGRES_URL", "mysql://u:hunter2@db.test/x", "postgresql:// or postgres://"),
        ("VENTURE_NATS_URL", "nats://a.test,http://u:hunter2@b.test", "nats:// or tls://"),
        ("VENTURE_REDIS_URL", "hunter2", "redis:// or rediss://"),
        ("VENTURE_S3_ENDPOINT", "https://u:hunter2@s3.test", "pattern"),
        ("VENTURE_PREFLIGHT_DEADLINE_SECONDS", "0", "greater than 0"),
    ],
)
def test_a_setting_that_cannot_be_right_is_explained_but_not_repeated(
    name: str, value: str, expected: str
) -> None:
    result = run({**ENVIRONMENT, name: value})
    assert result.returncode == 2
    assert result.stderr.startswith(f"venture-preflight: {name}: ")
    assert expected in result.stderr
    assert "hunter2" not in result.stdout + result.stderr
