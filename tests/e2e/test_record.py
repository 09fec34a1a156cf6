"""The record on the real cluster: a build's events in Postgres, on JetStream, and in an audit."""

import base64
import json
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

import nats
import pytest
from builds import Builds, patiently, unique_deck
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from nats.js.api import DeliverPolicy
from pydantic import SecretStr
from venture_core.events.envelope import EventEnvelopeV1
from venture_core.events.notes import NoteVerifier
from venture_core.kubernetes.portforward import find_service_port, forward_port
from venture_core.kubernetes.resources import Resource
from venture_core.record.database import Role, connect
from venturecommand import Venture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import asyncpg
    from venture_core.kubernetes.client import KubernetesClient

type Body = dict[str, Any]

SYSTEM_NAMESPACE = "venture-system"
SECRETS = Resource("", "v1", "secrets", "Secret")
BUILT = [
    "artifact.build.requested.v1",
    "artifact.build.started.v1",
    "artifact.build.gates.v1",
    "artifact.build.completed.v1",
]
HIT = ["artifact.build.requested.v1", "artifact.build.cache_hit.v1"]
CHECKPOINT_SECONDS = 15
"""How long the newest event may wait for its checkpoint here, beside other tests."""


async def secret(client: KubernetesClient, name: str, key: str) -> str:
    body = await client.get(SECRETS, name, SYSTEM_NAMESPACE)
    assert body is not None
    return base64.b64decode(body["data"][key]).decode()


@asynccontextmanager
async def reached(client: KubernetesClient, service: str) -> AsyncIterator[str]:
    """Forward a port to a service, and give its URL, login included, as seen from here."""
    url = urlsplit(await secret(client, service, "url"))
    assert url.port
    target = await find_service_port(client, SYSTEM_NAMESPACE, service, url.port)
    async with forward_port(client, target) as forward:
        login = url.netloc.rpartition("@")[0]
        yield url._replace(netloc=f"{login}@127.0.0.1:{forward.port}").geturl()


@pytest.fixture
async def auditor(client: KubernetesClient) -> AsyncIterator[asyncpg.Connection]:
    """Connect to the record as one who may read it."""
    async with reached(client, "venture-postgres") as url:
        connection = await connect(SecretStr(url), Role.AUDITOR, name="tests")
        try:
            yield connection
        finally:
            await connection.close()


async def in_postgres(auditor: asyncpg.Connection, workflow: UUID) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await auditor.fetch(
        "SELECT e.event_id, e.seq, e.canonical, l.log_index "
        "FROM record.events e LEFT JOIN record.log_index l USING (workflow_id, seq) "
        "WHERE workflow_id = $1 ORDER BY seq",
        workflow,
    )
    return rows


async def on_jetstream(url: str, workflow: UUID, count: int) -> list[EventEnvelopeV1]:
    """Read a workflow's events with a plain client: nothing of ours but the envelope."""
    client = await nats.connect(url)
    try:
        subscription = await client.jetstream().subscribe(
            "artifact.>", stream="EVENTS", ordered_consumer=True, deliver_policy=DeliverPolicy.ALL
        )
        events: list[EventEnvelopeV1] = []
        while len(events) < count:
            message = await subscription.next_msg(timeout=60)
            event = EventEnvelopeV1.model_validate_json(message.data)
            if event.workflow_id == workflow:
                assert message.subject == event.event_type
                events.append(event)
    finally:
        await client.close()
    return events


def types(rows: list[asyncpg.Record]) -> list[str]:
    return [json.loads(row["canonical"])["event_type"] for row in rows]


async def finished(builds: Builds, name: str, **spec: object) -> UUID:
    """Create a build, wait until it is Ready, and return the workflow of its events."""
    created = await builds.create(name, **spec)
    await builds.until(name, "Ready")
    return UUID(created["metadata"]["uid"])


