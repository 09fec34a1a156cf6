"""treasury-api as its own process, with the chart's rights at a real API server."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from chartaccounts import (
    SYSTEM,
    account_kubeconfig,
    account_token,
    apply_rights,
    work_namespace_of,
)
from recordprocesses import RecordProcess
from surroundings import free_port
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed
from venture_core.certificates.pairs import issue, make_authority
from venture_core.certificates.rules import AUTHORITY_LIFETIME, SERVER_LIFETIME
from venture_core.kubernetes.resources import CONFIG_MAPS, Resource
from venture_core.treasury.client import TreasuryClient

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr
    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]

ACCOUNT: Final = "venture-treasury-api"
OPERATOR: Final = "venture-operator"
GATEWAY: Final = "venture-llm-gateway"
API: Final = "venture-control-plane-api"
TREASURER: Final = "venture-treasurer"
AUDIENCE: Final = "venture-treasury"
HOST: Final = f"{ACCOUNT}.{SYSTEM}.svc"
STARTS_WITHIN_SECONDS: Final = 60
_SERVICES: Final = Resource("", "v1", "services", "Service")


class TreasuryProcess:
    """One replica; the cluster holds what the chart makes for it."""

    def __init__(
        self,
        folder: Path,
        api_server: Path,
        manifests: list[Body],
        *,
        port: int | None = None,
        programs: Path | None = None,
    ) -> None:
        """Prepare it; `programs` is where another environment has it."""
        self.port = port or free_port()
        self.work_namespace = work_namespace_of(manifests)
        self._folder = folder
        self._api_server = api_server
        self._manifests = manifests
        self._programs = programs
        self._process: RecordProcess | None = None
        self._authority = make_authority(
            "tests", now=datetime.now(UTC), lifetime=AUTHORITY_LIFETIME
        )

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"https://127.0.0.1:{self.port}"

    async def install(self, client: KubernetesClient, database: SecretStr, redis: str) -> None:
        """Make its accounts, rights and certificate, and configure it; nothing runs yet."""
        accounts = (ACCOUNT, OPERATOR, GATEWAY, API, TREASURER)
        await apply_rights(
            client,
            self._manifests,
            accounts,
            lambda name: name.endswith(("treasury-api", "treasurer")),
        )
        now = datetime.now(UTC)
        pair = issue(self._authority, (HOST, "localhost"), now=now, lifetime=SERVER_LIFETIME)
        certificate, key = self._folder / "treasury.crt", self._folder / "treasury.key"
        certificate.write_text(pair.certificate_pem())
        key.write_text(pair.key_pem())
        trust = {"ca.crt": self._authority.certificate_pem()}
        body: Body = {"apiVersion": "v1", "kind": "ConfigMap", "data": trust}
        body["metadata"] = {"name": "venture-serving-ca"}
        await client.apply(CONFIG_MAPS, body, SYSTEM, field_manager="tests")
        service = next(
            each
            for each in self._manifests
            if each["kind"] == "Service" and each["metadata"]["name"] == ACCOUNT
        )
        await client.apply(_SERVICES, service, SYSTEM, field_manager="tests")
        path = self._folder / "treasury.kubeconfig"
        config = await account_kubeconfig(client, self._api_server, path, ACCOUNT)
        settings = {
            "KUBECONFIG": str(config),
            "VENTURE_POD_NAME": "treasury-api-0",
            "VENTURE_NAMESPACE": SYSTEM,
            "VENTURE_WORK_NAMESPACE": self.work_namespace,
            "VENTURE_OPERATOR_ACCOUNT": OPERATOR,
            "VENTURE_GATEWAY_ACCOUNT": GATEWAY,
            "VENTURE_API_ACCOUNT": API,
            "VENTURE_TREASURER_ACCOUNT": TREASURER,
            "VENTURE_API_PORT": str(self.port),
            "VENTURE_DRAIN_SECONDS": "0",
            "VENTURE_TLS_CERTIFICATE_FILE": str(certificate),
            "VENTURE_TLS_KEY_FILE": str(key),
            "VENTURE_POSTGRES_URL": database.get_secret_value(),
            "VENTURE_REDIS_URL": redis,
        }
        self._process = RecordProcess(
            "venture-treasury-api", self._folder, settings, programs=self._programs
        )

    async def start(self) -> None:
        """Start it, and wait until it is ready."""
        process = self._configured()
        await asyncio.to_thread(process.start)
        retrying = AsyncRetrying(
            wait=wait_fixed(0.1), stop=stop_after_delay(STARTS_WITHIN_SECONDS), reraise=True
        )
        async for attempt in retrying:
            with attempt:
                async with (
                    aiohttp.ClientSession() as session,
                    session.get(f"http://127.0.0.1:{process.port}/readyz") as answer,
                ):
                    assert answer.status == 200, process.log()[-2000:]

    def cpu_seconds(self) -> float:
        """Return how much of the processor it has taken so far."""
        return self._configured().cpu_seconds()

    def kill(self) -> None:
        """SIGKILL it."""
        self._configured().kill()

    def stop(self) -> None:
        """End it."""
        process = self._configured()
        assert process.stop() == 0, process.log()[-4000:]

    def trust(self) -> ssl.SSLContext:
        """Return the context of a client that trusts it."""
        return ssl.create_default_context(cadata=self._authority.certificate_pem())

    def authorities(self) -> str:
        """Return the PEM of whom its clients trust."""
        return self._authority.certificate_pem()

    async def client(self, kubernetes: KubernetesClient, account: str) -> TreasuryClient:
        """Return the client of a service, by a real token of its account."""
        token = await account_token(kubernetes, account, AUDIENCE)
        return TreasuryClient(
            self.url, token=lambda: token, authorities=self.authorities, host=HOST
        )

    def _configured(self) -> RecordProcess:
        if self._process is None:
            raise RuntimeError("the treasury was never installed")
        return self._process
