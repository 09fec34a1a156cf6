"""A data plane whose certificates come from an authority that nobody else knows."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import ssl
import subprocess
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg
import pytest
from aiohttp import web
from certificates import Authority, Pair
from pydantic import SecretStr
from recordservers import NOBODY, NatsServer, PostgresServer
from surroundings import free_port
from tenacity import AsyncRetrying, stop_after_delay, wait_fixed
from venture_artifact_compiler.transfer import Transfers, UnavailableStoreError
from venture_core.messaging import connection
from venture_core.messaging.connection import connect_nats
from venture_core.objectstore import ObjectStore, ObjectStoreError
from venture_core.preflight.probes import ProbeError, probe_nats_login, probe_postgres_login
from venture_core.settings.dataplane import NatsEndpoint, PostgresEndpoint, S3Endpoint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "pki")


@pytest.fixture
def stranger(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "stranger")


def _owned(folder: Path, pair: Pair) -> Path:
    """Copy a pair to where Postgres, which is not root, may read it and nobody else."""
    folder.mkdir(mode=0o755)
    for file in (pair.cert, pair.key):
        copied = Path(shutil.copy(file, folder))
        copied.chmod(0o600)
        if os.geteuid() == 0:
            os.chown(copied, NOBODY, NOBODY)
    return folder


@pytest.fixture
async def encrypted_postgres(authority: Authority) -> AsyncIterator[PostgresServer]:
    with tempfile.TemporaryDirectory(prefix="venture-postgres-") as folder:
        pair = authority.issue("postgres")
        owned = _owned(Path(folder) / "tls", pair)
        settings = {
            "ssl": "on",
            "ssl_cert_file": str(owned / "postgres.crt"),
            "ssl_key_file": str(owned / "postgres.key"),
        }
        server = PostgresServer(Path(folder), settings=settings)
        await server.start()
        yield server
        server.stop()


async def test_postgres_is_verified_in_full(
    encrypted_postgres: PostgresServer, authority: Authority, stranger: Authority
) -> None:
    url = encrypted_postgres.url("postgres").get_secret_value()
    good = PostgresEndpoint(postgres_url=url, postgres_ca_file=authority.cert)
    connection = await asyncpg.connect(good.postgres_url.get_secret_value())
    try:
        encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        assert await connection.fetchval(encrypted)
    finally:
        await connection.close()
    other = PostgresEndpoint(postgres_url=url, postgres_ca_file=stranger.cert)
    with pytest.raises(ProbeError, match="certificate"):
        await probe_postgres_login(other.postgres_url)
    # Another name than the certificate's: verify-full, not verify-ca.
    elsewhere = url.replace("127.0.0.1", "localhost")
    renamed = PostgresEndpoint(postgres_url=elsewhere, postgres_ca_file=authority.cert)
    with pytest.raises(ProbeError, match="certificate"):
        await probe_postgres_login(renamed.postgres_url)


@pytest.fixture
async def encrypted_nats(tmp_path: Path, authority: Authority) -> AsyncIterator[NatsEndpoint]:
    pair = authority.issue("nats")
    (tmp_path / "nats").mkdir()
    config = f'tls {{ cert_file: "{pair.cert}", key_file: "{pair.key}" }}\n'
    server = NatsServer(tmp_path / "nats", config=config)
    server.launch()
    endpoint = NatsEndpoint(nats_url=server.url().get_secret_value(), nats_ca_file=authority.cert)
    try:
        async for attempt in AsyncRetrying(wait=wait_fixed(0.1), stop=stop_after_delay(60)):
            with attempt:
                client = await connect_nats(
                    endpoint.nats_url, name="tests", tls=endpoint.nats_tls(), reconnect=False
                )
        await client.close()
        yield endpoint
    finally:
        server.stop()


async def test_nats_is_verified(encrypted_nats: NatsEndpoint, stranger: Authority) -> None:
    other = encrypted_nats.model_copy(update={"nats_ca_file": stranger.cert})
    with pytest.raises(ProbeError, match="certificate"):
        await probe_nats_login(other.nats_url, other.nats_tls())


async def test_a_handshake_that_nats_never_answers_is_tried_again(
    encrypted_nats: NatsEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that swallows the first connection, as one does while its policies come."""
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)
    monkeypatch.setattr(connection, "ATTEMPT_SECONDS", 2)
    target = urlsplit(encrypted_nats.nats_url.get_secret_value())
    connections = 0

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        there, out = await asyncio.open_connection(target.hostname, target.port)
        answering = asyncio.create_task(copied(there, writer))
        if connections == 1:
            await reader.read(-1)
            out.close()
        else:
            await copied(reader, out)
        await answering

    async with await asyncio.start_server(pass_on, "127.0.0.1") as proxy:
        port = proxy.sockets[0].getsockname()[1]
        url = SecretStr(f"nats://127.0.0.1:{port}")
        async with asyncio.timeout(60):
            client = await connect_nats(url, name="tests", tls=encrypted_nats.nats_tls())
        assert client.is_connected
        assert connections > 1
        await client.close()


