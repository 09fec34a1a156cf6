"""Watches through everything that silences them: seen within seconds, mended by themselves."""

import asyncio
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from apiproxy import ApiProxy
from builds import Builds, condition, patiently
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from operatorprocess import OperatorProcess
from venture_core.kubernetes.bounded import read_object
from venture_core.kubernetes.errors import NotFoundError
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, FREEZES, Resource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pydantic import SecretStr
    from recordservers import PostgresServer
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.objectstore import S3Settings

type Body = dict[str, Any]

MANIFEST = (
    Path(__file__).resolve().parents[2] / "crds" / "manifests" / f"{ARTIFACT_BUILDS.plural}.yaml"
)
CRDS = Resource(
    "apiextensions.k8s.io",
    "v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    namespaced=False,
)
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
MIB = 1024 * 1024
USER = "venture-operator-under-test"
ROLES = Resource("rbac.authorization.k8s.io", "v1", "roles", "Role")
ROLE_BINDINGS = Resource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding")
CLUSTER_ROLES = Resource(
    "rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False
)
CLUSTER_ROLE_BINDINGS = Resource(
    "rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False
)
SEES_WITHIN_SECONDS = 30.0
"""How soon a watch that does not work is told of, and how soon one that could again does.

Half of it is the promise; beside other tests it gets twice that.
"""


class Stage:
    """An operator of two namespaces, which reaches the API server by a proxy and as a user."""

    def __init__(self, operator: OperatorProcess, proxy: ApiProxy, home: str, other: str) -> None:
        self.operator = operator
        self.proxy = proxy
        self.home = home
        self.other = other

    async def readiness(self) -> tuple[int, Body]:
        status, text = await self.operator.get("/readyz")
        return status, json.loads(text)

    async def until(
        self, status: int, *, degraded: bool = False, within_seconds: float = SEES_WITHIN_SECONDS
    ) -> Body:
        """Wait until readiness is so; return its answer."""
        seen = await patiently(
            self.readiness,
            lambda answer: answer[0] == status and bool(answer[1].get("degraded")) == degraded,
            within_seconds=within_seconds,
        )
        return seen[1]

    async def metric(self, line: str) -> float:
        """Return the value of a metric, 0 where nothing was counted yet."""
        _, text = await self.operator.get("/metrics")
        return sum(float(each.rsplit(" ", 1)[1]) for each in text.splitlines() if line in each)


@pytest.fixture
async def stage(
    api_server: Path,
    client: KubernetesClient,
    namespace: str,
    s3_settings: S3Settings,
    database: SecretStr,
    tmp_path: Path,
) -> AsyncIterator[Stage]:
    other = f"{namespace}-other"
    await client.create(NAMESPACES, named(NAMESPACES, other))
    work = f"{namespace}-work"
    await client.create(NAMESPACES, named(NAMESPACES, work))
    for each in (namespace, other, work):
        await grant(client, each)
    await let_freezes_be_seen(client)
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (tmp_path / "key.pem").write_bytes(pem)
    proxy = ApiProxy(api_server)
    await proxy.restore()
    operator = OperatorProcess(
        kubeconfig=proxy.kubeconfig(tmp_path / "kubeconfig", user=USER),
        namespace=namespace,
        s3=s3_settings,
        signing_key=tmp_path / "key.pem",
        log=tmp_path / "operator.log",
        work_namespace=work,
        database=database,
        watched=(namespace, other),
    )
    await operator.start()
    stage = Stage(operator, proxy, namespace, other)
    await until_leading(stage)
    yield stage
    code = await operator.terminate()
    await proxy.cut()
    assert code in {0, 1}


async def until_leading(stage: Stage) -> None:
    await patiently(lambda: stage.metric("venture_leader 1.0"), bool)
    await stage.until(200)


async def grant(client: KubernetesClient, namespace: str) -> None:
    """Give the operator's user all rights in a namespace."""
    role = named(ROLES, USER, rules=[rule("*", "*", "*")])
    await client.apply(ROLES, role, namespace, field_manager="tests")
    binding = named(ROLE_BINDINGS, USER, **bound("Role"))
    await client.apply(ROLE_BINDINGS, binding, namespace, field_manager="tests")


async def let_freezes_be_seen(client: KubernetesClient) -> None:
    """Give the operator's user what it may see in the whole cluster: who cannot see is frozen."""
    rules = [rule(FREEZES.group, FREEZES.plural, verb) for verb in ("get", "list", "watch")]
    role = named(CLUSTER_ROLES, USER, rules=rules)
    await client.apply(CLUSTER_ROLES, role, field_manager="tests")
    binding = named(CLUSTER_ROLE_BINDINGS, USER, **bound("ClusterRole"))
    await client.apply(CLUSTER_ROLE_BINDINGS, binding, field_manager="tests")


