"""venture workflow submit, plan, watch and logs; what all kinds have is in `nouns`."""

from typing import TYPE_CHECKING, Annotated

import typer

from venture_cli.commands.nouns import name_argument
from venture_cli.domain.workflow import WORKFLOW
from venture_cli.options import OutputFormat, ResultFormat, TimeLimit, clustered, seconds

if TYPE_CHECKING:
    from venture_cli.services.session import Session

DEFAULT_WATCH = "24h"
File = Annotated[
    str,
    typer.Argument(metavar="FILE", help="A Workflow in YAML or JSON; - reads standard input."),
]
Name = Annotated[
    str | None, typer.Option("--name", help="The workflow's name. Default: from FILE.")
]


def register(group: typer.Typer) -> None:
    """Add the commands of this module."""
    group.command("submit")(submit)
    group.command("plan")(plan)
    group.command("watch")(clustered(watch, name=name_argument(WORKFLOW)))
    group.command("logs")(clustered(logs, name=name_argument(WORKFLOW)))


@clustered
async def submit(
    session: Session,
    file: File,
    *,
    name: Name = None,
    watching: Annotated[
        bool, typer.Option("--watch", "-w", help="Show how it goes, until it has ended.")
    ] = False,
    form: OutputFormat = None,
) -> None:
    """Check a Workflow and have it run, in your name. Other objects in FILE are left out."""
    from venture_cli.domain.workflowfiles import read_workflow
    from venture_cli.services import workflows
    from venture_cli.services.files import read_document_file
    from venture_cli.views.objects import print_started
    from venture_cli.views.terminal import err

    body, _, others = read_workflow(read_document_file(file), file, name)
    made = await workflows.submit(session, body)
    if others:
        left = "object of it is" if others == 1 else "objects of it are"
        err().print(
            ("note: ", "yellow"), f"only the Workflow of {file}: {others} other {left} left out"
        )
    if watching:
        await _watched(session, made, seconds(DEFAULT_WATCH))
    else:
        print_started(made, WORKFLOW, form)


@clustered
async def plan(
    session: Session, file: File, *, name: Name = None, form: OutputFormat = None
) -> None:
    """Say what a Workflow would do: by which rule, whom it would ask, and what it may cost."""
    from venture_cli.domain.workflowfiles import read_workflow
    from venture_cli.errors import CliError, ExitCode
    from venture_cli.services import workflows
    from venture_cli.services.files import read_document_file
    from venture_cli.views.workflow import print_plan

    _, workflow, _ = read_workflow(read_document_file(file), file, name)
    found, unknown = await workflows.plan(session, workflow)
    print_plan(found, unknown, form)
    if found.allowed is False:
        raise CliError("policy would refuse it", ExitCode.DENIED)


async def watch(session: Session, name: str, *, time_limit: TimeLimit = DEFAULT_WATCH) -> None:
    """Show how a workflow goes, task by task, until it has ended."""
    from venture_cli.services.objects import get_object

    limit = seconds(time_limit)
    client, namespace = await session.place()
    await _watched(session, await get_object(client, WORKFLOW, namespace, name), limit)


async def logs(
    session: Session,
    name: str,
    *,
    task: Annotated[
        str | None, typer.Option("--task", help="Of this task alone. Default: of all agents.")
    ] = None,
    form: ResultFormat = None,
) -> None:
    """Show what agents that have ended and their models said, called and were given."""
    from venture_cli.domain.conversation import agents_that_ended
    from venture_cli.errors import CliError, ExitCode
    from venture_cli.services.objects import get_object
    from venture_cli.views.workflow import print_conversations

    client, namespace = await session.place()
    ended = agents_that_ended(await get_object(client, WORKFLOW, namespace, name))
    if task is not None and task not in ended:
        raise CliError(f"no agent has ended in the task {task} of {name} yet", ExitCode.NOT_FOUND)
    content = await session.content()
    wanted = ended if task is None else [task]
    found = {each: await content.transcript(namespace, name, each) for each in wanted}
    print_conversations(found, form)


async def _watched(session: Session, body: dict[str, object], limit: float) -> None:
    from venture_cli.services.objects import follow
    from venture_cli.views.objects import print_finished
    from venture_cli.views.workflow import Tree

    with Tree() as tree:
        ended = await follow(session, WORKFLOW, body, limit, tree.show)
    print_finished(ended, WORKFLOW, None)
