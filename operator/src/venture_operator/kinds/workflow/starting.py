"""Which tasks start now: those whose turn it is, as far as there is room and money."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from venture_crds.v1alpha1.workflowstatus import TaskPhase, WorkflowReason

from venture_operator.kinds.workflow.board import UNDONE, WAITING, agent_cap
from venture_operator.kinds.workflow.childobject import takes_a_place

if TYPE_CHECKING:
    from venture_crds.v1alpha1.workflowstatus import TaskStatus
    from venture_crds.v1alpha1.workflowtask import Task

    from venture_operator.kinds.workflow.board import Board


@dataclass(slots=True)
class _Room:
    """What is left of places and money while tasks are picked."""

    places: int
    llm_cents: int

    def cap_for(self, task: TaskStatus, spec: Task) -> int:
        """Return the most that the next attempt of an agent may cost; 0: it cannot start."""
        own = agent_cap(spec)
        cap = self.llm_cents if own is None else min(self.llm_cents, own - task.cost_cents)
        return cap if cap > task.needs_cents else 0


def block_the_hopeless(board: Board) -> None:
    """Block what waits for tasks that did not succeed, through others too."""
    undone = {each.name for each in board.in_phase(*UNDONE)}
    hopeless = undone | board.after(undone)
    for task in board.in_phase(TaskPhase.QUEUED):
        if task.name in hopeless:
            depends_on = board.spec_of(task.name).depends_on
            board.block(task, next(each for each in depends_on if each in hopeless))


def start_what_can(board: Board) -> None:
    """Start tasks in the order of the spec, and say of the others what they wait for."""
    room = _room(board)
    # Not only those that it depends on itself: leave to spend may be asked for anew.
    early = board.after([each for each, task in board.tasks.items() if not _is_done(task)])
    for task in board.in_phase(*WAITING):
        spec = board.spec_of(task.name)
        if task.name in early or not _is_due(board, task):
            continue
        if not takes_a_place(spec):
            board.start(task, 0)
        elif room.places <= 0:
            continue
        elif spec.agent is None:
            room.places -= 1
            board.start(task, 0)
        elif (cap := room.cap_for(task, spec)) > 0:
            room.places -= 1
            room.llm_cents -= cap
            board.start(task, cap)
        else:
            board.hold_back(
                task,
                WorkflowReason.BUDGET_EXHAUSTED,
                f"{room.llm_cents} cents are left of spec.budget.llmCents, which is too little",
            )


def _room(board: Board) -> _Room:
    spec = board.workflow.spec
    running = board.in_phase(TaskPhase.RUNNING)
    busy = sum(takes_a_place(board.spec_of(each.name)) for each in running)
    return _Room(spec.parallelism - busy, board.llm_cents_left())


def _is_done(task: TaskStatus) -> bool:
    return task.phase is TaskPhase.SUCCEEDED


def _is_due(board: Board, task: TaskStatus) -> bool:
    """Return whether its pause after a failure is over."""
    return task.retry_at is None or task.retry_at <= board.now