def named(resource: Resource, name: str, **fields: object) -> Body:
    head = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}}
    return head | fields


def rule(group: str, resource: str, verb: str) -> Body:
    return {"apiGroups": [group], "resources": [resource], "verbs": [verb]}


def bound(kind: str) -> Body:
    group = "rbac.authorization.k8s.io"
    return {
        "roleRef": {"apiGroup": group, "kind": kind, "name": USER},
        "subjects": [{"apiGroup": group, "kind": "User", "name": USER}],
    }


async def starts(builds: Builds, name: str, within_seconds: float = SEES_WITHIN_SECONDS) -> None:
    """Create a build and wait until the operator works on it."""
    await builds.create(name)
    await is_seen(builds, name, within_seconds)


async def is_seen(builds: Builds, name: str, within_seconds: float = SEES_WITHIN_SECONDS) -> None:
    await patiently(
        lambda: builds.get(name),
        lambda body: bool(condition(body, "Reconciling")),
        within_seconds=within_seconds,
    )


async def test_a_crd_that_is_deleted_and_comes_back_is_watched_again(
    stage: Stage, client: KubernetesClient
) -> None:
    builds = Builds(client, stage.home)
    await starts(builds, "before")
    name = f"{ARTIFACT_BUILDS.plural}.{ARTIFACT_BUILDS.group}"
    await client.delete(CRDS, name)

    complaints = (await stage.until(503))["complaints"]
    assert all("artifactbuilds" in each for each in complaints)
    assert "not served" in complaints[0]

    await patiently(lambda: client.get(CRDS, name), lambda found: found is None)
    await client.create(CRDS, yaml.safe_load(MANIFEST.read_text()))
    await patiently(lambda: served(client), bool)
    await stage.until(200)
    await starts(builds, "after")
    assert await stage.metric("venture_leader 1.0") == 1
    assert await stage.metric("venture_watch_restarts_total{") == 0


async def served(client: KubernetesClient) -> bool:
    try:
        await client.list(ARTIFACT_BUILDS)
    except NotFoundError:
        return False
    return True


async def test_rights_that_go_in_one_namespace_are_that_namespaces_trouble(
    stage: Stage, client: KubernetesClient
) -> None:
    mine, theirs = Builds(client, stage.home), Builds(client, stage.other)
    await starts(theirs, "before")
    await client.delete(ROLE_BINDINGS, USER, stage.other)

    degraded = (await stage.until(200, degraded=True))["degraded"]
    assert all(stage.other in each and "Forbidden" in each for each in degraded)
    await starts(mine, "meanwhile")

    await theirs.create("waits")
    await grant(client, stage.other)
    await is_seen(theirs, "waits")
    await stage.until(200)
    assert await stage.metric("venture_watch_restarts_total{") == 0


async def test_a_namespace_that_is_deleted_takes_nothing_else_with_it(
    stage: Stage, client: KubernetesClient, tmp_path: Path
) -> None:
    mine, theirs = Builds(client, stage.home), Builds(client, stage.other)
    await starts(theirs, "before")
    # Without controllers nobody empties a namespace; this is what is left to see of one that went.
    await client.delete(ARTIFACT_BUILDS, "before", stage.other)
    await client.delete(ROLE_BINDINGS, USER, stage.other)
    await client.delete(ROLES, USER, stage.other)
    await client.delete(NAMESPACES, stage.other)

    await stage.until(200, degraded=True)
    await starts(mine, "after")
    assert "Traceback" not in (tmp_path / "operator.log").read_text()


async def test_what_happens_while_the_api_server_is_away_is_made_up_for(
    stage: Stage, client: KubernetesClient
) -> None:
    builds = Builds(client, stage.home)
    await starts(builds, "before")
    await stage.proxy.cut()
    await builds.create("meanwhile")
    await client.delete(ARTIFACT_BUILDS, "before", stage.home)
    answer = await stage.until(503)
    assert "Unreachable" in answer["complaints"][0]

    await stage.proxy.restore()
    await is_seen(builds, "meanwhile")
    await stage.until(200)
    await starts(builds, "after")


async def test_a_leader_that_is_cut_off_ends_and_its_successor_goes_on(
    stage: Stage, client: KubernetesClient
) -> None:
    builds = Builds(client, stage.home)
    await stage.proxy.cut()
    await builds.create("meanwhile")
    assert await asyncio.wait_for(stage.operator.wait(), timeout=60) == 1
    # From its first answer on: it has not reached the API server once.
    await stage.operator.start()
    status, answer = await stage.readiness()
    assert (status, answer["complaints"]) == (503, ["no answer from the API server so far"])
    await stage.proxy.restore()
    restored = time.monotonic()
    await is_seen(builds, "meanwhile", within_seconds=30)
    assert time.monotonic() - restored < 30
    await stage.until(200)