async def test_a_build_leaves_its_events_in_postgres_and_on_jetstream(
    builds: Builds, client: KubernetesClient, auditor: asyncpg.Connection
) -> None:
    workflow = await finished(builds, "deck")
    rows = await in_postgres(auditor, workflow)
    assert types(rows) == BUILT
    assert [row["seq"] for row in rows] == list(range(rows[0]["seq"], rows[0]["seq"] + len(BUILT)))

    async with reached(client, "venture-nats") as url:
        published = await on_jetstream(url, workflow, len(BUILT))
    assert [event.event_type for event in published] == BUILT
    assert [event.event_id for event in published] == [row["event_id"] for row in rows]
    stored = [json.loads(row["canonical"]) for row in rows]
    assert len({event["trace_id"] for event in stored}) == 1
    assert {str(event.trace_id) for event in published} == {stored[0]["trace_id"]}
    for event in published:
        assert event.payload["namespace"] == builds.namespace
        assert event.payload["name"] == "deck"


async def test_a_cache_hit_says_so_and_nothing_else(
    builds: Builds, auditor: asyncpg.Connection
) -> None:
    source = {"inline": unique_deck()}
    await finished(builds, "first", source=source)
    workflow = await finished(builds, "second", source=source)
    assert types(await in_postgres(auditor, workflow)) == HIT


async def test_a_checkpoint_covers_a_build_within_seconds(
    builds: Builds, auditor: asyncpg.Connection
) -> None:
    workflow = await finished(builds, "deck")
    look = partial(uncovered, auditor, workflow)
    await patiently(look, lambda count: count == 0, within_seconds=CHECKPOINT_SECONDS)


async def uncovered(auditor: asyncpg.Connection, workflow: UUID) -> int:
    """Count the build's events that no signed checkpoint covers."""
    size = await auditor.fetchval("SELECT coalesce(max(size), 0) FROM record.checkpoints")
    rows = await in_postgres(auditor, workflow)
    return len([row for row in rows if row["log_index"] is None or row["log_index"] >= size])


async def test_the_read_model_shows_the_build(
    builds: Builds, auditor: asyncpg.Connection, client: KubernetesClient
) -> None:
    del auditor
    workflow = await finished(builds, "deck")
    build = await builds.get("deck")
    async with reached(client, "venture-postgres") as url:
        connection = await connect(SecretStr(url), Role.PROJECTOR, name="tests")
        try:
            look = partial(
                connection.fetchrow, "SELECT * FROM projection.artifacts WHERE uid = $1", workflow
            )
            row = await patiently(look, lambda row: row is not None and row["phase"] == "Ready")
        finally:
            await connection.close()
    assert (row["namespace"], row["name"]) == (builds.namespace, "deck")
    assert row["cache_key"] == build["status"]["cacheKey"]


async def test_the_exported_log_verifies_offline_with_the_public_key_alone(
    builds: Builds,
    auditor: asyncpg.Connection,
    client: KubernetesClient,
    tmp_path: Path,
    kubeconfig: Path,
) -> None:
    workflow = await finished(builds, "deck")
    look = partial(uncovered, auditor, workflow)
    await patiently(look, lambda count: count == 0, within_seconds=CHECKPOINT_SECONDS)
    exported = await Venture(tmp_path, kubeconfig)("audit", "export", "--output", "log.tar")
    assert exported.code == 0, exported.err
    note = await auditor.fetchval("SELECT note FROM record.checkpoints ORDER BY size LIMIT 1")
    origin = note.partition("\n")[0]

    pem = await secret(client, "venture-checkpoint-key", "checkpoint-key.pem")
    private = load_pem_private_key(pem.encode(), password=None)
    assert isinstance(private, Ed25519PrivateKey)
    key = NoteVerifier(origin, private.public_key()).text
    # No cluster, no database: a kubeconfig that leads nowhere.
    offline = Venture(tmp_path, kubeconfig.with_name("absent"))
    verified = await offline("audit", "verify", "log.tar", "--key", key)
    assert verified.code == 0, verified.err
    stranger = NoteVerifier(origin, Ed25519PrivateKey.generate().public_key()).text
    refused = await offline("audit", "verify", "log.tar", "--key", stranger)
    assert refused.code != 0
