"""How many compile Jobs wait, and who gets one of them: on a real API server and a real bucket."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from venture_core.kubernetes.resources import SECRETS
from venture_operator.builders.job import PodSettings
from venture_operator.domain.references import Reference
from venture_operator.kinds.artifactbuild import workers
from venture_operator.kinds.artifactbuild.bucket import MAX_END_BYTES, Bucket
from venture_operator.kinds.artifactbuild.pool import Pool, PoolSize
from venture_operator.storage.children import Children
from venture_operator.storage.watched import ObjectKey, WatchedObjects

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubelet import Kubelet
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.objectstore import ObjectStore

type Body = dict[str, Any]

IDLE = timedelta(minutes=5)
FIRST, SECOND = [
    Reference("ArtifactBuild", "team", name, f"uid-of-{name}") for name in ("first", "second")
]


@pytest.fixture
def operator_of(
    client: KubernetesClient, work_namespace: str, store: ObjectStore
) -> Callable[..., Pool]:
    """Return what makes the pool of one operator, which has heard nothing yet of any Job."""

    def make(most: int, image: str = "compiler:1", pods: WatchedObjects | None = None) -> Pool:
        return Pool(
            PoolSize(most, IDLE),
            children=Children(client, work_namespace),
            jobs=WatchedObjects(),
            pods=no_pods() if pods is None else pods,
            bucket=Bucket(store),
            pod=PodSettings(image=image),
        )

    return make


def no_pods() -> WatchedObjects:
    return WatchedObjects(index_label="batch.kubernetes.io/job-name")


async def names(kubelet: Kubelet) -> set[str]:
    return {job["metadata"]["name"] for job in await kubelet.jobs()}


async def test_as_many_wait_as_are_wanted_and_none_when_nothing_was_built_for_long(
    operator_of: Callable[..., Pool], kubelet: Kubelet, client: KubernetesClient
) -> None:
    pool, now = operator_of(2), datetime.now(UTC)
    assert await pool.look(now) == 2
    before = await names(kubelet)
    assert len(before) == 2
    for job in await kubelet.jobs():
        assert await kubelet.has_input(job)
        labels = job["metadata"]["labels"]
        assert not [label for label in labels if "owner" in label]
        assert job["spec"]["template"]["metadata"]["labels"]["venture.parpour.dev/job"] == "compile"

    # Whoever takes over finds them.
    after = operator_of(2)
    assert await after.look(now) == 2
    assert await names(kubelet) == before
    fewer = operator_of(1)
    assert await fewer.look(now) == 1
    assert len(await names(kubelet)) == 1

    late = now + IDLE + timedelta(minutes=1)
    assert await fewer.look(late) == 0
    assert await names(kubelet) == set()
    fewer.offer(ObjectKey("team", "deck"), late)
    assert await fewer.look(late) == 1


async def test_a_pool_that_was_switched_off_leaves_nothing_and_ends(
    operator_of: Callable[..., Pool], kubelet: Kubelet
) -> None:
    await operator_of(2).look(datetime.now(UTC))
    off = operator_of(0)
    await asyncio.wait_for(off.run(), 30)
    assert await names(kubelet) == set()
    assert off.offer(ObjectKey("team", "deck"), datetime.now(UTC)) == ""


async def test_those_of_another_image_or_without_a_place_for_long_are_replaced(
    operator_of: Callable[..., Pool], kubelet: Kubelet
) -> None:
    now = datetime.now(UTC)
    await operator_of(1, "compiler:0").look(now)
    old = await names(kubelet)
    pool = operator_of(1)
    assert await pool.look(now) == 1
    new = await names(kubelet)
    assert len(new) == 1
    assert not new & old
    late = now + workers.WAITS_FOR
    pool.offer(ObjectKey("team", "deck"), late)
    await pool.look(late)
    # It found no place in all that time.
    last = await names(kubelet)
    assert len(last) == 1
    assert not last & new


async def test_of_two_operators_and_two_builds_one_gets_the_job(
    operator_of: Callable[..., Pool], kubelet: Kubelet
) -> None:
    now = datetime.now(UTC)
    one, other = operator_of(1), operator_of(1)
    await one.look(now)
    (name,) = await names(kubelet)
    claims = await asyncio.gather(one.claim(name, FIRST, 1, now), other.claim(name, SECOND, 1, now))
    (claimed,) = [each for each in claims if each is not None]
    owner = FIRST if claims[0] is not None else SECOND
    assert workers.belongs_to(claimed, owner.uid, 1)
    assert workers.belongs_to(await kubelet.find(name), owner.uid, 1)

    # A claim that is repeated finds itself done; another attempt of the build gets nothing.
    for pool in (one, other):
        again = await pool.claim(name, owner, 1, now)
        assert again is not None
        assert again["metadata"]["uid"] == claimed["metadata"]["uid"]
        assert await pool.claim(name, owner, 2, now) is None
    assert await one.claim("warm-none", FIRST, 1, now) is None


async def test_who_finds_none_waiting_is_offered_none(
    operator_of: Callable[..., Pool], kubelet: Kubelet
) -> None:
    now, pods = datetime.now(UTC), no_pods()
    pool = operator_of(1, pods=pods)
    await pool.look(now)
    (job,) = await kubelet.jobs()
    first, second = ObjectKey("team", "first"), ObjectKey("other", "second")
    # Its pod has not started yet.
    assert pool.offer(first, now) == ""
    pod = await kubelet.start(job)
    await kubelet.run(pod)
    pods.put(await kubelet.pod_of(job))
    name = job["metadata"]["name"]
    assert pool.offer(first, now) == name
    assert pool.offer(second, now) == ""
    # Who asks again is offered the same, until it is claimed.
    assert pool.offer(first, now) == name
    assert await pool.claim(name, FIRST, 1, now) is not None


async def test_a_job_that_was_claimed_is_not_deleted_by_who_has_not_heard_of_it(
    operator_of: Callable[..., Pool], kubelet: Kubelet
) -> None:
    now = datetime.now(UTC)
    one, other = operator_of(1), operator_of(1)
    await one.look(now)
    await other.look(now)
    (name,) = await names(kubelet)
    assert await one.claim(name, FIRST, 1, now) is not None
    await other.look(now + IDLE + timedelta(minutes=1))
    assert await names(kubelet) == {name}


async def test_a_job_whose_operator_died_before_it_was_told_where_to_look_is_told(
    operator_of: Callable[..., Pool],
    kubelet: Kubelet,
    client: KubernetesClient,
    work_namespace: str,
) -> None:
    now = datetime.now(UTC)
    await operator_of(1).look(now)
    (job,) = await kubelet.jobs()
    await client.delete(SECRETS, job["metadata"]["name"], work_namespace)
    await operator_of(1).look(now)
    assert await kubelet.has_input(job)


async def test_what_a_job_says_of_its_end_is_the_same_for_whoever_asks_from_then_on(
    store: ObjectStore,
) -> None:
    bucket = Bucket(store)
    assert await bucket.claim_end("uid-1", 1) is None
    await store.put("staging/uid-1/1.end", b"one", media_type="application/json")
    first = await bucket.claim_end("uid-1", 1)
    await store.put("staging/uid-1/1.end", b"two", media_type="application/json")
    assert first is not None
    assert first.data == b"one"
    assert await bucket.claim_end("uid-1", 1) == first
    too_much = b" " * (MAX_END_BYTES + 1)
    await store.put("staging/uid-1/2.end", too_much, media_type="application/json")
    assert await bucket.claim_end("uid-1", 2) is None
