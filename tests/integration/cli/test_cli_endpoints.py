"""Where the command line finds the record's logins in a cluster."""

from typing import TYPE_CHECKING, Any

import pytest
from installations import DEPLOYMENTS, deployment, from_secret, session
from venture_cli.errors import CliError, ExitCode
from venture_cli.services.recordendpoints import Endpoint, Login
from venture_core.kubernetes.resources import SECRETS

if TYPE_CHECKING:
    from pathlib import Path

    from venture_core.kubernetes.client import KubernetesClient


class TestEndpoints:
    """Where the record is, as the installation in the cluster says."""

    async def test_the_urls_are_found(
        self, api_server: Path, client: KubernetesClient, namespace: str
    ) -> None:
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "their-own"}}
        urls = {"pg": "postgresql://u:p@db.example.com/r", "nats": "nats://n.example.com"}
        await client.create(SECRETS, secret | {"stringData": urls}, namespace)
        reference = from_secret("their-own", "pg")
        for name, variables in {
            "operator": [{"name": "VENTURE_POSTGRES_URL", "valueFrom": reference}],
            "relay": [
                {"name": "VENTURE_POSTGRES_URL", "valueFrom": reference},
                {
                    "name": "VENTURE_NATS_URL",
                    "valueFrom": from_secret("their-own", "nats"),
                },
            ],
        }.items():
            await client.create(DEPLOYMENTS, deployment(name, variables), namespace)
        async with session(api_server, namespace) as opened:
            postgres = await opened.record_url(Endpoint.POSTGRES)
            nats = await opened.record_url(Endpoint.NATS)
        assert postgres.get_secret_value() == urls["pg"]
        assert nats.get_secret_value() == urls["nats"]

    async def test_none_and_two_are_told(
        self, api_server: Path, client: KubernetesClient, namespace: str
    ) -> None:
        async with session(api_server, namespace) as opened:
            with pytest.raises(CliError, match="found no VENTURE_NATS_URL"):
                await opened.record_url(Endpoint.NATS)
            for name in ("one", "two"):
                variables = [{"name": "VENTURE_NATS_URL", "value": f"nats://{name}"}]
                await client.create(DEPLOYMENTS, deployment(name, variables), namespace)
            with pytest.raises(CliError, match="found 2 logins of NATS") as caught:
                await opened.record_url(Endpoint.NATS)
        assert caught.value.code == ExitCode.NOT_FOUND

    async def test_of_many_logins_the_auditors_is_taken(
        self, api_server: Path, client: KubernetesClient, namespace: str
    ) -> None:
        for login in ("writer", "auditor"):
            url = f"postgresql://{login}:p@db.example.com/r"
            secret = login_secret(login, url)
            await client.create(SECRETS, secret, namespace)
            variable = {
                "name": "VENTURE_POSTGRES_URL",
                "valueFrom": from_secret(f"venture-{login}", "postgres-url"),
            }
            await client.create(DEPLOYMENTS, deployment(login, [variable]), namespace)
        async with session(api_server, namespace) as opened:
            found = await opened.record_url(Endpoint.POSTGRES)
        assert found.get_secret_value() == "postgresql://auditor:p@db.example.com/r"

    async def test_recovery_has_a_login_of_its_own_and_takes_no_other(
        self, api_server: Path, client: KubernetesClient, namespace: str
    ) -> None:
        secret = login_secret("auditor", "postgresql://auditor:p@db.example.com/r")
        await client.create(SECRETS, secret, namespace)
        variable = {"name": "VENTURE_POSTGRES_URL", "value": "postgresql://w:p@db.example.com/r"}
        await client.create(DEPLOYMENTS, deployment("writer", [variable]), namespace)
        async with session(api_server, namespace) as opened:
            with pytest.raises(CliError, match="no login of recovery") as caught:
                await opened.record_url(Endpoint.POSTGRES, Login.RECOVERY)
            assert caught.value.code == ExitCode.NOT_FOUND
            assert "venture_recovery" in caught.value.next_step
            assert "venture.parpour.dev/login=recovery" in caught.value.next_step
            secret = login_secret("recovery", "postgresql://duty:p@db.example.com/r")
            await client.create(SECRETS, secret, namespace)
            found = await opened.record_url(Endpoint.POSTGRES, Login.RECOVERY)
            others = await opened.record_url(Endpoint.POSTGRES)
        assert found.get_secret_value() == "postgresql://duty:p@db.example.com/r"
        assert others.get_secret_value() == "postgresql://auditor:p@db.example.com/r"

    async def test_many_logins_without_an_auditors_are_named(
        self, api_server: Path, client: KubernetesClient, namespace: str
    ) -> None:
        for login in ("reader", "writer"):
            variable = {
                "name": "VENTURE_POSTGRES_URL",
                "valueFrom": from_secret(f"venture-{login}", "url"),
            }
            await client.create(DEPLOYMENTS, deployment(login, [variable]), namespace)
        async with session(api_server, namespace) as opened:
            with pytest.raises(CliError, match="none that is labelled for auditors") as caught:
                await opened.record_url(Endpoint.POSTGRES)
        assert caught.value.details == (
            "Secret venture-reader, key url",
            "Secret venture-writer, key url",
        )
        assert "venture.parpour.dev/login=auditor" in caught.value.next_step

    async def test_two_releases_are_asked_about_and_one_can_be_named(
        self, api_server: Path, client: KubernetesClient, namespace: str
    ) -> None:
        for release in ("blue", "green"):
            secret = login_secret("auditor", f"postgresql://a:p@{release}.example.com/r", release)
            await client.create(SECRETS, secret, namespace)
        async with session(api_server, namespace) as opened:
            with pytest.raises(CliError, match=r"installed 2 times .*: blue, green") as caught:
                await opened.record_url(Endpoint.POSTGRES)
        assert "--release" in caught.value.next_step
        async with session(api_server, namespace, release="green") as opened:
            found = await opened.record_url(Endpoint.POSTGRES)
        assert found.get_secret_value() == "postgresql://a:p@green.example.com/r"


def login_secret(login: str, url: str, release: str = "venture") -> dict[str, Any]:
    labels = {"venture.parpour.dev/login": login, "app.kubernetes.io/instance": release}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"{release}-{login}", "labels": labels},
        "stringData": {"postgres-url": url},
    }
