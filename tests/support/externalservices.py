"""The four services that a production release expects to find, made without the chart.

Plain pods of the data plane's images, with logins, names and ports of their own. They speak TLS
with certificates of an authority that nobody knows but who is told of it.
"""

import json
import re
import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forwarding import forwarded
from pydantic import SecretStr
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed
from venture_core.objectstore import ObjectStore, ObjectStoreError, S3Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from certificates import Authority
    from chartrelease import Kubectl

type Body = dict[str, Any]

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "install.md"
BUCKET = "product-artifacts"
FOLDER = "/certificate"
CERTIFICATE, KEY = f"{FOLDER}/tls.crt", f"{FOLDER}/tls.key"
MAX_BYTES = 10_000_000
PORTS = {"postgres": 5432, "nats": 4222, "redis": 6379, "s3": 9000}


@dataclass(frozen=True)
class ExternalServices:
    """Postgres, NATS, Valkey and S3 in a namespace that is not the release's."""

    kubectl: Kubectl
    namespace: str
    images: dict[str, str]
    authority: Authority
    password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)

    def start(self) -> None:
        """Create all of it, and wait until the pods run."""
        items = [self._logins(), self._certificate(), *self._pods(), *map(_service, PORTS)]
        manifest = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        self.kubectl("--namespace", self.namespace, "apply", "--filename", "-", stdin=manifest)
        ready = ("wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s")
        self.kubectl("--namespace", self.namespace, *ready)
        self._create_database()

    def _create_database(self) -> None:
        """Make the database and the login of migrations as the installation guide says."""
        (script,) = re.findall(r"```sql\n(.*?)```", GUIDE.read_text(), re.DOTALL)
        url = f"postgresql://app:{self.password}@127.0.0.1/postgres"
        command = ("exec", "-i", "postgres", "--", "psql", "--set=ON_ERROR_STOP=1", url)
        sql = script.replace("'PASSWORD'", f"'{self.password}'")
        self.kubectl("--namespace", self.namespace, *command, stdin=sql)

    async def objects(self, kubeconfig: Path) -> dict[str, bytes]:
        """Return everything that is in the bucket."""
        async with self._bucket(kubeconfig) as store:
            keys = await patient(partial(keys_of, store))
            return {
                key: await patient(partial(store.get, key, max_bytes=MAX_BYTES)) for key in keys
            }

    async def put_back(self, kubeconfig: Path, objects: dict[str, bytes]) -> None:
        """Put objects into the bucket."""
        async with self._bucket(kubeconfig) as store:
            for key, data in objects.items():
                await patient(partial(store.put, key, data, media_type="application/octet-stream"))

    @asynccontextmanager
    async def _bucket(self, kubeconfig: Path) -> AsyncIterator[ObjectStore]:
        """Reach the bucket from this machine."""
        with forwarded(kubeconfig, self.namespace, "service/s3", PORTS["s3"]) as port:
            settings = S3Settings(
                endpoint=f"https://127.0.0.1:{port}",
                region="eu-central-1",
                bucket=BUCKET,
                access_key_id="app",
                secret_access_key=SecretStr(self.password),
                root_certificate=self.authority.cert.read_text(),
            )
            yield ObjectStore(settings)

    def host(self, service: str) -> str:
        """Return host and port of a service."""
        return f"{service}.{self.namespace}.svc:{PORTS[service]}"

    def secrets(self) -> dict[str, dict[str, str]]:
        """Return the Secrets that a release's owner would make: name → data."""
        login = f"app:{self.password}@"
        owner = f"venture_migration:{self.password}@{self.host('postgres')}/venture"
        return {
            "team-db-owner": {"url": f"postgresql://{owner}"},
            "team-nats": {"url": f"tls://{login}{self.host('nats')}"},
            "team-redis": {"url": f"rediss://{login}{self.host('redis')}/0"},
            "team-s3": {"id": "app", "secret": self.password},
            "team-authority": {"authority.pem": self.authority.cert.read_text()},
        }

    def values(self) -> Body:
        """Return the values that point a release at these services."""
        where = {"kubernetes.io/metadata.name": self.namespace}
        trusted = {"caSecret": {"name": "team-authority", "key": "authority.pem"}}
        return {
            "migration": {"existingSecret": "team-db-owner"},
            "postgres": {"address": f"{self.host('postgres')}/venture", **trusted},
            "nats": {"existingSecret": "team-nats", **trusted},
            "redis": {"existingSecret": "team-redis", **trusted},
            "s3": {
                **trusted,
                "endpoint": f"https://{self.host('s3')}",
                "region": "eu-central-1",
                "bucket": BUCKET,
                "existingSecret": "team-s3",
                "existingSecretAccessKeyIdKey": "id",
                "existingSecretSecretAccessKeyKey": "secret",
                "egress": [
                    {
                        "to": [
                            {
                                "namespaceSelector": {"matchLabels": where},
                                "podSelector": {"matchLabels": {"app": "s3"}},
                            }
                        ],
                        "ports": [{"protocol": "TCP", "port": PORTS["s3"]}],
                    }
                ],
            },
        }

    def _logins(self) -> Body:
        nats = (
            'listen: "0.0.0.0:4222"\njetstream { store_dir: /data }\n'
            f'tls {{ cert_file: "{CERTIFICATE}", key_file: "{KEY}" }}\n'
            f'authorization {{ user: app, password: "{self.password}" }}\n'
        )
        data = {
            "password": self.password,
            "nats.conf": nats,
            "users.acl": f"user default off\nuser app on >{self.password} ~* &* +@all\n",
        }
        metadata = {"name": "logins"}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}

    def _certificate(self) -> Body:
        """Return one certificate for all four."""
        hosts = (*(f"{name}.{self.namespace}.svc" for name in PORTS), "127.0.0.1")
        pair = self.authority.issue("services", hosts=hosts)
        data = {"tls.crt": pair.cert.read_text(), "tls.key": pair.key.read_text()}
        metadata = {"name": "certificate"}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}

    def _pods(self) -> list[Body]:
        postgres = {
            "POSTGRES_USER": "app",
            "POSTGRES_DB": "product",
            "POSTGRES_PASSWORD_FILE": "/logins/password",
        }
        # It listens before it lets anybody in.
        answers = {"exec": {"command": ["pg_isready", "--host=127.0.0.1"]}}
        server = ["-c", "ssl=on", "-c", f"ssl_cert_file={CERTIFICATE}", "-c", f"ssl_key_file={KEY}"]
        s3 = ["--port", f":{PORTS['s3']}", "--region", "eu-central-1"]
        s3 += ["--cert", CERTIFICATE, "--key", KEY, "posix", "/data"]
        s3_pod = _pod("s3", self.images["s3"], args=s3, env={"ROOT_ACCESS_KEY": "app"})
        (gateway,) = s3_pod["spec"]["containers"]
        reference = {"secretKeyRef": {"name": "logins", "key": "password"}}
        gateway["env"].append({"name": "ROOT_SECRET_KEY", "valueFrom": reference})
        bucket = gateway | {"name": "bucket", "command": ["mkdir", f"/data/{BUCKET}"]}
        del bucket["args"], bucket["readinessProbe"]
        s3_pod["spec"]["initContainers"] = [bucket]
        acl = ["--dir", "/data", "--aclfile", "/logins/users.acl", "--port", "0"]
        acl += ["--tls-port", str(PORTS["redis"]), "--tls-auth-clients", "no"]
        acl += ["--tls-cert-file", CERTIFICATE, "--tls-key-file", KEY]
        return [
            _pod(
                "postgres",
                self.images["postgres"],
                data="/var/lib/postgresql",
                args=["postgres", *server],
                env=postgres,
                answers=answers,
            ),
            _pod("nats", self.images["nats"], args=["--config", "/logins/nats.conf"]),
            _pod("redis", self.images["valkey"], args=acl),
            s3_pod,
        ]


