"""content.venture.parpour.dev as users of a cluster reach it: by the API server."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from uuid import UUID

import aiohttp
import pytest
from builds import Builds
from clibuilds import CACHE_KEY, DECK, KEY, publish
from contentusers import ROOT, User, as_user
from pydantic import SecretStr
from recordevents import started
from soaking import seconds
from venture_control_plane_api.services.access import Build
from venture_control_plane_api.services.events import Events
from venture_core.agents.transcript import transcript_key
from venture_core.artifacts import provenance
from venture_core.artifacts.bucket import (
    artifact_key,
    asset_key,
    document_key,
    input_key,
    thumbnail_key,
)
from venture_core.artifacts.images import MAX_IMAGE_BYTES
from venture_core.artifacts.ir import MAX_IR_BYTES
from venture_core.events.chain import event_hash
from venture_core.http.problems import Problem
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, WORKFLOWS, Resource
from venture_core.record.append import append_in_transaction
from venture_core.record.database import Role, connect
from venture_core.record.objectevents import ObjectEvents
from venture_crds.v1alpha1.artifactbuild import ArtifactBuildStatus
from workflows import AGENT, task, workflow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from contentapi import ContentApi
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.objectstore import ObjectStore

type Body = dict[str, Any]

DATA = bytes(range(256)) * 20_000
"""Five megabytes: more than is read of the store at once."""


@pytest.fixture
def builds(client: KubernetesClient, namespace: str) -> Builds:
    return Builds(client, namespace)


@pytest.fixture
async def alice(
    content_api: ContentApi, client: KubernetesClient, namespace: str, tmp_path: Path
) -> AsyncIterator[User]:
    """Has `edit` in the test's namespace, and nothing else."""
    name = f"alice-{secrets.token_hex(3)}"
    await content_api.allow(client, namespace, name, "edit", "view")
    async for user in as_user(content_api, tmp_path, name):
        yield user


@pytest.fixture
async def victor(
    content_api: ContentApi, client: KubernetesClient, namespace: str, tmp_path: Path
) -> AsyncIterator[User]:
    """Has `view` in the test's namespace, and nothing else."""
    name = f"victor-{secrets.token_hex(3)}"
    await content_api.allow(client, namespace, name, "view")
    async for user in as_user(content_api, tmp_path, name):
        yield user


@pytest.fixture
async def mallory(content_api: ContentApi, tmp_path: Path) -> AsyncIterator[User]:
    """Has rights nowhere."""
    async for user in as_user(content_api, tmp_path, f"mallory-{secrets.token_hex(3)}"):
        yield user


@pytest.fixture
async def deck(builds: Builds, store: ObjectStore) -> bytes:
    """A build that is ready, with these bytes."""
    await builds.create("deck")
    data = secrets.token_bytes(16) + DATA
    await publish(builds, store, "deck", data)
    return data


# What a user may have ---------------------------------------------------------------------------


async def test_an_artifact_comes_whole(alice: User, namespace: str, deck: bytes) -> None:
    answer = await alice("GET", f"namespaces/{namespace}/artifactbuilds/deck/proxy")
    assert answer.status == 200, answer.data
    assert answer.data == deck
    assert answer.headers["content-length"] == str(len(deck))
    assert answer.headers["etag"] == f'"sha256:{hashlib.sha256(deck).hexdigest()}"'
    assert answer.headers["content-type"] == DECK


async def test_its_origin_can_be_verified(alice: User, namespace: str, deck: bytes) -> None:
    answer = await alice("GET", f"namespaces/{namespace}/artifactbuilds/deck/provenance")
    found = answer.body
    (pem,) = found["publicKeys"]
    key = provenance.load_public_key(pem)
    assert found["keyId"] == provenance.key_id(key) == provenance.key_id(KEY.public_key())
    statement = provenance.verify(
        base64.b64decode(found["envelope"]),
        artifact_sha256=hashlib.sha256(deck).hexdigest(),
        trusted={found["keyId"]: key},
    )
    assert statement.predicate.build_definition.internal_parameters["cacheKey"] == CACHE_KEY