def nested(depth: int) -> Body:
    value: Body = {"end": 1}
    for _ in range(depth):
        value = {"a": value}
    return value


UNREADABLE = {
    "levels": {"kind": "SlideSpec", "deep": nested(900)},
    "names": {"kind": "SlideSpec", "x": {f"a{number}": 1 for number in range(44_000)}},
    "bytes": {"kind": "SlideSpec", "title": "x" * 1_200_000},
    "odd keys": {"kind": "SlideSpec", "a\x00b\nc": 1},
}


@pytest.mark.filterwarnings("ignore:Sending a large body")
async def test_what_cannot_be_read_is_told_on_the_object_once_and_hurts_nobody(
    stage: Stage, client: KubernetesClient, tmp_path: Path
) -> None:
    mine, theirs = Builds(client, stage.home), Builds(client, stage.other)
    for number, document in enumerate(UNREADABLE.values()):
        await theirs.create(f"odd-{number}", source={"inline": document})
    names = [f"odd-{number}" for number in range(len(UNREADABLE))]
    for name in names:
        body = await theirs.until(name, "Stalled")
        assert condition(body, "Stalled")["message"]

    for change in range(5):
        for name in names:
            note = {"metadata": {"annotations": {"change": str(change)}}}
            await client.patch(ARTIFACT_BUILDS, name, note, stage.other)
    await starts(mine, "honest")
    await stage.until(200)
    assert await stage.metric("venture_watch_restarts_total{") == 0
    assert await stage.metric("venture_watch_missed_total{") == 0
    lines = (tmp_path / "operator.log").read_text().splitlines()
    told = [each for each in lines if '"level": "error"' in each or "Traceback" in each]
    assert told == []
    assert len([each for each in lines if "unreadable" in each]) <= len(names)


@pytest.mark.filterwarnings("ignore:Sending a large body")
async def test_objects_of_a_megabyte_do_not_show_in_the_operators_memory(
    stage: Stage, client: KubernetesClient
) -> None:
    builds = Builds(client, stage.other)
    await starts(builds, "warm-up")
    before = stage.operator.memory()
    small: list[Body] = [{}] * 60_000
    for number in range(12):
        inline = {"kind": "SlideSpec", "title": "x" * 1_000_000, "slides": small}
        await builds.create(f"large-{number}", source={"inline": inline})
    for number in range(12):
        body = await patiently(
            lambda name=f"large-{number}": client.get(
                ARTIFACT_BUILDS, name, stage.other, read=read_object
            ),
            lambda body: condition(body, "Stalled").get("status") == "True",
        )
        assert "bytes" in condition(body, "Stalled")["message"]
    assert stage.operator.peak_memory() - before < 100 * MIB

    # They are there when it starts, too, in one list.
    assert await stage.operator.terminate() == 0
    await stage.operator.start()
    await until_leading(stage)
    assert stage.operator.peak_memory() < before + 100 * MIB


async def test_without_postgres_every_build_says_so_within_seconds(
    stage: Stage, client: KubernetesClient, postgres: PostgresServer
) -> None:
    builds = Builds(client, stage.home)
    await starts(builds, "before")
    postgres.kill()
    try:
        names = [f"build-{number}" for number in range(30)]
        await asyncio.gather(*map(builds.create, names))
        created = time.monotonic()
        for name in names:
            body = await patiently(
                lambda name=name: builds.get(name),
                lambda body: condition(body, "Reconciling").get("reason") == "RecordUnavailable",
                # Five seconds are the promise; beside other tests it gets three times that.
                within_seconds=max(0.1, created + 15 - time.monotonic()),
            )
            message = condition(body, "Reconciling")["message"]
            assert message.startswith("the database of the record does not answer (")
        print(f"every build said so within {time.monotonic() - created:.1f} s")
    finally:
        await postgres.start()
    for name in names:
        await builds.until(name, "Reconciling")
        await patiently(
            lambda name=name: builds.get(name),
            lambda body: condition(body, "Reconciling")["reason"] != "RecordUnavailable",
            within_seconds=60,
        )


async def test_stopping_does_not_wait_for_watches_that_hang(stage: Stage) -> None:
    await stage.proxy.cut()
    started = time.monotonic()
    await stage.operator.terminate()
    assert time.monotonic() - started < 15
