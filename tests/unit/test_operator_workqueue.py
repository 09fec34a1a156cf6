"""The coalescing queue: no wake-up is lost, no key is worked on twice at once."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venture_operator.services.workqueue import QueueClosedError, WorkQueue


async def test_a_waiting_key_is_not_queued_twice() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    queue.add("b")
    queue.add("a")
    assert len(queue) == 2
    assert [await queue.take(), await queue.take()] == ["a", "b"]


async def test_a_key_woken_while_worked_on_comes_again_after_it_is_done() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    await queue.take()
    queue.add("a")
    queue.add("a")
    assert len(queue) == 0
    queue.done("a")
    assert await queue.take() == "a"
    queue.done("a")
    assert len(queue) == 0


async def test_a_delayed_key_comes_when_it_is_due_and_the_earliest_time_counts() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("a", 30)
    queue.add_after("a", 0.01)
    queue.add_after("a", 60)
    assert await asyncio.wait_for(queue.take(), timeout=20) == "a"
    queue.done("a")
    assert len(queue) == 0


async def test_waking_a_key_now_replaces_its_delayed_wake_up() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("a", 0.01)
    queue.add("a")
    await queue.take()
    queue.done("a")
    await asyncio.sleep(0.03)
    assert len(queue) == 0


async def test_lanes_take_turns_and_a_burst_in_one_keeps_no_other_waiting() -> None:
    queue: WorkQueue[str] = WorkQueue(lane_of=lambda key: key[0])
    for key in ("a1", "a2", "a3", "a4", "b1"):
        queue.add(key)
    taken = [await queue.take(), await queue.take()]
    queue.add("c1")
    queue.add("a5")
    taken += [await queue.take() for _ in range(len(queue))]
    assert taken == ["a1", "b1", "a2", "c1", "a3", "a4", "a5"]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=60, unique=True))
def test_nobody_waits_for_more_than_one_key_of_each_other_lane(keys: list[tuple[int, int]]) -> None:
    async def story() -> list[tuple[int, int]]:
        queue: WorkQueue[tuple[int, int]] = WorkQueue(lane_of=lambda key: key[0])
        for key in keys:
            queue.add(key)
        return [await queue.take() for _ in keys]

    taken = asyncio.run(story())
    for lane in range(4):
        mine = [place for place, key in enumerate(taken) if key[0] == lane]
        assert [taken[place] for place in mine] == [key for key in keys if key[0] == lane]
        for earlier, later in zip([-1, *mine], mine, strict=False):
            between = [key[0] for key in taken[earlier + 1 : later]]
            assert len(between) == len(set(between))


async def test_a_closed_queue_sends_its_workers_home() -> None:
    queue: WorkQueue[str] = WorkQueue()
    workers = [asyncio.create_task(queue.take()) for _ in range(3)]
    await asyncio.sleep(0)
    queue.close()
    for worker in workers:
        with pytest.raises(QueueClosedError):
            await worker


async def test_every_taken_key_tells_how_long_it_waited() -> None:
    waited: list[float] = []
    queue: WorkQueue[str] = WorkQueue(waited.append)
    queue.add("a")
    await asyncio.sleep(0.02)
    await queue.take()
    assert len(waited) == 1
    assert 0.01 < waited[0] < 1


@given(st.lists(st.integers(0, 4), max_size=60), st.integers(1, 4))
def test_every_wake_up_is_followed_by_a_reconcile(wakes: list[int], workers: int) -> None:
    """Whatever is added when: after the last wake-up of a key, one more reconcile of it starts."""

    async def story() -> None:
        queue: WorkQueue[int] = WorkQueue()
        seen: dict[int, int] = {}
        truth: Counter[int] = Counter()
        busy: set[int] = set()

        async def work() -> None:
            while True:
                key = await queue.take()
                assert key not in busy, "two workers have the same key"
                busy.add(key)
                state = truth[key]
                await asyncio.sleep(0)
                seen[key] = state
                busy.discard(key)
                queue.done(key)

        tasks = [asyncio.create_task(work()) for _ in range(workers)]
        for key in wakes:
            truth[key] += 1
            queue.add(key)
            await asyncio.sleep(0)
        for _ in range(200):
            await asyncio.sleep(0)
        assert seen == dict(truth)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(story())
