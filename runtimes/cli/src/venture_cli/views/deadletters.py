"""What dead letters look like."""

import base64
import json
from typing import TYPE_CHECKING, Any

from venture_cli.domain.table import NONE
from venture_cli.views.objects import print_facts, print_rows
from venture_cli.views.structured import print_data
from venture_cli.views.terminal import err, out

if TYPE_CHECKING:
    from venture_core.messaging.deadletters import DeadLetter

    from venture_cli.domain.choices import Format


def print_dead_letters(letters: list[DeadLetter], form: Format | None) -> None:
    """Print a line for each."""
    if form == "name":
        for letter in letters:
            out().print(letter.sequence)
    elif form is not None:
        print_data([_data(letter) for letter in letters], form)
    elif letters:
        header = ("NUMBER", "CONSUMER", "TYPE", "LOG-INDEX", "ATTEMPTS", "REASON")
        rows = [
            (
                str(each.sequence),
                each.consumer,
                each.event_type,
                NONE if each.log_index is None else str(each.log_index),
                str(each.attempts),
                each.reason or NONE,
            )
            for each in letters
        ]
        print_rows(header, rows)
    else:
        err().print("there are no dead letters")


def print_dead_letter(letter: DeadLetter, form: Format | None) -> None:
    """Print all that is known of one."""
    if form == "name":
        out().print(letter.sequence)
    elif form is not None:
        print_data(_data(letter), form)
    else:
        out().print((f"{letter.sequence}: {letter.event_type}", "bold"))
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
