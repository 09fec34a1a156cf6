"""A freeze holds a workflow up, and costs it nothing."""

from datetime import timedelta

import pytest
from venture_crds.v1alpha1.reasons import CommonReason
from venture_crds.v1alpha1.workflowstatus import TaskPhase, WorkflowPhase
from venture_operator.kinds.workflow.outcome import Failed, Outcome
from workflows import AGENT, NOW, World, done, task, workflow

HOUR = timedelta(hours=1)
BUDGET = {"currency": "USD", "llmCents": 100}
FROZEN = "frozen by stop: somebody looks"


def refused(name: str, attempt: int) -> Outcome:
    """Have the first attempt end by a freeze, as its runtime says."""
    if attempt == 1:
        return Failed(CommonReason.FROZEN, "Spending is frozen.", NOW, may_pass=True)
    return done(name, attempt)


def begun(retries: int) -> World:
    """Return a workflow whose agent runs, with so many retries."""
    agent = task("a", agent=AGENT, retries={"limit": retries})
    world = World(workflow(agent, budget=BUDGET), refused)
    world.look()
    world.look()
    assert world.task("a").phase is TaskPhase.RUNNING
    return world


@pytest.mark.parametrize("killed", [False, True])
def test_an_agent_that_a_freeze_ends_goes_on_after_the_thaw_at_no_cost(*, killed: bool) -> None:
    world = begun(retries=0)
    world.frozen, world.killed = FROZEN, killed
    if not killed:
        world.end("a")
    world.look()
    assert (world.task("a").phase, world.task("a").failures) == (TaskPhase.RETRYING, 0)
    world.now += HOUR
    world.look()
    assert world.task("a").attempt == 1
    world.frozen, world.killed = "", False
    world.look()
    assert (world.task("a").phase, world.task("a").attempt) == (TaskPhase.RUNNING, 2)
    world.end("a")
    world.look()
    assert world.status.phase is WorkflowPhase.SUCCEEDED


def test_an_agent_that_only_says_so_is_believed_as_often_as_it_has_retries() -> None:
    world = begun(retries=0)
    world.end("a")
    world.look()
    assert (world.task("a").phase, world.task("a").failures) == (TaskPhase.FAILED, 1)
