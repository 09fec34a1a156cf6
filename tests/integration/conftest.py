"""Real servers for the integration tier: an API server with our CRDs, and S3 over a folder."""

import asyncio
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
import yaml
from builds import Builds
from contentapi import ContentApi
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from dataplaneservers import Server, data_plane_images, until_answers, valkey_server
from farewells import waiting_for_farewells
from kubelet import Kubelet
from operatorprocess import OperatorProcess
from recordservers import NatsServer, PostgresServer
from s3server import S3Server
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed
from treasuryprocess import TreasuryProcess
from treasuryservice import Service, treasury_service
from venture_core.kubernetes.client import KubernetesClient
from venture_core.kubernetes.errors import NotFoundError
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, NAMESPACES, Resource
from venture_core.objectstore import ObjectStore
from venture_core.preflight.probes import probe_redis
from venture_core.treasury.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from pydantic import SecretStr
    from venture_core.objectstore import S3Settings

REPOSITORY = Path(__file__).resolve().parents[2]
CRDS = Resource(
    "apiextensions.k8s.io",
    "v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    namespaced=False,
)
STARTS_WITHIN_SECONDS = 60


@pytest.fixture(autouse=True)
async def farewells() -> AsyncIterator[None]:
    """Let connections that were closed say farewell before the loop of a test ends."""
    async with waiting_for_farewells():
        yield


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Run an S3 server of this session's own."""
    server = S3Server(tmp_path_factory.mktemp("s3"))
    asyncio.run(server.start())
    yield server
    server.kill()


@pytest.fixture(scope="session")
def s3_settings(s3_server: S3Server) -> S3Settings:
    """Return a bucket of this session's own."""
    return s3_server.bucket("venture")


@pytest.fixture
def own_bucket(s3_server: S3Server) -> S3Settings:
    """Make a bucket of this test's own: a log has one anchor in a bucket."""
    return s3_server.bucket(f"test-{secrets.token_hex(6)}")


@pytest.fixture
def store(s3_settings: S3Settings) -> ObjectStore:
    """Return the bucket."""
    return ObjectStore(s3_settings)


@pytest.fixture(scope="session")
def definitions(api_server: Path) -> Path:
    """Give the session's API server our definitions; return its administrator's kubeconfig."""
    asyncio.run(_establish(str(api_server)))
    return api_server


async def _establish(kubeconfig: str) -> None:
    async with KubernetesClient.from_kubeconfig(kubeconfig) as connected:
        for manifest in sorted((REPOSITORY / "crds" / "manifests").glob("*.yaml")):
            body = yaml.safe_load(manifest.read_text())
            await connected.apply(CRDS, body, field_manager="tests")
        async for attempt in _patiently(NotFoundError):
            with attempt:
                await connected.list(ARTIFACT_BUILDS)


