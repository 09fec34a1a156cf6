"""A watch that fell silent is noticed and made up for; a Lease has one holder at a time."""

import asyncio
from typing import TYPE_CHECKING

import pytest
from venture_core.kubernetes.errors import KubernetesError
from venture_core.kubernetes.resources import ARTIFACT_BUILDS, LEASES
from venture_operator.services import leadership as leadership_module
from venture_operator.services.health import Health
from venture_operator.services.intake import Intake, itself
from venture_operator.services.kind import whole
from venture_operator.services.leadership import Leadership, LeadershipLostError
from venture_operator.services.resync import Resync
from venture_operator.services.watches import Stream, Streams, Watch
from venture_operator.storage.lease import Lease
from venture_operator.storage.watched import ObjectKey, WatchedObjects

if TYPE_CHECKING:
    from builds import Builds
    from venture_core.kubernetes.client import KubernetesClient
    from venture_core.objectstore import ObjectStore


class Silence:
    """Builds of one namespace whose watch never tells anything."""

    def __init__(self, client: KubernetesClient, namespace: str, store: ObjectStore) -> None:
        self.woken: list[str] = []
        self.objects = WatchedObjects()
        self.intake = Intake(self.objects, lambda key: self.woken.append(key.name), itself)
        self.streams = Streams([Watch(ARTIFACT_BUILDS, self.intake, whole, (namespace,))])
        for stream in self.streams:
            stream.works(listed=True)
        self.resync = Resync(
            client,
            self.streams,
            every_seconds=3600,
            grace_seconds=0.05,
        )

    @property
    def stream(self) -> Stream:
        """The only stream."""
        return next(iter(self.streams))


@pytest.fixture
def silence(client: KubernetesClient, namespace: str, store: ObjectStore) -> Silence:
    return Silence(client, namespace, store)


async def test_what_a_silent_watch_did_not_tell_is_found_and_reported(
    silence: Silence, builds: Builds
) -> None:
    await builds.create("one")
    await silence.resync.compare()
    assert silence.woken == ["one"]
    assert not silence.stream.is_dead()

    await builds.patch("one", retry="x")
    await silence.resync.compare()
    assert silence.woken == ["one", "one"]
    assert silence.stream.is_dead()


async def test_a_watch_that_speaks_again_is_not_deaf(silence: Silence, builds: Builds) -> None:
    await builds.create("one")
    await silence.resync.compare()
    silence.intake.changed(await builds.create("two"))
    await silence.resync.compare()
    await silence.resync.compare()
    assert not silence.stream.is_dead()


async def test_what_the_watch_tells_within_the_grace_is_not_missed(
    silence: Silence, builds: Builds
) -> None:
    body = await builds.create("one")
    comparing = asyncio.create_task(silence.resync.compare())
    await asyncio.sleep(0.01)
    silence.intake.changed(body)
    await comparing
    await silence.resync.compare()
    assert not silence.stream.is_dead()


async def test_objects_deleted_unseen_are_forgotten(
    silence: Silence, builds: Builds, client: KubernetesClient, namespace: str
) -> None:
    silence.intake.changed(await builds.create("one"))
    await client.delete(ARTIFACT_BUILDS, "one", namespace)
    await silence.resync.compare()
    assert silence.objects.get(ObjectKey(namespace, "one")) is None
    assert silence.woken == ["one", "one"]


async def test_a_deaf_watch_makes_its_replica_unready(
    silence: Silence, builds: Builds, client: KubernetesClient, namespace: str
) -> None:
    leadership = Leadership(lease(client, namespace, "a"))
    await leadership.acquire()
    health = Health(leadership)
    health.streams = silence.streams
    assert health.liveness() == health.readiness() == []
    for nonce in ("x", "y"):
        if nonce == "x":
            await builds.create("one")
        await builds.patch("one", retry=nonce)
        await silence.resync.compare()
    assert health.readiness() == [f"the watch on artifactbuilds in {namespace} is silent"]


def lease(client: KubernetesClient, namespace: str, identity: str, seconds: int = 1) -> Lease:
    return Lease(client, namespace=namespace, name="lead", identity=identity, seconds=seconds)


async def test_one_holds_until_the_lease_expires_and_the_epoch_grows(
    client: KubernetesClient, namespace: str
) -> None:
    first, second = lease(client, namespace, "a"), lease(client, namespace, "b")
    assert await first.try_hold() == 0
    assert await second.try_hold() is None
    assert await first.try_hold() == 0
    assert await second.try_hold() is None
    await asyncio.sleep(1.1)
    assert await second.try_hold() == 1
    assert await first.try_hold() is None


async def test_a_released_lease_is_free_at_once(client: KubernetesClient, namespace: str) -> None:
    first, second = lease(client, namespace, "a", 60), lease(client, namespace, "b", 60)
    assert await first.try_hold() == 0
    await second.release()
    assert await second.try_hold() is None
    await first.release()
    assert await second.try_hold() == 1


async def test_of_many_candidates_one_wins(client: KubernetesClient, namespace: str) -> None:
    candidates = [lease(client, namespace, f"c-{number}", 60) for number in range(8)]
    held = await asyncio.gather(*(each.try_hold() for each in candidates))
    assert sorted(epoch for epoch in held if epoch is not None) == [0]


async def test_a_leader_that_cannot_renew_gives_up_before_the_lease_expires(
    client: KubernetesClient, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leadership_module, "RENEW_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(leadership_module, "RENEW_DEADLINE_SECONDS", 0.5)
    mine = lease(client, namespace, "a", 60)
    leadership = Leadership(mine)
    assert await leadership.acquire() == 0

    async def unreachable() -> int | None:
        raise KubernetesError(0, "Unreachable", "cut off")

    monkeypatch.setattr(mine, "try_hold", unreachable)
    with pytest.raises(LeadershipLostError):
        await asyncio.wait_for(leadership.hold(), timeout=60)
    assert leadership.epoch is None


async def test_a_stolen_lease_ends_the_leader(
    client: KubernetesClient, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leadership_module, "RENEW_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(leadership_module, "RENEW_DEADLINE_SECONDS", 0.5)
    leadership = Leadership(lease(client, namespace, "a", 60))
    await leadership.acquire()
    body = await client.get(LEASES, "lead", namespace)
    assert body is not None
    body["spec"] |= {"holderIdentity": "thief", "leaseTransitions": 7}
    await client.replace(LEASES, body, namespace)
    with pytest.raises(LeadershipLostError):
        await asyncio.wait_for(leadership.hold(), timeout=60)
