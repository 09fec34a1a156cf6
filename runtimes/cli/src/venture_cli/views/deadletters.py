"""What dead letters look like."""

import base64
import json
from typing import TYPE_CHECKING, Any

from rich.text import Text

from venture_cli.domain.table import GAP, align, row
from venture_cli.views.builds import NONE, print_facts
from venture_cli.views.structured import print_data
from venture_cli.views.terminal import err, out

if TYPE_CHECKING:
    from venture_core.messaging.deadletters import DeadLetter

    from venture_cli.options import Format


def print_dead_letters(letters: list[DeadLetter], form: Format | None) -> None:
    """Print a line for each."""
    if form == "name":
        for letter in letters:
            print(letter.sequence)
    elif form is not None:
        print_data([_data(letter) for letter in letters], form)
    elif letters:
        header = row("NUMBER", "CONSUMER", "TYPE", "LOG-INDEX", "ATTEMPTS", "REASON")
        rows = [
            row(
                str(each.sequence),
                each.consumer,
                each.event_type,
                NONE if each.log_index is None else str(each.log_index),
                str(each.attempts),
                each.reason or NONE,
            )
            for each in letters
        ]
        for cells in align([header, *rows]):
            out().print(Text(GAP.join(cells)))
    else:
        err().print("there are no dead letters")


def print_dead_letter(letter: DeadLetter, form: Format | None) -> None:
    """Print all that is known of one."""
    if form == "name":
        print(letter.sequence)
    elif form is not None:
        print_data(_data(letter), form)
    else:
        out().print(Text(f"{letter.sequence}: {letter.event_type}", style="bold"))
        facts = {
            "consumer": letter.consumer,
            "attempts": str(letter.attempts),
            "reason": letter.reason or NONE,
            "given up": NONE if letter.at is None else f"{letter.at:%Y-%m-%d %H:%M:%S} UTC",
            "log index": NONE if letter.log_index is None else str(letter.log_index),
            "event": letter.body.decode(errors="replace"),
        }
        print_facts(facts)


def print_requeued(letter: DeadLetter) -> None:
    """Print that one was handed back."""
    out().print(f"{letter.sequence} handed back to {letter.consumer}")


def _data(letter: DeadLetter) -> dict[str, Any]:
    data = {
        "number": letter.sequence,
        "consumer": letter.consumer,
        "eventType": letter.event_type,
        "logIndex": letter.log_index,
        "attempts": letter.attempts,
        "reason": letter.reason,
        "at": None if letter.at is None else letter.at.isoformat(),
    }
    return data | _body(letter.body)


def _body(body: bytes) -> dict[str, Any]:
    """Return the message's body: a stranger's need not be JSON."""
    try:
        return {"event": json.loads(body)}
    except ValueError:
        return {"bodyBase64": base64.b64encode(body).decode()}
