"""What must hold of a Workflow beyond what its definition says: one code for all who ask.

Admission refuses what has problems, the operator runs nothing of it, `plan` shows them.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, override

from venture_core.nesting import is_deeper
from venture_core.workflows.graph import ancestors, find_cycle
from venture_core.workflows.outputs import misstep, nearest, output_shape
from venture_core.workflows.references import (
    Reference,
    ReferenceSyntaxError,
    keys_in,
    parse,
    references_in,
)
from venture_core.workflows.schemas import schema_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import JsonValue
    from venture_crds.v1alpha1.workflow import WorkflowSpec
    from venture_crds.v1alpha1.workflowtask import Task

MAX_DOCUMENT_DEPTH: Final = 64


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong, where, and what to write instead."""

    path: str
    """The field, as the API server names it: `spec.tasks[1].dependsOn[0]`."""
    message: str

    @override
    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def check(spec: WorkflowSpec) -> tuple[Problem, ...]:
    """Return all problems of a Workflow, in the order of its fields."""
    return (*_dependencies(spec), *_tasks(spec), *_money(spec))


def templates(task: Task) -> tuple[tuple[str, JsonValue], ...]:
    """Return the parts of a task that may hold references, each with its path below the task."""
    if task.agent is not None:
        return ((".agent.instructions", task.agent.instructions),)
    if task.approval is not None:
        return ((".approval.message", task.approval.message),)
    if task.artifact is not None and task.artifact.source.inline is not None:
        return ((".artifact.source.inline", task.artifact.source.inline),)
    return ()


def _dependencies(spec: WorkflowSpec) -> Iterator[Problem]:
    names = {task.name for task in spec.tasks}
    for index, task in enumerate(spec.tasks):
        for at, name in enumerate(task.depends_on):
            path = f"spec.tasks[{index}].dependsOn[{at}]"
            if name not in names:
                yield Problem(path, f"there is no task {name}{nearest(name, names - {task.name})}")
    if cycle := find_cycle(spec.tasks):
        yield Problem(
            "spec.tasks", f"{' → '.join(cycle)} wait for each other: take one dependsOn away"
        )


def _tasks(spec: WorkflowSpec) -> Iterator[Problem]:
    by_name = {task.name: task for task in spec.tasks}
    for index, task in enumerate(spec.tasks):
        at = f"spec.tasks[{index}]"
        yield from _references(spec, task, by_name, at)
        yield from _agent(spec, task, at)


def _references(
    spec: WorkflowSpec, task: Task, tasks: Mapping[str, Task], at: str
) -> Iterator[Problem]:
    inputs = {each.name for each in spec.inputs}
    before = ancestors(task.name, tasks)
    for path, value in templates(task):
        if is_deeper(value, MAX_DOCUMENT_DEPTH):
            yield Problem(at + path, f"is nested more than {MAX_DOCUMENT_DEPTH} levels deep")
            continue
        for where, name in keys_in(value, at + path):
            if "${" in name:
                yield Problem(where, f"a field's name is never a reference: {name!r}")
        for where, text in references_in(value, at + path):
            try:
                parts = parse(text)
            except ReferenceSyntaxError as error:
                yield Problem(where, str(error))
                continue
            for each in parts:
                if isinstance(each, Reference):
                    yield from _reference(each, inputs, before, tasks, task.name, where)


def _reference(
    reference: Reference,
    inputs: set[str],
    before: frozenset[str],
    tasks: Mapping[str, Task],
    reader: str,
    at: str,
) -> Iterator[Problem]:
    if reference.task is None:
        (name,) = reference.path
        if name not in inputs:
            yield Problem(at, f"there is no input {name}{nearest(name, inputs)}")
    elif reference.task not in tasks:
        hint = nearest(reference.task, tasks.keys() - {reader})
        yield Problem(at, f"there is no task {reference.task}{hint}")
    elif reference.task not in before:
        yield Problem(
            at, f"{reader} reads {reference}: add {reference.task} to dependsOn of {reader}"
        )
    elif wrong := misstep(output_shape(tasks[reference.task]), reference.path):
        step, there = wrong
        yield Problem(at, f"the output of {reference.task} has no {step}{nearest(step, there)}")


def _money(spec: WorkflowSpec) -> Iterator[Problem]:
    """Yield which money tasks the budget has no room for, all of them together."""
    budget, asked = spec.budget, 0
    room = budget.cash_cents if budget else 0
    for index, task in enumerate(spec.tasks):
        if task.money is None:
            continue
        at = f"spec.tasks[{index}].money"
        if budget and task.money.currency != budget.currency:
            message = f"is {task.money.currency}, and spec.budget.currency is {budget.currency}"
            yield Problem(f"{at}.currency", message)
        asked += task.money.cap_cents
        if asked > room:
            yield Problem(
                f"{at}.capCents",
                f"the money tasks up to {task.name} ask for {asked}, and spec.budget.cashCents is "
                f"{room}: raise it",
            )


def _agent(spec: WorkflowSpec, task: Task, at: str) -> Iterator[Problem]:
    if (agent := task.agent) is None:
        return
    budget = spec.budget.llm_cents if spec.budget else 0
    wanted = agent.llm_cents if agent.llm_cents is not None else 1
    if wanted > budget:
        yield Problem(
            f"{at}.agent.llmCents",
            f"{task.name} may need {wanted} cents, and spec.budget.llmCents is {budget}: raise it",
        )
    if agent.output_schema is not None:
        where = f"{at}.agent.outputSchema"
        if agent.output_schema.get("type") != "object":
            yield Problem(f"{where}.type", "must be object: an output has fields")
        for path, message in schema_problems(agent.output_schema, where):
            yield Problem(path, message)
