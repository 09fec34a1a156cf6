"""The control-plane API as its own process behind a real API server, with the chart's rights."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg
from chartaccounts import (
    RBAC,
    ROLE_BINDINGS,
    SYSTEM,
    account_kubeconfig,
    apply_rights,
    user_kubeconfig,
    work_namespace_of,
)
from clibuilds import KEY
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr
from surroundings import free_port
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed
from venture_core.artifacts.provenance import key_id, public_key_pem
from venture_core.certificates.pairs import issue, make_authority
from venture_core.certificates.rules import AUTHORITY_LIFETIME, SERVER_LIFETIME
from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.resources import API_SERVICES, CONFIG_MAPS, Resource
from venture_core.record.database import Role
from venture_operator.storage.serving import ServingStore

if TYPE_CHECKING:
    from pathlib import Path

    from recordservers import PostgresServer
    from venture_core.objectstore import S3Settings

type Body = dict[str, Any]

ACCOUNT = "venture-control-plane-api"
API_SERVICE = "v1alpha1.content.venture.parpour.dev"
KEYS = "venture-signing-keys"
PEOPLE = (".edit", ".view", ".founder", ".finance", ".freeze")
"""How the roles for people end."""
HOST = f"{ACCOUNT}.{SYSTEM}.svc"
STARTS_WITHIN_SECONDS = 60
_SERVICES = Resource("", "v1", "services", "Service")


def pem_of_founder_key() -> str:
    """Return a key as the chart would make it."""
    key = ec.generate_private_key(ec.SECP256R1())
    form = PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


class ContentApi:
    """One process, registered with the API server until it is stopped."""

    def __init__(
        self, folder: Path, api_server: Path, manifests: list[Body], s3: S3Settings
    ) -> None:
        self.database = SecretStr("")
        """A superuser's URL of the record that it reads."""
        self._folder = folder
        self._api_server = api_server
        self._manifests = manifests
        self._s3 = s3
        self._port = free_port()
        self._founders_port = free_port()
        self.treasury_port = free_port()
        """Where it looks for the treasury, by `reach_treasury`."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def founders(self) -> str:
        """The URL of founders' API; `authority` signed its certificate, for HOST."""
        return f"https://localhost:{self._founders_port}"

    @property
    def authority(self) -> Path:
        """PEM of the authority that signed its certificates."""
        return self._folder / "ca.crt"

    @property
    def kubeconfig(self) -> Path:
        """With which it speaks to the cluster."""
        return self._folder / "kubeconfig"

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return (self._folder / "log").read_text()

    @property
    def work_namespace(self) -> str:
        """Where Jobs would run."""
        return work_namespace_of(self._manifests)

    async def start(self, postgres: PostgresServer) -> None:
        """Have the cluster hold what the chart makes for it, start it, and wait until it serves."""
        self.database = await postgres.create_database()
        name, password = f"content_{secrets.token_hex(4)}", secrets.token_hex(8)
        connection = await asyncpg.connect(self.database.get_secret_value())
        await connection.execute(
            f"CREATE ROLE {name} LOGIN PASSWORD '{password}'; GRANT {Role.CONTENT} TO {name}"
        )
        await connection.close()
        url = postgres.url(self.database.get_secret_value().rsplit("/", 1)[1], user=name)
        async with KubernetesClient.from_kubeconfig(str(self._api_server)) as client:
            await self._install(client)
            await self._certify(client)
            config = await account_kubeconfig(
                client, self._api_server, self._folder / "kubeconfig", ACCOUNT
            )
            self._launch(config, url, password)
            await self._register(client)

    def stop(self) -> None:
        """End it, and take it from the API server's list: a dead one would trouble everybody."""
        asyncio.run(self._unregister())
        if self._process is not None:
            self._process.terminate()
            assert self._process.wait(timeout=30) == 0, (self._folder / "log").read_text()

    def reach_treasury(self, token: str, authorities: str) -> None:
        """Have it speak to the treasury by a token of its account."""
        (self._folder / "treasury-token").write_text(token)
        (self._folder / "treasury-ca.crt").write_text(authorities)

    def user(self, folder: Path, name: str) -> Path:
        """Return a kubeconfig of a user of the cluster."""
        return user_kubeconfig(self._api_server, folder / f"{name}.kubeconfig", name)

    async def allow(self, client: KubernetesClient, namespace: str, user: str, *roles: str) -> None:
        """Bind the chart's own roles, as the cluster's roles of these names would have them."""
        for role in roles:
            body = {
                "apiVersion": ROLE_BINDINGS.api_version,
                "kind": "RoleBinding",
                "metadata": {"name": f"{user}-{role}"},
                "roleRef": {
                    "apiGroup": RBAC,
                    "kind": "ClusterRole",
                    "name": f"venture.{SYSTEM}.{role}",
                },
                "subjects": [{"apiGroup": RBAC, "kind": "User", "name": user}],
            }
            await client.create(ROLE_BINDINGS, body, namespace)

    async def _install(self, client: KubernetesClient) -> None:
        await apply_rights(
            client,
            self._manifests,
            [ACCOUNT],
            lambda name: "control-plane-api" in name or name.endswith(PEOPLE),
        )
        # The name resolves to this machine, whose port the registration names.
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": ACCOUNT},
            "spec": {"type": "ExternalName", "externalName": "localhost"},
        }
        await client.apply(_SERVICES, service, SYSTEM, field_manager="tests")
        public = KEY.public_key()
        keys = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": KEYS}}
        data = {f"{key_id(public)}.pem": public_key_pem(public)}
        await client.apply(CONFIG_MAPS, keys | {"data": data}, SYSTEM, field_manager="tests")

    async def _certify(self, client: KubernetesClient) -> None:
        now = datetime.now(UTC)
        authority = make_authority("tests", now=now, lifetime=AUTHORITY_LIFETIME)
        pair = issue(authority, (HOST,), now=now, lifetime=SERVER_LIFETIME)
        self.authority.write_text(authority.certificate_pem())
        (self._folder / "founder-key.pem").write_text(pem_of_founder_key())
        self.reach_treasury("of nobody", authority.certificate_pem())
        (self._folder / "tls.crt").write_text(pair.certificate_pem())
        (self._folder / "tls.key").write_text(pair.key_pem())
        (body,) = [each for each in self._manifests if each["kind"] == "APIService"]
        service = body["spec"]["service"] | {"port": self._port}
        registered = body | {"spec": body["spec"] | {"service": service}}
        await client.apply(API_SERVICES, registered, field_manager="tests")
        await ServingStore(client, SYSTEM).register(
            "apiservices", API_SERVICE, authority.certificate_pem()
        )

    def _launch(self, kubeconfig: Path, url: SecretStr, password: str) -> None:
        inherited = {key: value for key, value in os.environ.items() if key.startswith("COVERAGE_")}
        assert self._s3.secret_access_key is not None
        environment = inherited | {
            "PATH": os.environ["PATH"],
            "PGPASSWORD": password,
            "KUBECONFIG": str(kubeconfig),
            "VENTURE_NAMESPACE": SYSTEM,
            "VENTURE_WORK_NAMESPACE": self.work_namespace,
            "VENTURE_SIGNING_KEYS_CONFIGMAP": KEYS,
            "VENTURE_POD_NAME": "control-plane-api-0",
            "VENTURE_HTTP_PORT": str(free_port()),
            "VENTURE_API_PORT": str(self._port),
            "VENTURE_DRAIN_SECONDS": "0",
            "VENTURE_TLS_CERTIFICATE_FILE": str(self._folder / "tls.crt"),
            "VENTURE_TLS_KEY_FILE": str(self._folder / "tls.key"),
            "VENTURE_POSTGRES_URL": url.get_secret_value(),
            "VENTURE_S3_ENDPOINT": self._s3.endpoint,
            "VENTURE_S3_REGION": self._s3.region,
            "VENTURE_S3_BUCKET": self._s3.bucket,
            "VENTURE_S3_ACCESS_KEY_ID": str(self._s3.access_key_id),
            "VENTURE_S3_SECRET_ACCESS_KEY": self._s3.secret_access_key.get_secret_value(),
            "VENTURE_TREASURY_URL": f"https://localhost:{self.treasury_port}",
            "VENTURE_TREASURY_TOKEN_FILE": str(self._folder / "treasury-token"),
            "VENTURE_SERVING_CA_FILE": str(self._folder / "treasury-ca.crt"),
            "VENTURE_TRANSFERS_PER_USER": "2",
            "VENTURE_FOUNDERS_PORT": str(self._founders_port),
            "VENTURE_FOUNDER_KEY_FILE": str(self._folder / "founder-key.pem"),
            "VENTURE_FOUNDER_ISSUER": f"https://{HOST}",
        }
        command = "from venture_control_plane_api.program import main; main()"
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", command], env=environment, stdout=log, stderr=log
            )

    async def _register(self, client: KubernetesClient) -> None:
        retrying = AsyncRetrying(
            wait=wait_fixed(0.2), stop=stop_after_delay(STARTS_WITHIN_SECONDS), reraise=True
        )
        async for attempt in retrying:
            with attempt:
                found = await client.get(API_SERVICES, API_SERVICE)
                conditions = (found or {}).get("status", {}).get("conditions", [])
                available = [each for each in conditions if each["type"] == "Available"]
                assert [each["status"] for each in available] == ["True"], (
                    available,
                    (self._folder / "log").read_text(),
                )

    async def _unregister(self) -> None:
        async with KubernetesClient.from_kubeconfig(str(self._api_server)) as client:
            await client.delete(API_SERVICES, API_SERVICE)
            await client.delete(_SERVICES, ACCOUNT, SYSTEM)
