"""What waits for people, for people."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from venture_cli.views.objects import print_rows
from venture_cli.views.structured import print_data
from venture_cli.views.terminal import err, out

if TYPE_CHECKING:
    from venture_core.waiting import Waiting

    from venture_cli.domain.choices import Format


def print_waiting(found: list[Waiting], form: Format | None) -> None:
    """Print a line for each."""
    if form == "name":
        for each in found:
            out().print(each.target)
    elif form is not None:
        print_data([asdict(each) | {"target": each.target} for each in found], form)
    elif found:
        header = ("NAMESPACE", "TARGET", "APPROVED", "WHAT")
        rows = [(each.namespace, each.target, each.granted, each.what) for each in found]
        print_rows(header, rows)
    else:
        err().print("nothing waits for people")
