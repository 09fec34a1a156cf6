"""venture version: what is installed here, and in the cluster."""

from typing import TYPE_CHECKING, Annotated

import typer

from venture_cli.options import OutputFormat, clustered

if TYPE_CHECKING:
    from venture_cli.services.session import Session


def register(group: typer.Typer) -> None:
    """Add the commands of this module."""
    group.command("version")(version)


def print_version(wanted: bool) -> None:
    """Print the program's version and end, where the option is given."""
    if wanted:
        from importlib.metadata import version as installed

        from venture_cli.views.terminal import out

        out().print(f"venture {installed('venture-cli')}")
        raise typer.Exit


@clustered
async def version(
    session: Session,
    *,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Ask the cluster for the operator's image, too.")
    ] = False,
    form: OutputFormat = None,
) -> None:
    """Show the versions of this program and of its renderers."""
    from importlib.metadata import version as installed

    from venture_core.artifacts.targets import TARGETS

    from venture_cli.views.objects import print_facts
    from venture_cli.views.structured import print_data

    facts = {
        "client": installed("venture-cli"),
        "toolchain": "; ".join(
            dict.fromkeys(tool.id for each in TARGETS for tool in each.toolchains)
        ),
    }
    if cluster:
        from venture_cli.services.installation import find_operator

        operator = await find_operator(await session.cluster(), session.release)
        facts["operator"] = operator["image"]
    if form in ("json", "yaml"):
        print_data(facts, form)
    elif form == "name":
        raise typer.BadParameter("a version has no name", param_hint="-o")
    else:
        print_facts(facts)
