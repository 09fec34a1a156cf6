"""Laws of what is decided about Workflows: for every graph and every order of events."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from soaking import examples
from venture_core.events.types import REGISTRY
from venture_crds.v1alpha1.workflowstatus import TaskPhase
from venture_operator.kinds.workflow.decide import is_finished
from venture_operator.kinds.workflow.outcome import Done, Exhausted, Failed
from workflows import AGENT, APPROVAL, MONEY, NOW, World, task, workflow

if TYPE_CHECKING:
    from venture_operator.kinds.workflow.outcome import Outcome


@st.composite
def graphs(draw: st.DrawFn) -> tuple[tuple[dict[str, Any], ...], dict[str, list[str]]]:
    """Tasks that depend on earlier ones, and what their attempts come to, one after the other."""
    count = draw(st.integers(1, 8))
    kinds: list[dict[str, Any]] = [
        {},
        {"agent": AGENT},
        {"approval": APPROVAL},
        {"money": MONEY},
    ]
    tasks, script = [], {}
    for number in range(count):
        names = [f"t{each}" for each in range(number)]
        depends = draw(st.lists(st.sampled_from(names), unique=True, max_size=3)) if names else []
        kind = draw(st.sampled_from(kinds))
        limit = draw(st.integers(0, 2))
        tasks.append(task(f"t{number}", *depends, retries={"limit": limit}, **kind))
        ends = st.sampled_from(["done", "done", "fails", "passes", "exhausted"])
        script[f"t{number}"] = draw(st.lists(ends, min_size=1, max_size=4))
    return tuple(tasks), script


def outcome_of(script: dict[str, list[str]], tasks: tuple[dict[str, Any], ...]) -> Any:
    agents = {each["name"] for each in tasks if "agent" in each}

    def ends(name: str, attempt: int) -> Outcome:
        known = script[name]
        end = known[min(attempt, len(known)) - 1]
        if end == "exhausted" and name in agents:
            return Exhausted(NOW)
        if end in {"fails", "passes"}:
            return Failed("PodLost", "gone", NOW, may_pass=end == "passes")
        return Done({"from": name}, NOW)

    return ends


def price_of(tasks: tuple[dict[str, Any], ...]) -> Any:
    """Every attempt of an agent costs seven cents, and nothing else does."""
    agents = {each["name"] for each in tasks if "agent" in each}
    return lambda name, _attempt: 7 if name in agents else 0


def early(tasks: tuple[dict[str, Any], ...], phases: dict[str, str]) -> set[str]:
    """Return the tasks that depend on one that has not succeeded, through others too."""
    found: set[str] = set()
    for each in tasks:
        if any(name in found or phases[name] != "Succeeded" for name in each["dependsOn"]):
            found.add(each["name"])
    return found


def laws(tasks: tuple[dict[str, Any], ...], parallelism: int, budget: int) -> Any:
    """What holds whenever a plan was carried out, in whole or in part."""
    depends = {each["name"]: each["dependsOn"] for each in tasks}
    asks = {each["name"] for each in tasks if "approval" in each or "money" in each}

    def hold(world: World) -> None:
        phases = world.phases()
        running = {name for name, phase in phases.items() if phase == "Running"}
        assert len(running - asks) <= parallelism
        for name, phase in phases.items():
            before = [phases[each] for each in depends[name]]
            if phase in {"Running", "Retrying"}:
                assert name not in early(tasks, phases)
            if phase == "Blocked":
                assert name in early(tasks, phases)
            if world.status.handled_retry:
                # Money is asked for anew, below what it once let succeed.
                continue
            if phase in {"Succeeded", "Failed"}:
                assert set(before) <= {"Succeeded"}
            if phase == "Blocked":
                assert {"Failed", "Blocked"} & set(before)
        assert not world.set_aside or world.status.budget_open, "what is set aside is known"
        promised = sum(each.cap_cents for each in world.status.tasks)
        spent = world.status.cost.llm_cents if world.status.cost else 0
        assert not promised or promised + spent <= budget

    return hold


@settings(max_examples=examples(200), deadline=None)
@given(graphs(), st.integers(1, 4), st.integers(1, 120), st.builds(Random, st.integers(0, 2**32)))
def test_laws_hold_for_every_graph_and_every_order_of_events(
    graph: tuple[tuple[dict[str, Any], ...], dict[str, list[str]]],
    parallelism: int,
    budget: int,
    chooser: Random,
) -> None:
    tasks, script = graph
    money = {"currency": "USD", "cashCents": 800, "llmCents": budget}
    spec = workflow(*tasks, parallelism=parallelism, budget=money)
    world = World(spec, outcome_of(script, tasks), price=price_of(tasks))
    world.law = laws(tasks, parallelism, budget)
    world.run(chooser, crashes=True)
    for name in script:
        made = [attempt for each, attempt in world.attempts.values() if each == name]
        assert made == list(range(1, len(made) + 1)), "every attempt once, in its order"
    if is_finished(world.workflow):
        assert not world.set_aside
        before = {each.name: each for each in world.status.tasks}
        world.change(retry="again")
        world.run(chooser, crashes=True)
        assert not (is_finished(world.workflow) and world.set_aside)
        for name, then in before.items():
            if then.phase is TaskPhase.SUCCEEDED and world.spec_of(name).money is None:
                assert world.task(name).attempt == then.attempt, "what succeeded stays"
    known = {each.name: each.payload for each in REGISTRY}
    assert all(type(each.payload) is known[each.event_type] for each in world.facts)


@settings(max_examples=examples(200), deadline=None)
@given(graphs(), st.integers(1, 4), st.builds(Random, st.integers(0, 2**32)))
def test_the_end_follows_from_what_happens_and_not_from_when_it_is_seen(
    graph: tuple[tuple[dict[str, Any], ...], dict[str, list[str]]],
    parallelism: int,
    chooser: Random,
) -> None:
    tasks, script = graph
    script = {name: [each for each in ends if each != "exhausted"] for name, ends in script.items()}
    script = {name: ends or ["done"] for name, ends in script.items()}
    budget = {"currency": "USD", "cashCents": 800, "llmCents": 1_000_000}
    spec = workflow(*tasks, parallelism=len(tasks) + parallelism, budget=budget)
    world = World(spec, outcome_of(script, tasks), price=price_of(tasks))
    world.run(chooser, crashes=True)
    assert is_finished(world.workflow)
    assert world.phases() == expected(tasks, script)


def expected(tasks: tuple[dict[str, Any], ...], script: dict[str, list[str]]) -> dict[str, str]:
    """The end of every task, by a model that knows no time."""
    ends: dict[str, str] = {}
    for each in tasks:
        if any(ends[name] != "Succeeded" for name in each["dependsOn"]):
            ends[each["name"]] = "Blocked"
            continue
        known, end = script[each["name"]], "passes"
        for attempt in range(each["retries"]["limit"] + 1):
            end = known[min(attempt, len(known) - 1)]
            if end != "passes":
                break
        ends[each["name"]] = "Succeeded" if end == "done" else "Failed"
    return ends
