"""venture money: wallets, budgets, statements, and leave to spend."""

import secrets
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from venture_cli.commands.nouns import changing, getting, listing
from venture_cli.domain.intent import INTENT
from venture_cli.options import clustered

if TYPE_CHECKING:
    from venture_cli.services.session import Session

MIN_KEY = 16
DataFormat = Annotated[
    Literal["json", "yaml"] | None,
    typer.Option("--output", "-o", "--format", help="Print this on standard output."),
]


def register(group: typer.Typer) -> None:
    """Add the commands of this module."""
    group.command("fund")(fund)
    group.command("budget")(budget)
    group.command("statement")(statement)
    group.command("intents")(listing(INTENT))
    group.command("intent")(getting(INTENT))
    group.command("revoke", help="Take leave to spend back. What was spent stays spent.")(
        changing(INTENT, {"revoke": True}, "revoked")
    )


def _currency(text: str) -> str:
    from venture_cli.domain.amounts import parse_currency

    try:
        return parse_currency(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _namespace(text: str) -> str:
    from venture_cli.domain.names import namespace_name

    try:
        return namespace_name(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _key(text: str) -> str:
    if len(text) < MIN_KEY:
        raise typer.BadParameter(f"has at least {MIN_KEY} characters")
    return text


@clustered
async def fund(
    session: Session,
    owner: Annotated[
        str, typer.Argument(parser=_namespace, metavar="NAMESPACE", help="Whose wallet.")
    ],
    amount: Annotated[
        str, typer.Argument(metavar="AMOUNT", help="How much, such as 1000 or 9.99.")
    ],
    *,
    currency: Annotated[
        str, typer.Option("--currency", parser=_currency, metavar="CODE", help="Its currency.")
    ] = "USD",
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            parser=_key,
            metavar="TEXT",
            help="Names the payment: the same key again pays nothing more. Default: a new one.",
        ),
    ] = None,
    form: DataFormat = None,
) -> None:
    """Pay into the wallet of a namespace; it is made where there is none.

    It takes leave to make tokens of the service account <release>-treasurer: a Role of that name.
    """
    from venture_core.treasury.amounts import written

    from venture_cli.domain.amounts import parse_amount
    from venture_cli.services.treasury import fund as pay
    from venture_cli.views.money import print_funded

    try:
        cents = parse_amount(amount, currency)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="AMOUNT") from None
    wallet = await pay(session, owner, key or secrets.token_hex(MIN_KEY), currency, cents)
    print_funded(owner, written(cents, currency), wallet, form)


@clustered
async def budget(session: Session, *, form: DataFormat = None) -> None:
    """Show the wallets of a namespace, and what is set aside in them for whom."""
    from venture_cli.services.treasury import budgets
    from venture_cli.views.money import print_budgets

    print_budgets(*await budgets(session), form)


@clustered
async def statement(
    session: Session,
    *,
    currency: Annotated[
        str | None,
        typer.Option(
            "--currency", parser=_currency, metavar="CODE", help="Where there are several wallets."
        ),
    ] = None,
    after: Annotated[
        int, typer.Option("--after", metavar="N", help="Only what comes after this entry.")
    ] = 0,
    form: DataFormat = None,
) -> None:
    """Show what came into a wallet and what went out of it, oldest first."""
    from venture_cli.services.treasury import statement as read
    from venture_cli.views.money import print_statement

    print_statement(*await read(session, currency, after), form)
