"""What wallets, budgets and statements look like."""

from typing import TYPE_CHECKING, Any

from venture_core.treasury.amounts import exactly, written

from venture_cli.domain.budgets import in_tree
from venture_cli.views.objects import print_rows
from venture_cli.views.structured import print_data
from venture_cli.views.terminal import err, out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel
    from venture_core.treasury.models import Budget, Entry

    from venture_cli.domain.choices import DataFormat


def print_funded(namespace: str, paid: str, wallet: Budget, form: DataFormat | None) -> None:
    """Print that money was paid in, and what is free now."""
    if form is not None:
        print_data(_data(wallet), form)
        return
    free = exactly(_free(wallet), wallet.currency)
    out().print(f"{paid} paid into the wallet of {namespace}: {free} is free")


def print_budgets(namespace: str, budgets: Sequence[Budget], form: DataFormat | None) -> None:
    """Print wallets and what is set aside in them, as a tree."""
    if form is not None:
        print_data([_data(each) for each in budgets], form)
        return
    if not budgets:
        err().print(f"{namespace} has no wallet")
        return
    header = ("BUDGET", "FOR", "LIMIT", "SPENT", "HELD", "FREE")
    rows = []
    for depth, each in in_tree(budgets):
        name = each.currency if each.kind == "Wallet" else each.name
        amounts = (each.limit_micros, each.spent_micros, each.held_micros, _free(each))
        rows.append(
            (
                f"{'└ ' * bool(depth):>{2 * depth}}{each.kind.lower()}/{name}",
                each.purpose,
                *(exactly(micros, each.currency) for micros in amounts),
            )
        )
    print_rows(header, rows)


def print_statement(
    currency: str, entries: Sequence[Entry], rest: int | None, form: DataFormat | None
) -> None:
    """Print what came into a wallet and went out of it, oldest first, and whether there is more."""
    if rest is not None:
        err().print(f"there is more: --after {rest}")
    if form is not None:
        print_data({"currency": currency, "entries": [_data(each) for each in entries]}, form)
        return
    header = ("POSTED", "AMOUNT", "BALANCE", "ACCOUNT", "INTENT", "MERCHANT")
    rows = [
        (
            f"{each.posted_at:%Y-%m-%d %H:%M:%S}",
            written(each.amount_cents, currency),
            written(each.balance_cents, currency),
            each.account,
            each.intent or "-",
            each.merchant or "-",
        )
        for each in entries
    ]
    print_rows(header, rows)


def _free(budget: Budget) -> int:
    # A limit that was lowered below what was spent leaves nothing.
    return max(budget.limit_micros - budget.spent_micros - budget.held_micros, 0)


def _data(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)