async def test_what_it_looks_like_comes_as_the_job_drew_it(
    alice: User, builds: Builds, namespace: str, store: ObjectStore, deck: bytes
) -> None:
    path = f"namespaces/{namespace}/artifactbuilds/deck/thumbnail"
    answer = await alice("GET", path)
    assert (answer.status, "has no thumbnail" in answer.said) == (404, True)

    png = b"\x89PNG\r\n\x1a\n" + secrets.token_bytes(100)
    key = thumbnail_key(hashlib.sha256(deck).hexdigest(), "uid", 1)
    digest = hashlib.sha256(png).hexdigest()
    thumbnail = {"uri": store.uri(key), "sha256": digest, "sizeBytes": len(png)}
    await store.put(key, png, media_type="image/png")

    async def say(**status: object) -> None:
        change = {"status": {"thumbnail": thumbnail | status}}
        await builds.client.patch(
            ARTIFACT_BUILDS, "deck", change, builds.namespace, subresource="status"
        )

    await say()
    answer = await alice("GET", path)
    assert (answer.status, answer.data) == (200, png)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    await say(sha256="0" * 64)
    assert (await alice("GET", path)).status == 410
    await say(uri=store.uri("inputs/elsewhere/secret"))
    assert (await alice("GET", path)).status == 410


async def test_what_builds_read_is_kept_by_its_digest(
    alice: User, namespace: str, store: ObjectStore
) -> None:
    for plural, data, key in (
        ("assets", secrets.token_bytes(16) + DATA * 2, asset_key),
        ("assets", b"", asset_key),
        ("documents", b'{"kind": "SlideSpec"}', document_key),
    ):
        sha256 = hashlib.sha256(data).hexdigest()
        path = f"namespaces/{namespace}/{plural}/{sha256}"
        if data != b"":
            assert (await alice("GET", path)).status == 404
        answer = await alice("POST", f"{path}/proxy", data)
        assert answer.status == 201, answer.data
        assert (answer.body["key"], answer.body["sizeBytes"]) == (key(sha256), len(data))
        kept = await store.get(input_key(namespace, key(sha256)), max_bytes=2 * MAX_IMAGE_BYTES)
        assert kept == data
        assert (await alice("GET", path)).body["sizeBytes"] == len(data)


async def test_the_events_of_an_object_come_in_order(
    alice: User, builds: Builds, content_api: ContentApi, namespace: str
) -> None:
    await builds.create("deck")
    await builds.create("other")
    uids = [UUID((await builds.get(name))["metadata"]["uid"]) for name in ("deck", "other")]
    producer = await connect(content_api.database, Role.PRODUCER, name="tests")
    for number in (1, 2, 3):
        for uid in uids:
            async with producer.transaction():
                await append_in_transaction(producer, [started(uid, number)])
    await producer.close()
    path = f"namespaces/{namespace}/artifactbuilds/deck/events"
    found = (await alice("GET", path)).body
    assert found["uid"] == str(uids[0])
    assert [each["seq"] for each in found["items"]] == [1, 2, 3]
    assert {each["workflowId"] for each in found["items"]} == {str(uids[0])}
    previous = None
    for each in found["items"]:
        canonical = base64.b64decode(each["canonical"])
        assert event_hash(previous, each["seq"], canonical).hex() == each["hash"]
        previous = bytes.fromhex(each["hash"])
    assert [each["seq"] for each in (await alice("GET", f"{path}?after=2")).body["items"]] == [3]


async def test_a_viewer_reads_and_uploads_nothing(
    victor: User, namespace: str, deck: bytes
) -> None:
    assert (await victor("GET", f"namespaces/{namespace}/artifactbuilds/deck/proxy")).data == deck
    sha256 = hashlib.sha256(b"x").hexdigest()
    for method, path in (("GET", sha256), ("POST", f"{sha256}/proxy")):
        answer = await victor(method, f"namespaces/{namespace}/assets/{path}", None)
        assert answer.status == 403, answer.data


async def test_what_an_agent_said_is_for_those_who_may_see_its_workflow(
    victor: User, mallory: User, client: KubernetesClient, namespace: str, store: ObjectStore
) -> None:
    body = workflow(task("a", agent=AGENT)).to_json()
    body["metadata"] = {"name": "launch"}
    made = await client.create(WORKFLOWS, body, namespace)
    said = b'{"messages": []}'
    key = transcript_key(UUID(made["metadata"]["uid"]), "a", 1)
    kept = {"uri": store.uri(key), "sha256": hashlib.sha256(said).hexdigest()}
    path = f"namespaces/{namespace}/workflows/launch/transcript?task="

    async def ends(transcript: Body) -> None:
        ended = {"name": "a", "phase": "Succeeded", "transcript": transcript}
        status = {"status": {"tasks": [ended]}}
        await client.patch(WORKFLOWS, "launch", status, namespace, subresource="status")

    assert (await victor("GET", f"{path}a")).status == 404
    await store.put(key, said, media_type="application/json")
    await ends(kept)
    answer = await victor("GET", f"{path}a")
    assert (answer.status, answer.data) == (200, said)
    assert (await victor("GET", f"{path}b")).status == 404
    assert (await mallory("GET", f"{path}a")).status == 403
    # Whatever a status says, nothing outside of the task's own folder is read.
    await ends(kept | {"uri": store.uri(artifact_key("0" * 64))})
    assert (await victor("GET", f"{path}a")).status == 410
    await ends(kept | {"sha256": "0" * 64})
    assert (await victor("GET", f"{path}a")).status == 410