async def copied(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Copy what comes until either end closes."""
    with suppress(OSError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
    target.close()


class Gateway:
    """An S3 server with a certificate of the authority."""

    def __init__(self, tools: Path, folder: Path, authority: Authority) -> None:
        (folder / "venture").mkdir(parents=True)
        pair = authority.issue("s3")
        self.access, self.secret = secrets.token_hex(8), secrets.token_hex(16)
        port = free_port()
        self.endpoint = f"https://127.0.0.1:{port}"
        command = [str(tools / "versitygw"), "--port", f"127.0.0.1:{port}"]
        command += ["--cert", str(pair.cert), "--key", str(pair.key)]
        command += ["--access", self.access, "--secret", self.secret, "posix", str(folder)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def settings(self, **changes: object) -> S3Endpoint:
        values: dict[str, object] = {
            "s3_endpoint": self.endpoint,
            "s3_region": "us-east-1",
            "s3_bucket": "venture",
            **changes,
        }
        return S3Endpoint.model_validate(values)


@pytest.fixture
async def gateway(tools: Path, tmp_path: Path, authority: Authority) -> AsyncIterator[Gateway]:
    started = Gateway(tools, tmp_path / "s3", authority)
    yield started
    started.process.terminate()
    started.process.wait(timeout=60)


async def _put(settings: S3Endpoint) -> bytes:
    store = ObjectStore(settings.s3())
    async for attempt in AsyncRetrying(wait=wait_fixed(0.2), stop=stop_after_delay(60)):
        with attempt:
            await store.put("proof", b"it works", media_type="text/plain")
    return await store.get("proof", max_bytes=100)


async def test_s3_is_verified(gateway: Gateway, authority: Authority, stranger: Authority) -> None:
    keys = {"s3_access_key_id": gateway.access, "s3_secret_access_key": gateway.secret}
    assert await _put(gateway.settings(**keys, s3_ca_file=authority.cert)) == b"it works"
    store = ObjectStore(gateway.settings(**keys, s3_ca_file=stranger.cert).s3())
    with pytest.raises(ObjectStoreError):
        await store.put("proof", b"never", media_type="text/plain")


async def test_a_compile_job_reaches_the_store_by_the_authorities_in_its_input(
    gateway: Gateway, authority: Authority, stranger: Authority
) -> None:
    """It has no file of the installation's: what it has to trust comes with its URLs."""
    keys = {"s3_access_key_id": gateway.access, "s3_secret_access_key": gateway.secret}
    settings = gateway.settings(**keys, s3_ca_file=authority.cert)
    await _put(settings)
    store = ObjectStore(settings.s3())
    assert store.authorities == authority.cert.read_text()
    url = await store.presign("GET", "proof", timedelta(minutes=1))
    async with Transfers.opened(10, store.authorities) as transfers:
        assert await transfers.download(url, limit=100, sha256=None) == b"it works"
    for foreign in (None, stranger.cert.read_text()):
        async with Transfers.opened(10, foreign) as transfers:
            with pytest.raises(UnavailableStoreError):
                await transfers.download(url, limit=100, sha256=None)


async def test_s3_takes_the_identity_of_the_workload(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A projected token is exchanged for the keys of a role, as IRSA does it.

    The store here only takes down who came: versitygw knows no session tokens.
    """
    token = tmp_path / "token"
    token.write_text("a-projected-token")
    asked: list[dict[str, str]] = []
    came: list[dict[str, str]] = []

    async def assume(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        asked.append({**request.query, **form})
        answer = (
            '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
            "<AssumeRoleWithWebIdentityResult><Credentials>"
            "<AccessKeyId>ROLE-KEY</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>"
            "<SessionToken>session</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration>"
            "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        )
        return web.Response(text=answer, content_type="text/xml")

    async def put(request: web.Request) -> web.Response:
        came.append({name.lower(): value for name, value in request.headers.items()})
        return web.Response(headers={"ETag": '"1"'})

    app = web.Application()
    app.router.add_route("*", "/", assume)
    app.router.add_put("/venture/proof", put)
    runner = web.AppRunner(app)
    await runner.setup()
    pair = authority.issue("sts")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/venture")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"https://127.0.0.1:{port}")
    settings = S3Endpoint(
        s3_endpoint=f"https://127.0.0.1:{port}",
        s3_region="us-east-1",
        s3_bucket="venture",
        s3_credentials="WorkloadIdentity",
        s3_ca_file=authority.cert,
    )
    try:
        store = ObjectStore(settings.s3())
        await store.put("proof", b"it works", media_type="text/plain")
    finally:
        await runner.cleanup()
    assert asked[0]["RoleArn"] == "arn:aws:iam::1:role/venture"
    assert asked[0]["WebIdentityToken"] == "a-projected-token"
    assert "Credential=ROLE-KEY/" in came[0]["authorization"]
    assert came[0]["x-amz-security-token"] == "session"
