"""Event ids are remembered in little memory, and none that comes twice is missed."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from soaking import examples
from venture_core.events.verify.ids import EventIds


@settings(max_examples=examples(200), deadline=None)
@given(
    batches=st.lists(st.lists(st.binary(max_size=2), max_size=12), max_size=12),
    most_held=st.integers(0, 30),
    memory_bytes=st.sampled_from([1, 100, 10_000]),
)
def test_ids_that_come_twice_are_found_wherever_they_lie(
    batches: list[list[bytes]], most_held: int, memory_bytes: int
) -> None:
    counted: Counter[bytes] = Counter()
    with EventIds(most_held=most_held, memory_bytes=memory_bytes) as ids:
        for batch in batches:
            ids.add(batch)
            counted.update(batch)
            expected = {hash(each) for each, times in counted.items() if times > 1}
            assert ids.repeated() == expected


def test_memory_does_not_grow_with_the_log() -> None:
    number, batch, held = 400_000, 1000, 50_000
    tracemalloc.start()
    try:
        with EventIds(most_held=held, memory_bytes=held) as ids:
            for first in range(0, number, batch):
                ids.add([str(UUID(int=n)).encode() for n in range(first, first + batch)])
            assert ids.repeated() == frozenset()
            _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < number * 8 / 2