# What a user may not have -----------------------------------------------------------------------


async def test_nothing_tells_whether_what_is_another_s_exists(
    mallory: User, namespace: str, deck: bytes
) -> None:
    """There, gone, and never there: the same words but for the names that were asked for."""
    sha256 = hashlib.sha256(deck).hexdigest()
    for path in (
        "namespaces/{0}/artifactbuilds/{1}/proxy",
        "namespaces/{0}/artifactbuilds/{1}/provenance",
        "namespaces/{0}/artifactbuilds/{1}/thumbnail",
        "namespaces/{0}/artifactbuilds/{1}/events",
        "namespaces/{0}/artifactbuilds/{1}/log",
        f"namespaces/{{0}}/assets/{sha256}",
    ):
        said = set()
        for where, name in ((namespace, "deck"), (namespace, "none"), ("nowhere", "deck")):
            answer = await mallory("GET", path.format(where, name))
            assert answer.status == 403
            said.add(answer.said.replace(f'"{where}"', "W").replace(f'"{name}"', "N"))
        assert len(said) == 1, said


async def test_the_service_asks_for_the_right_to_the_object_itself(
    content_api: ContentApi,
    client: KubernetesClient,
    namespace: str,
    tmp_path: Path,
    deck: bytes,
) -> None:
    """Whoever may reach the group, by whatever role, still needs `get` on the build."""
    del deck
    rbac = "rbac.authorization.k8s.io"
    role = {
        "apiVersion": f"{rbac}/v1",
        "kind": "Role",
        "metadata": {"name": "content"},
        "rules": [
            {"apiGroups": ["content.venture.parpour.dev"], "resources": ["*"], "verbs": ["*"]}
        ],
    }
    await client.create(Resource(rbac, "v1", "roles", "Role"), role, namespace)
    binding = {
        "apiVersion": f"{rbac}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "content"},
        "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "content"},
        "subjects": [{"apiGroup": rbac, "kind": "User", "name": "trudy"}],
    }
    await client.create(Resource(rbac, "v1", "rolebindings", "RoleBinding"), binding, namespace)
    async for trudy in as_user(content_api, tmp_path, "trudy"):
        said = set()
        for name in ("deck", "none"):
            answer = await trudy("GET", f"namespaces/{namespace}/artifactbuilds/{name}/proxy")
            assert answer.status == 403
            assert "cannot get artifactbuilds" in answer.said
            said.add(answer.said.replace(name, "N"))
        assert len(said) == 1
        sha256 = hashlib.sha256(b"x").hexdigest()
        answer = await trudy("POST", f"namespaces/{namespace}/assets/{sha256}/proxy", b"x")
        assert answer.status == 403
        assert "cannot create artifactbuilds" in answer.said


@pytest.mark.parametrize(
    ("plural", "size", "status", "said"),
    [
        ("assets", 10, 422, "have the SHA-256"),
        ("assets", 6 * 1024 * 1024, 422, "have the SHA-256"),
        ("assets", MAX_IMAGE_BYTES + 1, 413, f"at most {MAX_IMAGE_BYTES} bytes"),
        ("documents", MAX_IR_BYTES + 1, 413, f"at most {MAX_IR_BYTES} bytes"),
    ],
)
async def test_an_upload_that_is_not_what_it_says_leaves_nothing(
    alice: User, namespace: str, store: ObjectStore, plural: str, size: int, status: int, said: str
) -> None:
    sha256 = secrets.token_hex(32)
    path = f"namespaces/{namespace}/{plural}/{sha256}/proxy"
    answer = await alice("POST", path, secrets.token_bytes(size))
    assert answer.status == status, answer.data
    assert said in answer.said
    assert [each async for each in store.list(f"inputs/{namespace}/")] == []


@pytest.mark.parametrize(
    "path",
    [
        "namespaces/{0}/assets/..%2F..%2Fother/proxy",
        "namespaces/{0}/assets/ABCDEF/proxy",
        "namespaces/{0}/secrets/{1}/proxy",
        "namespaces/{0}/artifactbuilds/deck/exec",
        "artifactbuilds",
    ],
)
async def test_there_is_nothing_else(
    client: KubernetesClient, content_api: ContentApi, namespace: str, path: str
) -> None:
    """Whoever may do everything reaches no other route, and no other place in the store."""
    del content_api
    answer = await User(client)("POST", path.format(namespace, "a" * 64), b"x")
    assert 400 <= answer.status < 500, answer.data
    assert answer.body["kind"] == "Status"


