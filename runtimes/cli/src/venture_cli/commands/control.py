"""venture artifact suspend, resume, delete: people stay in command of what runs."""

from typing import TYPE_CHECKING

from venture_cli.options import BuildName, BuildNames, clustered

if TYPE_CHECKING:
    import typer

    from venture_cli.services.session import Session


def register(group: typer.Typer) -> None:
    """Add the commands of this module."""
    group.command("suspend")(suspend)
    group.command("resume")(resume)
    group.command("delete")(delete)


@clustered
async def suspend(session: Session, name: BuildName) -> None:
    """Hold a build back; a running attempt is stopped."""
    from venture_cli.services.builds import change_build
    from venture_cli.views.results import print_done

    await change_build(*await session.place(), name, {"suspend": True})
    print_done(name, "suspended")


@clustered
async def resume(session: Session, name: BuildName) -> None:
    """Let a suspended build go on."""
    from venture_cli.services.builds import change_build
    from venture_cli.views.results import print_done

    await change_build(*await session.place(), name, {"suspend": False})
    print_done(name, "resumed")


@clustered
async def delete(session: Session, names: BuildNames) -> None:
    """Delete builds with their Jobs. Artifacts stay in the object store."""
    from venture_cli.services.builds import delete_build
    from venture_cli.views.results import print_done

    for name in names:
        await delete_build(*await session.place(), name)
        print_done(name, "deleted")