@pytest.fixture(scope="session")
def content_api(
    definitions: Path,
    postgres: PostgresServer,
    s3_settings: S3Settings,
    render_chart: Callable[..., list[dict[str, Any]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ContentApi]:
    """Serve content.venture.parpour.dev by this session's API server."""
    manifests = render_chart("ci/production.yaml")
    api = ContentApi(tmp_path_factory.mktemp("content"), definitions, manifests, s3_settings)
    asyncio.run(api.start(postgres))
    yield api
    api.stop()


@pytest.fixture
async def client(definitions: Path) -> AsyncIterator[KubernetesClient]:
    """Connect to the API server with our definitions established."""
    async with KubernetesClient.from_kubeconfig(str(definitions)) as connected:
        yield connected


@pytest.fixture
async def namespace(client: KubernetesClient) -> str:
    """Create a namespace that only this test uses."""
    name = f"test-{secrets.token_hex(4)}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await client.create(NAMESPACES, body)
    return name


@pytest.fixture
def builds(client: KubernetesClient, namespace: str) -> Builds:
    """Return the ArtifactBuilds of that namespace."""
    return Builds(client, namespace)


@pytest.fixture
def operator_settings() -> dict[str, str]:
    """Return further settings of the operator, in its own names, for a module to replace."""
    return {}


@pytest.fixture
async def operator(
    api_server: Path,
    client: KubernetesClient,
    namespace: str,
    work_namespace: str,
    s3_settings: S3Settings,
    database: SecretStr,
    tmp_path: Path,
    operator_settings: dict[str, str],
) -> AsyncIterator[OperatorProcess]:
    """Run one operator, on the test's namespace."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    process = OperatorProcess(
        kubeconfig=api_server,
        namespace=namespace,
        s3=s3_settings,
        signing_key=tmp_path / "key.pem",
        log=tmp_path / "operator.log",
        work_namespace=work_namespace,
        database=database,
        **operator_settings,
    )
    await process.start()
    yield process
    code = await process.terminate()
    assert code in {0, -9}, f"the operator ended with {code}"


@pytest.fixture
async def work_namespace(client: KubernetesClient, namespace: str) -> str:
    """Create the namespace where that operator runs Jobs."""
    name = f"{namespace}-work"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await client.create(NAMESPACES, body)
    return name


@pytest.fixture
def kubelet(client: KubernetesClient, work_namespace: str) -> Kubelet:
    """Return what plays the Job controller and the kubelet there."""
    return Kubelet(client, work_namespace)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Run a Postgres of this session's own."""
    # Not below pytest's folder: the server's user may not enter that.
    with tempfile.TemporaryDirectory(prefix="venture-postgres-") as folder:
        # No test cuts this machine's power: what the kernel was given is on disk for them.
        server = PostgresServer(Path(folder), {"fsync": "off", "full_page_writes": "off"})
        asyncio.run(server.start())
        yield server
        server.stop()


@pytest.fixture
async def database(postgres: PostgresServer) -> AsyncIterator[SecretStr]:
    """Create a database with the record's schema for one test; yield a superuser's URL."""
    url = await postgres.create_database()
    yield url
    await postgres.drop_database(url)


@pytest.fixture
async def superuser(database: SecretStr) -> AsyncIterator[asyncpg.Connection]:
    """Connect to the test's database as its superuser."""
    connection = await asyncpg.connect(database.get_secret_value())
    yield connection
    await connection.close()


@pytest.fixture
async def treasury(database: SecretStr, tmp_path: Path) -> AsyncIterator[Service]:
    """Serve treasury-api in this process, on the test's own ledger."""
    async with (
        Ledger(database, name="test") as ledger,
        treasury_service(database, ledger, tmp_path) as served,
    ):
        yield served


@pytest.fixture
async def treasury_process(
    definitions: Path,
    client: KubernetesClient,
    database: SecretStr,
    render_chart: Callable[..., list[dict[str, Any]]],
    tmp_path: Path,
) -> AsyncIterator[TreasuryProcess]:
    """Run treasury-api with the chart's rights, on the test's database and without Redis."""
    process = TreasuryProcess(tmp_path, definitions, render_chart("ci/production.yaml"))
    await process.install(client, database, "redis://127.0.0.1:1")
    await process.start()
    yield process
    process.stop()


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """Run a NATS server of this session's own."""
    server = NatsServer(tmp_path_factory.mktemp("nats"))
    asyncio.run(server.start())
    yield server
    server.stop()


@pytest.fixture(scope="session")
def images() -> dict[str, str]:
    """Give the references of the data plane's images by name."""
    return data_plane_images()


@pytest.fixture(scope="module")
def valkey(images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a Valkey of this module's own."""
    folder = tmp_path_factory.mktemp("valkey")
    with valkey_server(images["venture-dev-valkey"], folder) as server:
        asyncio.run(until_answers(lambda: probe_redis(server.url())))
        yield server


def _patiently(expected: type[Exception]) -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_exception_type(expected),
        wait=wait_fixed(0.1),
        stop=stop_after_delay(STARTS_WITHIN_SECONDS),
        reraise=True,
    )
