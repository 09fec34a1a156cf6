"""venture account: who may sign in to founders' API. It takes an administrator's kubeconfig."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from venture_cli.options import NONE_GIVEN, AccountName, OutputFormat, clustered
from venture_cli.program import hint

if TYPE_CHECKING:
    from venture_cli.services.session import Session


def register(group: typer.Typer) -> None:
    """Add the commands of this module."""
    group.command("create")(create)
    group.command("list")(list_)
    group.command("disable")(disable)


@clustered
async def create(
    session: Session,
    account: AccountName,
    *,
    role: Annotated[
        Literal["Founder", "Finance"],
        typer.Option("--role", help="What it may do: ask for work, or say yes to money."),
    ] = "Founder",
    namespaces: Annotated[
        list[str],
        typer.Option("--in", metavar="NAMESPACE", help="Where it may do so. May be repeated."),
    ] = NONE_GIVEN,
) -> None:
    """Make an account. Its password goes to standard output, once; nobody can see it again."""
    from venture_core.kubernetes.errors import KubernetesError

    from venture_cli.services.accounts import create_account, explain_exists
    from venture_cli.views.objects import print_next
    from venture_cli.views.terminal import err, out

    places = namespaces or [await session.own_namespace()]
    try:
        password = await create_account(session, account, role, places)
    except KubernetesError as error:
        raise explain_exists(error, account) or error from None
    err().print(f"account/{account} made, {role} in {', '.join(places)}; its password:")
    out().print(password)
    print_next(hint("login", account, namespace=places[0]))


@clustered
async def list_(session: Session, *, form: OutputFormat = None) -> None:
    """List the accounts."""
    from venture_cli.services.accounts import list_accounts
    from venture_cli.views.accounts import print_accounts

    print_accounts(await list_accounts(session), form)


@clustered
async def disable(session: Session, account: AccountName) -> None:
    """End an account's sessions and rights. It can be made again, with another password."""
    from venture_cli.services.accounts import disable_account
    from venture_cli.views.objects import print_done

    await disable_account(session, account)
    print_done(f"account/{account}", "disabled")
