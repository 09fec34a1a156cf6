"""What the commands that every kind has print."""

from typing import TYPE_CHECKING, Any, Final

from venture_cli.domain.durations import between, elapsed
from venture_cli.domain.harmless import width
from venture_cli.domain.standing import standing, text_at
from venture_cli.domain.table import GAP, NONE, align, row
from venture_cli.views.structured import print_data
from venture_cli.views.terminal import err, out

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from venture_core.kubernetes.client import Table

    from venture_cli.domain.choices import Format
    from venture_cli.domain.noun import Noun

type Body = dict[str, Any]

_STYLES: Final[Mapping[str, str]] = {
    "Ready": "green",
    "Succeeded": "green",
    "Failed": "red",
    "Denied": "red",
    "Compiling": "cyan",
    "Running": "cyan",
    "Suspended": "yellow",
}
"""How phases look. One that is not here has no colour."""


def print_rows(header: Sequence[str], rows: Sequence[Sequence[str]], *, styled: str = "") -> None:
    """Print a table; the cells of the column `styled` are coloured as phases are."""
    at = header.index(styled) if styled in header else -1
    for cells in align([row(*header), *(row(*each) for each in rows)]):
        parts: list[object] = []
        for index, cell in enumerate(cells):
            parts += [GAP] if index else []
            parts.append((cell, _STYLES.get(cell.strip(), "")) if index == at else cell)
        out().print(*parts)


def print_table(table: Table, noun: Noun, *, namespace: str | None, wide: bool) -> None:
    """Print the objects of a namespace, or of all where it is None, as kubectl would."""
    if not table.rows:
        where = f"in {namespace}" if namespace else "in this cluster"
        err().print(f"there are no such {noun.resource.kind}s {where}")
        return
    shown = [index for index, each in enumerate(table.columns) if wide or not each.wide]
    header = [table.columns[index].name.upper() for index in shown]
    rows = [[_cell(cells, index) for index in shown] for cells in table.rows]
    if namespace is None:
        header = ["NAMESPACE", *header]
        owners = [text_at(each, "namespace") for each in table.metadata]
        rows = [[owner, *cells] for owner, cells in zip(owners, rows, strict=True)]
    print_rows(header, rows, styled="PHASE")


def _cell(cells: Sequence[object], index: int) -> str:
    value = cells[index] if index < len(cells) else None
    return NONE if value is None or value == "" else str(value)


def print_objects(bodies: Sequence[Body], noun: Noun, form: Format, *, as_list: bool) -> None:
    """Print objects as kubectl does: one by itself, several as a List, or only their names."""
    if form == "name":
        for body in bodies:
            print_name(noun, text_at(body, "metadata", "name"))
    elif as_list:
        print_data({"apiVersion": "v1", "kind": "List", "items": list(bodies)}, form)
    else:
        print_data(bodies[0], form)
    for body in bodies:
        if why := body.get("unreadable"):
            name = f"{text_at(body, 'metadata', 'namespace')}/{text_at(body, 'metadata', 'name')}"
            err().print(("warning: ", "yellow"), f"{name} cannot be read as it is: {why}")


def print_name(noun: Noun, name: str) -> None:
    """Print a name the way kubectl and this program read it."""
    out().print(f"{noun.full_name}/{name}")


def print_object(body: Body, noun: Noun, form: Format | None) -> None:
    """Print all that a person wants to know of one object, as it is now."""
    if form is not None:
        print_objects([body], noun, form, as_list=False)
        return
    now = standing(body)
    name = f"{text_at(body, 'metadata', 'namespace')}/{text_at(body, 'metadata', 'name')}"
    out().print((name, "bold"), "  ", (now.sentence(), _STYLES.get(now.phase, "")))
    print_facts(noun.facts(body))
    for line in noun.findings(body):
        out().print(f"  {line}")


def print_facts(facts: Mapping[str, str]) -> None:
    """Print labels and values, aligned."""
    wide = max(map(width, facts), default=0)
    for label, value in facts.items():
        out().print((f"  {label}{' ' * (wide - width(label))}  ", "dim"), value)


def print_started(body: Body, noun: Noun, form: Format | None) -> None:
    """Print an object that nobody waits for."""
    if form is not None:
        print_objects([body], noun, form, as_list=False)
        return
    metadata = body["metadata"]
    out().print(f"{metadata['name']} is {noun.doing} in {metadata['namespace']}")
    print_next(noun.hint("wait", body))


def print_finished(body: Body, noun: Noun, form: Format | None) -> None:
    """Print an object that is ready."""
    if form is not None:
        print_objects([body], noun, form, as_list=False)
        return
    print_ready(body)
    print_next(noun.hint(noun.when_ready, body))


def print_ready(body: Body) -> None:
    """Print that an object is ready, what it says, and how long it took."""
    seconds = between(text_at(body, "status", "startedAt"), text_at(body, "status", "finishedAt"))
    took = "" if seconds is None else f" in {elapsed(seconds)}"
    name = text_at(body, "metadata", "name")
    out().print((f"{name} is ready", "bold green"), f": {standing(body).message}{took}")


def print_done(name: str, verb: str) -> None:
    """Print a change that was made."""
    out().print(f"{name} {verb}")


def print_next(command: str) -> None:
    """Print the command that comes next."""
    err().print(("next: ", "bold"), command)
