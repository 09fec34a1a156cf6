"""What is decided about a Workflow, story by story; its laws are in `test_workflow_laws.py`."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from venture_core.agents.transcript import transcript_key
from venture_core.canonical import canonical_json
from venture_crds.v1alpha1.workflowstatus import (
    OUTPUTS_MAX_BYTES,
    TaskPhase,
    TaskTranscript,
    WorkflowPhase,
)
from venture_operator.domain.conditions import has_ended
from venture_operator.domain.facts import Subject, event_id
from venture_operator.domain.plan import Plan
from venture_operator.kinds.workflow.board import Release, StartTask, cut
from venture_operator.kinds.workflow.decide import Observed, decide, is_finished
from venture_operator.kinds.workflow.outcome import Asked, Done, Failed, Working
from venture_operator.kinds.workflow.plans import waiting_plan
from venture_operator.kinds.workflow.stub import stub
from workflows import (
    AGENT,
    APPROVAL,
    MONEY,
    NOW,
    UID,
    World,
    done,
    exhausting,
    failing,
    task,
    workflow,
)

if TYPE_CHECKING:
    from venture_operator.kinds.workflow.outcome import Outcome

DIAMOND = (task("a"), task("b", "a"), task("c", "a"), task("d", "b", "c"))


def run(world: World) -> World:
    world.run(Random(1))  # noqa: S311  the same order every time
    return world


def test_a_diamond_runs_in_its_order_and_completes() -> None:
    world = run(World(workflow(*DIAMOND), done))
    assert world.status.phase is WorkflowPhase.SUCCEEDED
    assert (world.order[0], world.order[-1]) == ("a", "d")
    assert sorted(world.order) == ["a", "b", "c", "d"]
    assert world.status.progress == "4/4"
    assert world.reason() == "Completed"
    told = [each.event_type for each in world.facts]
    assert told[0] == "workflow.run.requested.v1"
    assert told[-1] == "workflow.run.completed.v1"


def test_independent_tasks_start_together_as_far_as_there_is_room() -> None:
    world = World(workflow(*(task(f"t{number}") for number in range(5)), parallelism=2), done)
    plan = world.look()
    assert [each for each in plan.actions if isinstance(each, StartTask)] == [
        StartTask("t0"),
        StartTask("t1"),
    ]
    assert plan.intent == plan.status, "what is created is known before it is"
    world.end("t0")
    world.look()
    assert world.order == ["t0", "t1", "t2"]


def test_a_failure_blocks_those_that_depend_on_it_and_no_others() -> None:
    world = run(World(workflow(*DIAMOND, task("e")), failing("b")))
    assert world.phases() == {
        "a": "Succeeded",
        "b": "Failed",
        "c": "Succeeded",
        "d": "Blocked",
        "e": "Succeeded",
    }
    assert world.reason() == "TasksFailed"
    assert "b (GateFailed): it went wrong" in world.status.conditions[0].message


def test_a_retry_runs_again_what_did_not_succeed_and_nothing_else() -> None:
    world = run(World(workflow(*DIAMOND), failing("b")))
    world.change(retry="again")
    world.script = done
    run(world)
    assert world.status.phase is WorkflowPhase.SUCCEEDED
    assert {each.name: each.attempt for each in world.status.tasks} == {
        "a": 1,
        "b": 2,
        "c": 1,
        "d": 1,
    }
    assert world.status.handled_retry == "again"


def test_the_events_of_a_retry_are_events_of_their_own() -> None:
    world = run(World(workflow(*DIAMOND), failing("a")))
    world.change(retry="again")
    run(world)
    subject = Subject(UUID(UID))
    blocked = [each for each in world.facts if each.event_type == "task.run.blocked.v1"]
    ids = {event_id(subject, each) for each in blocked}
    assert len(ids) == 6, "three tasks, twice"


def test_a_failure_that_may_pass_is_tried_again_after_a_pause_and_not_for_ever() -> None:
    retried = task("a", retries={"limit": 2})
    world = World(workflow(retried), failing("a", may_pass=True))
    world.look()
    world.end("a")
    plan = world.look()
    assert world.task("a").phase is TaskPhase.RETRYING
    assert plan.requeue_after_seconds == 5
    run(world)
    assert world.task("a").attempt == 3
    assert world.task("a").phase is TaskPhase.FAILED


def test_a_child_that_somebody_deletes_is_made_again() -> None:
    world = World(workflow(task("a")), done)
    world.look()
    child = world.task("a").child
    assert child is not None
    world.delete(child)
    world.look()
    assert (world.task("a").phase, world.task("a").reason) == ("Retrying", "ChildDeleted")
    assert run(world).status.phase is WorkflowPhase.SUCCEEDED


def test_while_suspended_nothing_starts_and_what_runs_goes_on() -> None:
    world = World(workflow(*DIAMOND), done)
    world.look()
    world.change(suspend=True)
    world.end("a")
    world.look()
    assert world.phases()["a"] == "Succeeded"
    assert world.order == ["a"]
    assert world.status.phase is WorkflowPhase.SUSPENDED
    world.change(suspend=False)
    assert run(world).status.phase is WorkflowPhase.SUCCEEDED
    told = [each.event_type.split(".")[2] for each in world.facts if "workflow" in each.event_type]
    assert told == ["requested", "started", "suspended", "resumed", "completed"]


def test_stop_lets_what_runs_end_and_terminate_does_not() -> None:
    world = World(workflow(*DIAMOND), done)
    world.look()
    world.change(shutdown="Stop")
    world.look()
    assert world.phases() == {"a": "Running", "b": "Cancelled", "c": "Cancelled", "d": "Cancelled"}
    assert not has_ended(world.status)
    world.change(shutdown="Terminate")
    world.look()
    assert world.phases()["a"] == "Cancelled"
    assert world.created == {}
    assert (world.status.phase, world.reason()) == (WorkflowPhase.CANCELLED, "Terminated")


def test_a_retry_waits_until_the_shutdown_is_taken_back() -> None:
    world = World(workflow(*DIAMOND), done)
    world.look()
    world.change(shutdown="Terminate")
    world.look()
    world.change(retry="go")
    facts = len(world.facts)
    world.look()
    assert is_finished(world.workflow)
    assert len(world.facts) == facts
    world.change(shutdown=None)
    assert run(world).status.phase is WorkflowPhase.SUCCEEDED


def test_the_deadline_ends_everything() -> None:
    world = World(workflow(*DIAMOND, deadlineSeconds=60), done)
    plan = world.look()
    assert plan.requeue_after_seconds == 60
    world.now += timedelta(seconds=60)
    world.look()
    assert set(world.phases().values()) == {"Cancelled"}
    assert (world.status.phase, world.reason()) == (WorkflowPhase.FAILED, "DeadlineExceeded")


def test_an_approval_takes_no_place_and_says_so() -> None:
    world = World(workflow(task("ask", approval=APPROVAL), task("b"), parallelism=1), done)
    world.look()
    assert world.order == ["ask", "b"]
    world.end("b")
    world.look()
    assert (world.status.phase, world.reason()) == (WorkflowPhase.WAITING, "AwaitingApproval")


CASH = {"currency": "USD", "cashCents": 100}


def test_money_that_waits_for_people_takes_no_place_and_shows_what_they_are_asked() -> None:
    digest = "sha256:" + "0" * 64
    waiting = Working("0 of 1", asked=Asked(digest, 1))
    world = World(
        workflow(task("pay", money=MONEY), task("b"), parallelism=1, budget=CASH),
        lambda name, attempt: waiting if name == "pay" else done(name, attempt),
    )
    world.look()
    assert sorted(world.order) == ["b", "pay"]
    child = world.task("pay").child
    assert child is not None
    assert child.kind == "MoneyIntent"
    world.end("b")
    world.end("pay")
    world.look()
    assert (world.status.phase, world.reason()) == (WorkflowPhase.WAITING, "AwaitingApproval")
    assert (world.task("pay").target_digest, world.task("pay").reason) == (
        digest,
        "AwaitingApproval",
    )
    world.script = lambda *_: Working("the wallet is empty", reason="WaitingForFunds")
    world.look()
    assert (world.task("pay").target_digest, world.task("pay").reason) == (None, "WaitingForFunds")
    assert world.reason() == "Running"
    world.change(shutdown="Terminate")
    world.look()
    assert child.name not in world.created, "what was asked for is taken back"


def test_what_was_set_aside_is_released_at_the_end_and_the_end_is_said_before() -> None:
    world = World(workflow(task("pay", money=MONEY), budget=CASH), done)
    world.look()
    assert (world.set_aside, world.status.budget_open) == (True, True)
    world.end("pay")
    assert world.look().requeue_after_seconds == 0
    assert (world.set_aside, world.status.phase) == (True, WorkflowPhase.SUCCEEDED)
    waiting = waiting_plan(world.workflow, "TreasuryUnavailable", "away", NOW, after_seconds=5)
    assert (waiting.status, waiting.requeue_after_seconds) == (None, 5), "it stays as it ended"
    assert world.look().actions == (Release(),)
    assert (world.set_aside, world.status.budget_open) == (False, False)
    assert world.look() == Plan()


@pytest.mark.parametrize("shutdown", [None, "Terminate", "Stop"])
def test_it_is_released_however_it_ends_and_before_another_run_begins(shutdown: str | None) -> None:
    tasks = (task("pay", money=MONEY), task("b", "pay"))
    world = World(workflow(*tasks, budget=CASH), failing("b"))
    world.look()
    world.end("pay")
    world.look()
    world.change(shutdown=shutdown)
    world.end("b")
    world.look()
    assert has_ended(world.status)
    world.change(shutdown=None, retry="again")
    assert world.look().actions == (Release(),)
    assert world.look().actions == (StartTask("pay"),)


def test_a_workflow_that_ended_is_kept_whole_until_its_budget_is_released() -> None:
    world = World(workflow(task("pay", money=MONEY), budget=CASH), done)
    world.look()
    world.end("pay")
    world.look()
    body = world.workflow.to_json()
    assert stub(body) == body, "its status is written once more"
    world.look()
    assert "tasks" not in stub(world.workflow.to_json())["status"]


def test_nothing_is_released_where_nothing_was_set_aside() -> None:
    world = run(World(workflow(task("a"), budget=CASH), done))
    assert world.status.phase is WorkflowPhase.SUCCEEDED
    assert world.look() == Plan()


def test_a_retry_asks_anew_for_money_that_it_needs_and_for_no_other() -> None:
    tasks = (
        task("pay", money=MONEY),
        task("choose", "pay"),
        task("buy", "choose"),
        task("tip", money=MONEY),
        task("thanks", "tip"),
    )
    world = run(World(workflow(*tasks, budget=CASH | {"cashCents": 200}), failing("buy")))
    world.change(retry="again")
    world.script = done
    world.look()
    assert world.phases() == {
        "pay": "Running",
        "choose": "Succeeded",
        "buy": "Queued",
        "tip": "Succeeded",
        "thanks": "Succeeded",
    }
    run(world)
    assert world.status.phase is WorkflowPhase.SUCCEEDED
    assert {each.name: each.attempt for each in world.status.tasks} == {
        "pay": 2,
        "choose": 1,
        "buy": 2,
        "tip": 1,
        "thanks": 1,
    }


def test_money_that_is_refused_the_second_time_blocks_who_needs_it_through_others_too() -> None:
    tasks = (task("pay", money=MONEY), task("choose", "pay"), task("buy", "choose"))
    world = run(World(workflow(*tasks, budget=CASH), failing("buy")))
    world.change(retry="again")
    world.script = failing("pay")
    run(world)
    assert world.phases() == {"pay": "Failed", "choose": "Succeeded", "buy": "Blocked"}
    assert world.reason() == "TasksFailed"


def test_what_waits_for_funds_says_so_between_two_tries_and_keeps_nothing_else_waiting() -> None:
    world = World(workflow(task("pay", money=MONEY), task("b"), budget=CASH), done)
    first = decide(Observed(world.workflow), NOW)
    assert first.intent is not None
    assert first.actions == (StartTask("b"), StartTask("pay")), "the wallet is asked last"
    known = world.workflow.model_copy(update={"status": first.intent})
    told = waiting_plan(known, "WaitingForFunds", "pay in", NOW, after_seconds=5).status
    assert told is not None
    assert (told.phase, told.conditions[0].reason) == (WorkflowPhase.WAITING, "WaitingForFunds")
    waits = known.model_copy(update={"status": told})
    again = decide(Observed(waits, {"b": Working()}), NOW + timedelta(seconds=5))
    assert again.actions == (StartTask("pay"),)
    assert again.intent is None, "another try is no news"
    later = NOW + timedelta(seconds=5)
    assert waiting_plan(waits, "WaitingForFunds", "pay in", later, after_seconds=5).status == told


def test_what_people_are_asked_is_said_though_nothing_else_happens() -> None:
    world = World(workflow(task("ask", approval=APPROVAL)), done)
    assert world.look().requeue_after_seconds == 0
    later = world.look().requeue_after_seconds
    assert later is not None
    assert later > 0


def test_tasks_that_do_not_fit_together_start_nothing() -> None:
    world = World(workflow(task("a", "b"), task("b", "a"), task("c", "dekc")), done)
    world.look()
    message = world.status.conditions[0].message
    assert world.reason() == "InvalidWorkflow"
    assert "a → b → a" in message
    assert "spec.tasks[2].dependsOn[0]: there is no task dekc" in message
    assert world.order == []


def test_an_agent_gets_what_is_left_and_waits_when_there_is_nothing() -> None:
    budget = {"currency": "USD", "llmCents": 100}
    agents = (task("a", agent={**AGENT, "llmCents": 80}), task("b", agent=AGENT))
    world = World(workflow(*agents, budget=budget), done, price=lambda *_: 20)
    world.look()
    assert [each.cap_cents for each in world.status.tasks] == [80, 20]
    run(world)
    assert [each.cost_cents for each in world.status.tasks] == [20, 20]
    assert world.status.cost is not None
    assert world.status.cost.llm_cents == 40


def test_an_exhausted_agent_waits_for_a_larger_budget_and_goes_on() -> None:
    budget = {"currency": "USD", "llmCents": 50}
    spec = workflow(task("a", agent=AGENT), budget=budget)
    world = World(spec, exhausting("a"), price=lambda _, attempt: 45 if attempt == 1 else 0)
    world.look()
    world.end("a")
    for _ in range(3):
        world.look()
    assert (world.status.phase, world.reason()) == (WorkflowPhase.WAITING, "BudgetExhausted")
    assert world.order == ["a"]
    assert "raise spec.budget.llmCents" in world.status.conditions[0].message
    world.change(budget={"currency": "USD", "llmCents": 60})
    world.look()
    assert world.task("a").attempt == 2
    assert world.task("a").cap_cents == 15
    assert run(world).status.phase is WorkflowPhase.SUCCEEDED


def test_an_agent_whose_own_cap_is_spent_fails() -> None:
    budget = {"currency": "USD", "llmCents": 50}
    spec = workflow(task("a", agent={**AGENT, "llmCents": 10}), budget=budget)
    world = run(World(spec, exhausting("a"), price=lambda *_: 9))
    assert world.phases() == {"a": "Failed"}
    assert "own llmCents are 10" in world.task("a").message


def test_outputs_that_are_too_large_together_fail_their_task() -> None:
    def script(name: str, attempt: int) -> Outcome:
        del attempt
        return Done({"text": "ä" * (OUTPUTS_MAX_BYTES // 4)}, NOW) if name != "c" else done(name, 1)

    world = run(World(workflow(task("a"), task("b"), task("c")), script))
    assert sorted(world.phases().values()) == ["Failed", "Succeeded", "Succeeded"]


def test_the_status_stays_within_what_the_operator_reads() -> None:
    tasks = tuple(task(f"{'t' * 36}-{number:03}") for number in range(100))
    key = transcript_key(UUID(UID), "t" * 40, 1_000_000)
    said = TaskTranscript(uri=f"s3://{'b' * 63}/{key}", sha256="0" * 64)
    world = World(
        workflow(*tasks, parallelism=100),
        lambda *_: Failed("R" * 64, "😀" * 300, NOW, may_pass=True, transcript=said),
    )
    world.look()
    for each in tasks:
        world.end(each["name"])
    world.look()
    assert len(canonical_json(world.status.to_json())) + OUTPUTS_MAX_BYTES < 192 * 1024


@pytest.mark.parametrize("sentence", ["", "short", "😀" * 100, "x" * 500])
def test_a_sentence_is_cut_between_characters(sentence: str) -> None:
    assert sentence.startswith(cut(sentence))
    assert len(cut(sentence).encode()) in {len(sentence.encode()), 200}
