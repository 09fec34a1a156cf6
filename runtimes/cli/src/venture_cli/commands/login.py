"""venture login and logout: commands act as an account of founders' API until it signs out."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from venture_cli.errors import CliError, ExitCode
from venture_cli.options import AccountName, AuthorityFile, clustered

if TYPE_CHECKING:
    from venture_cli.services.session import Session

MAX_PASSWORD = 72
"""In bytes: what bcrypt takes."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("login")(login)
    app.command("logout")(logout)


@clustered
async def login(
    session: Session,
    account: AccountName,
    *,
    server: Annotated[
        str,
        typer.Option(
            "--server",
            metavar="URL",
            envvar="VENTURE_SERVER",
            help="Where founders' API is. Default: by a port-forward, with the kubeconfig.",
        ),
    ] = "",
    server_name: Annotated[
        str,
        typer.Option("--server-name", metavar="NAME", help="The name in its certificate."),
    ] = "",
    authority: AuthorityFile = None,
    from_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Sign in. Commands then act as this account, until `logout` or the session's end.

    A command that is given --kubeconfig or --context acts by that.
    """
    from datetime import UTC, datetime

    from venture_cli.domain.signedin import SignedIn
    from venture_cli.services.signin import sign_in
    from venture_cli.views.terminal import err

    if server and not server.startswith("https://"):
        raise CliError(f"{server} is not https://…", ExitCode.USAGE)
    wanted = SignedIn(
        account=account,
        token="",
        expires_at=datetime.now(UTC),
        namespace=session.given_namespace or "default",
        server=server,
        service="",
        server_name=server_name,
        authority="" if authority is None else authority.read_text(encoding="utf-8"),
    )
    done = await sign_in(session, wanted, _password(from_stdin=from_stdin))
    until = done.expires_at.astimezone().strftime("%H:%M")
    err().print(f"signed in as {account} until {until}, in the namespace {done.namespace}")


@clustered
async def logout(session: Session) -> None:
    """Sign out: the session ends, and commands act by the kubeconfig again."""
    from venture_cli.services.signin import sign_out
    from venture_cli.views.terminal import err

    account = await sign_out(session)
    err().print("nobody was signed in" if account is None else f"{account} is signed out")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        text = sys.stdin.readline(4096).rstrip("\r\n")
    else:
        from getpass import getpass

        text = getpass("Password: ")
    if not 0 < len(text.encode()) <= MAX_PASSWORD:
        raise CliError(f"a password has 1 to {MAX_PASSWORD} bytes", ExitCode.USAGE)
    return text
