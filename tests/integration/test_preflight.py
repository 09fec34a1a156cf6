"""The preflight against real servers: the development data plane's own images, run on this host."""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import asyncpg
import nats
import pytest
import redis.asyncio
from dataplaneservers import Server, running, until_answers
from pydantic import SecretStr
from surroundings import free_port
from venture_core.objectstore import ObjectStore, S3Settings
from venture_core.preflight.probes import (
    ProbeError,
    probe_nats,
    probe_postgres,
    probe_redis,
    probe_s3,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def postgres(images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("postgres")
    server = Server("postgresql", free_port(), secrets.token_hex(12), "/venture")
    (folder / "password").write_text(server.password)
    (folder / "data").mkdir()
    mounts = {folder / "password": "/run/password", folder / "data": "/var/lib/postgresql"}
    env = {
        "POSTGRES_USER": "venture",
        "POSTGRES_DB": "venture",
        "POSTGRES_PASSWORD_FILE": "/run/password",
    }
    command = ("entrypoint.sh", "postgres", "-p", str(server.port))
    with running(images["venture-dev-postgres"], *command, mounts=mounts, env=env):
        asyncio.run(until_answers(lambda: probe_postgres(server.url())))
        yield server


@contextmanager
def nats_server(image: str, folder: Path, server: Server, *options: str) -> Iterator[None]:
    login = ("--user", "venture", "--pass", server.password)
    command = ("/usr/sbin/nats-server", "--port", str(server.port), *login, *options)
    folder.mkdir()
    with running(image, *command, mounts={folder: "/data"}):
        yield


JETSTREAM = ("--jetstream", "--store_dir", "/data")


@pytest.fixture(scope="module")
def jetstream(images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server("nats", free_port(), secrets.token_hex(12))
    folder = tmp_path_factory.mktemp("nats") / "data"
    with nats_server(images["venture-dev-nats"], folder, server, *JETSTREAM):
        asyncio.run(until_answers(lambda: probe_nats(server.url())))
        yield server


async def refusal(probe: Awaitable[str]) -> ProbeError:
    with pytest.raises(ProbeError) as caught:
        await probe
    return caught.value


async def test_postgres_that_works_is_left_as_it_was(postgres: Server) -> None:
    assert (await probe_postgres(postgres.url())).startswith("PostgreSQL 18.")
    connection = await asyncpg.connect(postgres.url().get_secret_value())
    try:
        tables = await connection.fetch(
            "SELECT 1 FROM pg_class WHERE relname = 'venture_preflight'"
        )
    finally:
        await connection.close()
    assert tables == []


async def test_postgres_refuses_a_wrong_password_for_good(postgres: Server) -> None:
    error = await refusal(probe_postgres(postgres.with_another_password().url()))
    assert error.permanent
    assert "the login is refused" in str(error)
    assert error.advice == "Check user and password in the Secret."


async def test_postgres_without_the_database_may_get_it_later(postgres: Server) -> None:
    error = await refusal(probe_postgres(postgres.url("/elsewhere")))
    assert not error.permanent
    assert 'database "elsewhere" does not exist' in str(error)


async def test_postgres_that_only_reads_is_found_out(postgres: Server) -> None:
    read_only = postgres.url("/venture?default_transaction_read_only=on")
    error = await refusal(probe_postgres(read_only))
    assert "read-only" in str(error)
    assert error.advice == "Point the URL at the primary."


async def test_nats_with_jetstream_works(jetstream: Server) -> None:
    assert await probe_nats(jetstream.url()) == "NATS 2.15.1 with JetStream (0 streams)"


async def test_nats_takes_a_list_of_servers(jetstream: Server) -> None:
    both = f"nats://venture:x@127.0.0.1:{free_port()},{jetstream.url().get_secret_value()}"
    assert "JetStream" in await probe_nats(SecretStr(both))


async def test_nats_refuses_a_wrong_password_for_good(jetstream: Server) -> None:
    error = await refusal(probe_nats(jetstream.with_another_password().url()))
    assert error.permanent
    assert str(error) == "the login is refused"


async def test_nats_without_jetstream_is_found_out(images: dict[str, str], tmp_path: Path) -> None:
    server = Server("nats", free_port(), secrets.token_hex(12))
    with nats_server(images["venture-dev-nats"], tmp_path / "data", server):

        async def connects() -> str:
            client = await nats.connect(server.url().get_secret_value(), allow_reconnect=False)
            await client.close()
            return ""

        await until_answers(connects)
        error = await refusal(probe_nats(server.url()))
    assert str(error) == "JetStream does not answer for this account"
    assert "Turn JetStream on" in error.advice


async def test_valkey_that_works_keeps_nothing(valkey: Server) -> None:
    found = await probe_redis(valkey.url())
    assert found.startswith("Valkey 9.")
    assert found.endswith("reads and writes")
    client = redis.asyncio.from_url(valkey.url().get_secret_value())
    assert await client.dbsize() == 0
    await client.aclose()


async def test_valkey_refuses_a_wrong_password_for_good(valkey: Server) -> None:
    error = await refusal(probe_redis(valkey.with_another_password().url()))
    assert error.permanent
    assert str(error) == "the login is refused"


async def test_valkey_where_the_user_may_only_read_is_enough(valkey: Server) -> None:
    url = valkey.url().get_secret_value().replace("venture:", "reader:")
    assert (await probe_redis(SecretStr(url))).endswith("this user may not write")


async def test_valkey_that_is_a_replica_is_found_out(valkey: Server) -> None:
    client = redis.asyncio.from_url(valkey.url().get_secret_value())
    await client.replicaof("127.0.0.1", free_port())
    try:
        error = await refusal(probe_redis(valkey.url()))
    finally:
        await client.replicaof("NO", "ONE")
        await client.aclose()
    assert str(error) == "the server is a read-only replica"


async def test_s3_that_works_keeps_nothing(s3_settings: S3Settings) -> None:
    assert await probe_s3(s3_settings) == "bucket venture, put, get and delete"
    left = [info.key async for info in ObjectStore(s3_settings).list("preflight")]
    assert left == []


async def test_s3_without_the_bucket_may_get_it_later(s3_settings: S3Settings) -> None:
    error = await refusal(probe_s3(s3_settings.model_copy(update={"bucket": "elsewhere"})))
    assert not error.permanent
    assert str(error) == "there is no bucket elsewhere"


@pytest.mark.parametrize("field", ["access_key_id", "secret_access_key"])
async def test_s3_refuses_a_wrong_key_for_good(s3_settings: S3Settings, field: str) -> None:
    wrong = "wrong" if field == "access_key_id" else SecretStr("wrong")
    error = await refusal(probe_s3(s3_settings.model_copy(update={field: wrong})))
    assert error.permanent
    assert str(error).startswith("the access key is refused (")


async def test_s3_tells_the_region_that_it_expects(s3_settings: S3Settings) -> None:
    error = await refusal(probe_s3(s3_settings.model_copy(update={"region": "eu-west-9"})))
    assert 'the region "eu-west-9" is wrong; expecting "us-east-1"' in str(error)
    assert "s3.region" in error.advice


def closed(scheme: str) -> SecretStr:
    return SecretStr(f"{scheme}://venture:password@127.0.0.1:{free_port()}/x")


def unknown(scheme: str) -> SecretStr:
    return SecretStr(f"{scheme}://venture:password@no-such-host.invalid:1/x")


def s3_at(endpoint: str) -> S3Settings:
    return S3Settings(
        endpoint=endpoint,
        region="us-east-1",
        bucket="venture",
        access_key_id="id",
        secret_access_key=SecretStr("secret"),
    )


PROBES: dict[str, Callable[[str, int], Awaitable[str]]] = {
    "postgres": lambda host, port: probe_postgres(SecretStr(f"postgres://u:p@{host}:{port}/x")),
    "nats": lambda host, port: probe_nats(SecretStr(f"nats://u:p@{host}:{port}")),
    "redis": lambda host, port: probe_redis(SecretStr(f"redis://u:p@{host}:{port}/0")),
    "s3": lambda host, port: probe_s3(s3_at(f"http://{host}:{port}")),
}


@pytest.mark.parametrize("name", PROBES)
async def test_a_closed_port_is_a_refused_connection(name: str) -> None:
    error = await refusal(PROBES[name]("127.0.0.1", free_port()))
    assert not error.permanent
    assert str(error) == "the connection is refused"


@pytest.mark.parametrize("name", PROBES)
async def test_an_unknown_host_is_named_as_such(name: str) -> None:
    error = await refusal(PROBES[name]("no-such-host.invalid", 1))
    assert not error.permanent
    assert str(error) == "the host name is not known"


@pytest.mark.parametrize("name", PROBES)
async def test_a_silent_server_is_given_up_on(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        error = await refusal(PROBES[name]("127.0.0.1", silent.getsockname()[1]))
        assert time.monotonic() - started < 12
    assert not error.permanent
    assert str(error) == "there is no answer in time"


@pytest.fixture
def environment(
    postgres: Server, jetstream: Server, valkey: Server, s3_settings: S3Settings
) -> dict[str, str]:
    return {
        "VENTURE_POSTGRES_URL": postgres.url().get_secret_value(),
        "VENTURE_NATS_URL": jetstream.url().get_secret_value(),
        "VENTURE_REDIS_URL": valkey.url().get_secret_value(),
        "VENTURE_S3_ENDPOINT": s3_settings.endpoint,
        "VENTURE_S3_REGION": s3_settings.region,
        "VENTURE_S3_BUCKET": s3_settings.bucket,
        "VENTURE_S3_ACCESS_KEY_ID": s3_settings.access_key_id,
        "VENTURE_S3_SECRET_ACCESS_KEY": s3_settings.secret_access_key.get_secret_value(),
        "VENTURE_PREFLIGHT_DEADLINE_SECONDS": "20",
    }


def preflight(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "venture_core.preflight"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_command_succeeds_when_all_answer(environment: dict[str, str]) -> None:
    output, _ = (process := preflight(environment)).communicate(timeout=60)
    assert process.returncode == 0, output
    assert [line.split(" at ")[0] for line in sorted(output.splitlines())] == [
        "nats",
        "postgres",
        "redis",
        "s3",
    ]
    assert output.count(": ok: ") == 4


def test_the_command_waits_for_what_is_still_starting(
    environment: dict[str, str], images: dict[str, str], tmp_path: Path
) -> None:
    late = Server("nats", free_port(), secrets.token_hex(12))
    process = preflight({**environment, "VENTURE_NATS_URL": late.url().get_secret_value()})
    assert process.stdout
    while "nats at" not in (line := process.stdout.readline()):
        assert line, "it ended without a word about NATS"
    assert line.endswith("waiting: the connection is refused\n")
    with nats_server(images["venture-dev-nats"], tmp_path / "data", late, *JETSTREAM):
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert f"nats at 127.0.0.1:{late.port}: ok: " in output


def test_the_command_ends_at_its_deadline_and_names_the_culprit(
    environment: dict[str, str],
) -> None:
    port = free_port()
    environment["VENTURE_REDIS_URL"] = f"redis://venture:hunter2@127.0.0.1:{port}/0"
    environment["VENTURE_PREFLIGHT_DEADLINE_SECONDS"] = "3"
    started = time.monotonic()
    output, _ = (process := preflight(environment)).communicate(timeout=60)
    assert time.monotonic() - started < 30
    assert process.returncode == 1
    (failed,) = [line for line in output.splitlines() if "FAILED" in line]
    assert re.match(rf"redis at 127\.0\.0\.1:{port}/0: FAILED after \d s: ", failed), failed
    assert "the connection is refused. Check that it runs, that host and port are right" in failed


def test_an_image_counts_once_a_container_of_it_started(
    environment: dict[str, str], tmp_path: Path
) -> None:
    environment |= {
        "VENTURE_PREFLIGHT_IMAGES": '{"compiler": "registry.example.com/compiler:1"}',
        "VENTURE_PREFLIGHT_IMAGES_FOLDER": str(tmp_path),
        "VENTURE_PREFLIGHT_DEADLINE_SECONDS": "2",
    }
    output, _ = (process := preflight(environment)).communicate(timeout=60)
    assert process.returncode == 1
    (failed,) = [line for line in output.splitlines() if "FAILED" in line]
    assert failed.startswith(
        "the image of the compiler at registry.example.com/compiler:1: FAILED after "
    )
    assert "no container of it has started. Check compiler.image" in failed
    (tmp_path / "compiler").touch()
    output, _ = (process := preflight(environment)).communicate(timeout=60)
    assert process.returncode == 0, output


def test_the_command_does_not_wait_for_a_wrong_password(environment: dict[str, str]) -> None:
    wrong = environment["VENTURE_POSTGRES_URL"].replace("venture:", "venture:wrong-")
    output, _ = (process := preflight({**environment, "VENTURE_POSTGRES_URL": wrong})).communicate(
        timeout=60
    )
    assert process.returncode == 1
    # Far from its deadline, however busy the machine is.
    assert re.search(r"FAILED after \d s: the login is refused", output), output


def test_the_command_prints_no_secret(environment: dict[str, str]) -> None:
    secret_values = {
        value
        for name, value in environment.items()
        if name.endswith("_URL") or "ACCESS_KEY" in name
    } | {value.split("@")[0].rpartition(":")[2] for value in environment.values() if "@" in value}
    for broken in ("", "postgres", "nats", "redis", "s3"):
        changed = {**environment, "VENTURE_PREFLIGHT_DEADLINE_SECONDS": "1"}
        if broken == "s3":
            changed["VENTURE_S3_BUCKET"] = "elsewhere"
        elif broken:
            name = f"VENTURE_{broken.upper()}_URL"
            changed[name] = changed[name].replace("127.0.0.1", "no-such-host.invalid")
        output, _ = preflight(changed).communicate(timeout=60)
        assert not [value for value in secret_values if value in output], broken
