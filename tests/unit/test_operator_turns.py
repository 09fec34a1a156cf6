"""Turns between namespaces: nobody waits because another wants much."""

from hypothesis import given
from hypothesis import strategies as st
from venture_operator.services.turns import Share, Turns


class Row:
    def __init__(self, at_once: int = 2, per_namespace: int = 2) -> None:
        self.woken: list[str] = []
        self.turns: Turns[str] = Turns(
            at_once=at_once, per_namespace=per_namespace, wake=self.woken.append
        )

    def enter(self, key: str) -> bool:
        return self.turns.enter(key, key.split("/", maxsplit=1)[0])


def test_who_finds_room_enters_at_once_and_asks_as_often_as_it_likes() -> None:
    row = Row()
    assert row.enter("a/1")
    assert row.enter("a/1")
    assert row.turns.running() == 1
    assert row.woken == []


def test_a_burst_of_one_namespace_leaves_the_others_their_turns() -> None:
    row = Row(at_once=2, per_namespace=2)
    for number in range(6):
        row.enter(f"a/{number}")
    assert not row.enter("b/0")
    assert not row.enter("c/0")
    row.turns.leave("a/0")
    row.turns.leave("a/1")
    assert row.woken == ["a/2", "b/0"]
    row.turns.leave("a/2")
    row.turns.leave("b/0")
    assert row.woken == ["a/2", "b/0", "c/0", "a/3"]


def test_a_namespace_at_its_cap_waits_though_there_is_room() -> None:
    row = Row(at_once=10, per_namespace=1)
    assert row.enter("a/1")
    assert not row.enter("a/2")
    assert row.enter("b/1")
    assert row.turns.why_waiting("a") == "1 Jobs of this namespace run, as many as may"
    assert row.turns.why_waiting("c") == "10 Jobs run, as many as may"
    row.turns.leave("b/1")
    assert row.woken == []
    row.turns.leave("a/1")
    assert row.woken == ["a/2"]


def test_who_no_longer_wants_its_turn_gives_it_on() -> None:
    row = Row(at_once=1)
    row.enter("a/1")
    row.enter("a/2")
    row.enter("b/1")
    row.turns.leave("a/2")
    row.turns.leave("a/1")
    assert row.woken == ["b/1"]
    row.turns.leave("never heard of")
    assert row.turns.running() == 1


def test_work_that_runs_already_counts_even_over_the_cap() -> None:
    row = Row(at_once=1)
    for key in ("a/1", "a/2", "b/1"):
        row.turns.occupy(key, key.split("/")[0])
    assert row.turns.running() == 3
    assert not row.enter("c/1")
    for key in ("a/1", "a/2", "b/1"):
        row.turns.leave(key)
    assert row.woken == ["c/1"]


steps = st.lists(
    st.tuples(st.sampled_from(["enter", "leave"]), st.sampled_from("ab"), st.integers(0, 5)),
    max_size=60,
)


@given(steps, st.integers(1, 3), st.integers(1, 3))
def test_the_caps_hold_and_no_room_is_left_while_somebody_may_have_it(
    story: list[tuple[str, str, int]], at_once: int, per_namespace: int
) -> None:
    row = Row(at_once, per_namespace)
    for verb, namespace, number in story:
        key = f"{namespace}/{number}"
        if verb == "enter":
            row.enter(key)
        else:
            row.turns.leave(key)
        running = {each: row.turns.running(each) for each in "ab"}
        assert sum(running.values()) == row.turns.running() <= at_once
        assert max(running.values()) <= per_namespace
        if row.turns.waiting and row.turns.running() < at_once:
            assert any(count == per_namespace for count in running.values())


def test_who_shares_a_limit_waits_for_the_others_and_lets_the_rest_pass() -> None:
    row = Row(at_once=10, per_namespace=10)
    two = Share("researcher", 2)
    assert [row.turns.enter(f"a/{each}", "a", two) for each in range(3)] == [True, True, False]
    assert row.turns.enter("a/writer", "a", Share("writer", 1))
    assert row.turns.enter("b/0", "b", two)
    row.turns.leave("a/writer")
    assert row.woken == []
    row.turns.leave("a/0")
    assert row.woken == ["a/2"]


def test_what_runs_already_counts_for_whoever_takes_over() -> None:
    row = Row(at_once=10, per_namespace=10)
    row.turns.occupy("a/0", "a", Share("researcher"))
    assert not row.turns.enter("a/1", "a", Share("researcher", 1))
    row.turns.leave("a/0")
    assert row.woken == ["a/1"]