async def patient[T](ask: Callable[[], Awaitable[T]]) -> T:
    """Ask the store again where a connection broke: a forwarded port is away for a second then."""
    attempts = AsyncRetrying(
        retry=retry_if_exception_type(ObjectStoreError),
        wait=wait_fixed(0.5),
        stop=stop_after_delay(60),
        reraise=True,
    )
    async for attempt in attempts:
        with attempt:
            return await ask()
    raise AssertionError("tenacity either returns or raises")


async def keys_of(store: ObjectStore) -> list[str]:
    """Return the keys of everything in a bucket."""
    return [info.key async for info in store.list("")]


def _pod(
    name: str,
    image: str,
    *,
    data: str = "/data",
    args: list[str] | None = None,
    env: dict[str, str] | None = None,
    answers: Body | None = None,
) -> Body:
    listens = {"tcpSocket": {"port": PORTS[name]}}
    container = {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": key, "value": value} for key, value in (env or {}).items()],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "data", "mountPath": data},
            {"name": "logins", "mountPath": "/logins", "readOnly": True},
            {"name": "certificate", "mountPath": FOLDER, "readOnly": True},
        ],
        "readinessProbe": (answers or listens) | {"periodSeconds": 1},
    }
    if args:
        container["args"] = args
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65532,
                "fsGroup": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            "volumes": [
                {"name": "data", "emptyDir": {}},
                {"name": "logins", "secret": {"secretName": "logins"}},
                # As Postgres wants its key: of root, for nobody but a group.
                {
                    "name": "certificate",
                    "secret": {"secretName": "certificate", "defaultMode": 0o440},
                },
            ],
        },
    }


def _service(name: str) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": PORTS[name]}]},
    }