# What may go wrong ------------------------------------------------------------------------------


async def test_it_says_what_is_not_there(
    alice: User, builds: Builds, namespace: str, store: ObjectStore, deck: bytes
) -> None:
    await builds.create("waiting")
    for name, part, status, said in (
        ("none", "proxy", 404, "There is no artifactbuilds 'none'"),
        ("waiting", "proxy", 409, "has no artifact"),
        ("waiting", "provenance", 409, "has no artifact"),
        ("waiting", "log", 404, "No Job"),
    ):
        answer = await alice("GET", f"namespaces/{namespace}/artifactbuilds/{name}/{part}")
        assert (answer.status, said in answer.said) == (status, True), answer.data
    await store.delete(artifact_key(hashlib.sha256(deck).hexdigest()))
    answer = await alice("GET", f"namespaces/{namespace}/artifactbuilds/deck/proxy")
    assert (answer.status, "not in the store any more" in answer.said) == (410, True)


async def test_a_record_that_is_away_is_told() -> None:
    record = ObjectEvents(SecretStr("postgresql://nobody@127.0.0.1:1/none"), name="tests")
    build = Build("team-a", "deck", str(UUID(int=1)), ArtifactBuildStatus())
    with pytest.raises(Problem, match="the record does not answer") as caught:
        await Events(record).of(build, after=0)
    assert (caught.value.status, caught.value.headers["Retry-After"]) == (503, "2")


async def test_one_user_does_not_hold_all_places(
    alice: User, victor: User, builds: Builds, namespace: str, store: ObjectStore
) -> None:
    """Two at once for each, as these settings have it; whoever stops reading holds a place."""
    await builds.create("large")
    await publish(builds, store, "large", bytes(60_000_000))
    path = f"namespaces/{namespace}/artifactbuilds/large/proxy"
    timeout = aiohttp.ClientTimeout(total=60)
    async with AsyncExitStack() as held:
        for _ in range(2):
            sending = alice.client.connection.send("GET", f"{ROOT}/{path}", timeout=timeout)
            assert (await held.enter_async_context(sending)).status == 200
        refused = await alice("GET", path)
        assert refused.status == 429
        assert "At most 2 transfers" in refused.said
        assert refused.headers["retry-after"] == "2"
        assert (await victor("GET", path)).status == 200


async def test_discovery_lists_what_is_served(
    client: KubernetesClient, content_api: ContentApi
) -> None:
    del content_api
    found = await client.request("GET", "", ROOT)
    assert found["kind"] == "APIResourceList"
    assert {each["name"] for each in found["resources"]} >= {"artifactbuilds/proxy", "assets/proxy"}


@pytest.mark.soak
async def test_a_slow_transfer_outlasts_the_api_server_s_patience(
    alice: User, builds: Builds, namespace: str, store: ObjectStore
) -> None:
    """Its `--request-timeout` is a minute; both ways go on for longer, a little at a time."""
    length = seconds(short=3, soak=75)
    data = bytes(60_000_000)
    await builds.create("large")
    await publish(builds, store, "large", data)
    upload = secrets.token_bytes(64)

    async def trickle() -> AsyncIterator[bytes]:
        for byte in upload:
            yield bytes([byte])
            await asyncio.sleep(length / len(upload))

    async def slowly() -> int:
        timeout = aiohttp.ClientTimeout(total=None)
        path = f"{ROOT}/namespaces/{namespace}/artifactbuilds/large/proxy"
        taken = 0
        async with alice.client.connection.send("GET", path, timeout=timeout) as answer:
            async for chunk in answer.content.iter_chunked(1_000_000):
                taken += len(chunk)
                await asyncio.sleep(length / 60)
        return taken

    async def send() -> int:
        sha256 = hashlib.sha256(upload).hexdigest()
        path = f"{ROOT}/namespaces/{namespace}/assets/{sha256}/proxy"
        connection = alice.client.connection
        timeout = aiohttp.ClientTimeout(total=None)
        async with (
            connection._logged_in({}) as (session, headers),
            session.post(
                connection.access.server + path, data=trickle(), headers=headers, timeout=timeout
            ) as answer,
        ):
            return answer.status

    assert await asyncio.gather(slowly(), send()) == [len(data), 201]
