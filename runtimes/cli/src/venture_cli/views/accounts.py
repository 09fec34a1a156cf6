"""Accounts, for people and programs."""

from typing import TYPE_CHECKING, Any

from venture_cli.views.objects import print_rows
from venture_cli.views.structured import print_data
from venture_cli.views.terminal import err, out

if TYPE_CHECKING:
    from venture_cli.domain.choices import Format


def print_accounts(found: list[dict[str, Any]], form: Format | None) -> None:
    """Print a line for each."""
    if form == "name":
        for each in found:
            out().print(str(each["account"]))
    elif form is not None:
        print_data(found, form)
    elif found:
        header = ("ACCOUNT", "ROLE", "STATE", "MADE")
        rows = [
            (str(each["account"]), str(each["role"]), _state(each), str(each["createdAt"])[:19])
            for each in found
        ]
        print_rows(header, rows)
    else:
        err().print("there are no accounts")


def _state(account: dict[str, Any]) -> str:
    if account["disabled"]:
        return "Disabled"
    return "Locked" if account["locked"] else "Active"
