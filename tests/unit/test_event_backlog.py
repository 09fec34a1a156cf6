"""Which events a starting consumer holds back, by what the broker says and what comes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.msg import Msg
from nats.js.api import ConsumerInfo
from venture_core.messaging.backlog import Backlog

if TYPE_CHECKING:
    from collections.abc import Iterable


def message(sequence: int, *, delivered: int = 1) -> Msg:
    reply = f"$JS.ACK.EVENTS.tester.{delivered}.{sequence}.{sequence}.1767225600000000000.0"
    client: Any = SimpleNamespace()
    return Msg(_client=client, subject="artifact.build.started.v1", reply=reply, data=b"{}")


def info(*, floor: int, delivered: int, pending: int) -> ConsumerInfo:
    return ConsumerInfo.from_response(
        {
            "name": "tester",
            "stream_name": "EVENTS",
            "config": {},
            "created": "2026-01-01T00:00:00Z",
            "ack_floor": {"consumer_seq": floor, "stream_seq": floor},
            "delivered": {"consumer_seq": delivered, "stream_seq": delivered},
            "num_ack_pending": pending,
        }
    )


def sequences(messages: Iterable[Msg]) -> list[int]:
    return [each.metadata.sequence.stream for each in messages]


def backlog(
    *, floor: int, delivered: int, pending: int, in_hand: set[int] | None = None
) -> Backlog:
    found = info(floor=floor, delivered=delivered, pending=pending)
    return Backlog(found, in_hand=in_hand or set(), patience_seconds=3)


def test_without_old_events_new_ones_pass_at_once() -> None:
    fresh = backlog(floor=4, delivered=4, pending=0)
    assert not fresh.is_holding
    assert sequences(fresh.take(message(5))) == [5]
    assert len(fresh) == 0


@given(st.permutations(range(1, 9)))
def test_all_old_events_come_before_any_new_one(order: list[int]) -> None:
    """Events 1 to 5 were in hand when the process died, 6 to 8 are new."""
    held = backlog(floor=0, delivered=5, pending=5)
    released = [sequences(held.take(message(each))) for each in order]
    last_old = max(order.index(each) for each in range(1, 6))
    assert all(batch == [] for batch in released[:last_old])
    assert released[last_old] == sorted(order[: last_old + 1])
    assert [each for batch in released for each in batch][last_old + 1 :] == order[last_old + 1 :]


def test_an_old_event_that_comes_twice_counts_once() -> None:
    held = backlog(floor=0, delivered=2, pending=2)
    assert held.take(message(1)) == []
    assert held.take(message(1, delivered=2)) == []
    assert [each.metadata.num_delivered for each in held.waiting] == [2]
    assert sequences(held.take(message(2))) == [1, 2]


def test_what_this_process_has_at_work_is_not_awaited() -> None:
    """Of 2, 3 and 5 unacknowledged, 3 is at work; 9 was delivered before the broker forgot it."""
    held = backlog(floor=1, delivered=5, pending=3, in_hand={3, 9})
    assert held.take(message(3, delivered=2)) == []
    assert held.take(message(2, delivered=2)) == []
    assert sequences(held.take(message(5, delivered=2))) == [2, 3, 5]


@pytest.mark.parametrize(("pending", "released"), [(3, [6, 7]), (4, [])])
def test_a_recount_releases_what_waits_for_nothing(pending: int, released: list[int]) -> None:
    """All but 5 (at work), 6 and 7 (held back) may have been acknowledged meanwhile."""
    held = backlog(floor=0, delivered=5, pending=5, in_hand={5})
    assert held.take(message(7)) == []
    assert held.take(message(6)) == []
    held.recount(info(floor=4, delivered=7, pending=pending), in_hand={5})
    assert sequences(held.ready()) == released
    assert held.is_holding == (released == [])


@pytest.mark.parametrize(("patience", "released"), [(60, []), (0, [2, 3])])
def test_patience_ends(patience: float, released: list[int]) -> None:
    found = info(floor=0, delivered=1, pending=1)
    held = Backlog(found, in_hand=set(), patience_seconds=patience)
    assert [*sequences(held.take(message(2))), *sequences(held.take(message(3)))] == released
    assert sequences(held.ready()) == []
