"""venture policy: look at bundles before they are published, without any cluster."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from venture_cli.options import OutputFormat  # noqa: TC001  typer reads the annotation

if TYPE_CHECKING:
    from venture_core.policy.snapshot import Snapshot

BundleFile = Annotated[
    Path, typer.Argument(metavar="BUNDLE", help="A file with a PolicyBundle, in YAML or JSON.")
]
Baseline = Annotated[
    Path | None,
    typer.Option(
        "--baseline", metavar="FILE", help="The platform's bundle, which governs beside it."
    ),
]


def register(group: typer.Typer) -> None:
    """Add the commands of this module."""
    group.command("lint")(lint)
    group.command("explain")(explain)
    group.command("test")(try_table)


def lint(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", min=1, help="Files with a PolicyBundle.")
    ],
) -> None:
    """Check bundles as they are checked when they are published; name the place of each problem."""
    from venture_cli.views.policy import print_linted

    for file in files:
        print_linted(file, _bundle(file))


def explain(
    bundle: BundleFile,
    request: Annotated[
        str,
        typer.Argument(
            metavar="REQUEST", help="A request as JSON, or a file with one; - reads standard input."
        ),
    ],
    *,
    baseline: Baseline = None,
    form: OutputFormat = None,
) -> None:
    """Say what becomes of a request, by which rule, and what every other rule says.

    For instance: '{"kind": "ToolCall", "role": "researcher", "tool": "web.fetch"}'.
    """
    import yaml

    from venture_cli.domain.policyfiles import judge
    from venture_cli.domain.yamlreading import values_of
    from venture_cli.errors import CliError, ExitCode
    from venture_cli.services.files import read_document_file
    from venture_cli.views.policy import print_decision

    text = request if request.lstrip().startswith("{") else read_document_file(request)
    try:
        value = next(iter(values_of(text)), None)
    except yaml.YAMLError as error:
        raise CliError(f"the request is neither JSON nor YAML: {error}", ExitCode.USAGE) from None
    governs = _governing(bundle, baseline)
    print_decision(judge(governs, value, datetime.now(UTC), "the request"), form)


def try_table(
    bundle: BundleFile,
    table: Annotated[
        Path,
        typer.Argument(metavar="TABLE", help="A file with requests and what is to come of each."),
    ],
    *,
    baseline: Baseline = None,
) -> None:
    """Try a table of requests on a bundle; exit code 1 where one comes out otherwise."""
    from venture_cli.domain.policyfiles import MAX_FILE_BYTES, read_table, try_line
    from venture_cli.errors import CliError, ExitCode
    from venture_cli.services.files import read_file
    from venture_cli.views.policy import print_outcome

    governs, now = _governing(bundle, baseline), datetime.now(UTC)
    lines = read_table(read_file(table, MAX_FILE_BYTES + 1), str(table))
    failed = 0
    for line in lines:
        outcome = try_line(governs, line, now, str(table))
        print_outcome(outcome)
        failed += bool(outcome.wrong)
    if failed:
        raise CliError(f"{failed} of {len(lines)} requests come out otherwise", ExitCode.FAILURE)


def _bundle(file: Path) -> Snapshot:
    from venture_cli.domain.policyfiles import MAX_FILE_BYTES, read_bundle
    from venture_cli.services.files import read_file

    return read_bundle(read_file(file, MAX_FILE_BYTES + 1), str(file))


def _governing(bundle: Path, baseline: Path | None) -> Snapshot:
    from venture_core.policy.snapshot import combine

    own = _bundle(bundle)
    return combine(None if baseline is None else _bundle(baseline), own) or own
